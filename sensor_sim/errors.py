"""What can go wrong in this package, by name."""

from __future__ import annotations


class SensorSpecError(ValueError):
    """A schedule or preset says something impossible; names effect, field, value and allowed range."""


class SensorFrameError(ValueError):
    """A frame does not fit the chain (type, shape), or the chain was used before ``reset``."""
