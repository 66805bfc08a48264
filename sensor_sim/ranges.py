"""Numbers that come from outside: real, finite and in range, or an error that says what is allowed."""

from __future__ import annotations

import math
from numbers import Integral, Real

from sensor_sim.errors import SensorSpecError


def as_number(value: object) -> float:
    """``value`` as a float; NaN for anything that is not a real number a float can hold (truth values are none)."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def checked_number(field: str, value: object, low: float, high: float, unit: str) -> float:
    """``value`` as a float.

    Args:
        field: what it is, for the message: "camera, field 'fov_deg'".
        low, high: allowed range, both included.
        unit: for the message.

    Raises:
        SensorSpecError: not a number from ``low`` to ``high``; names field, value and range.
    """
    number = as_number(value)
    if not low <= number <= high:
        raise SensorSpecError(
            f"{field}: {value!r:.100} is not allowed; give a number from {low:g} to {high:g} ({unit})"
        )
    return number


def checked_whole(field: str, value: object, low: int, high: int) -> int:
    """As ``checked_number``, for whole numbers."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= int(value) <= high:
        raise SensorSpecError(f"{field}: {value!r:.100} is not allowed; give a whole number from {low} to {high}")
    return int(value)
