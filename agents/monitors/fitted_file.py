"""Monitors whose fitted numbers lie in one safetensors file, with what they rest on named by hash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch

from agents.errors import WeightsError
from agents.monitors.base import MonitorBase
from agents.weights_io import REBUILD_HINT, WEIGHTS_FOLDER, Weights, load_weights

MonitorT = TypeVar("MonitorT", bound=MonitorBase)


def load_fitted(path: Path | None, role: str) -> Weights:
    """The file of a role; the shipped one by default.

    Raises:
        WeightsError: missing, damaged or of another role.
    """
    weights = load_weights(path or WEIGHTS_FOLDER / f"{role}.safetensors")
    found: Any = weights.config.get("role")
    if found != role:
        raise WeightsError(f"{weights.path}: these weights are a {found!r}, not a {role!r}; name another file")
    torch.set_num_threads(1)
    return weights


class FittedFileMonitor(MonitorBase):
    """A monitor whose fitted numbers are one such file, of the role that its class names.

    Args:
        weights: the file; the shipped one of this role by default.

    Raises:
        WeightsError: see `load_fitted`.
    """

    role: ClassVar[str]

    def __init__(self, weights: Path | None = None) -> None:
        self._weights = load_fitted(weights, self.role)
        self.weights_path = self._weights.path

    def _beside(self, part: str, make: Callable[[Path], MonitorT]) -> MonitorT:
        """The monitor that the file rests on, from the file beside it that it names under ``<part>_weights``.

        Raises:
            WeightsError: its hash is not the one under ``<part>_sha256``.
        """
        config = self._weights.config
        monitor = make(self._weights.path.parent / str(config[f"{part}_weights"]))
        if monitor.weights_sha256 != config[f"{part}_sha256"]:
            raise WeightsError(f"{self._weights.path}: fitted to another {monitor.name}; {REBUILD_HINT}")
        return monitor

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the file, which names what it was fitted to by hash."""
        return self._weights.sha256
