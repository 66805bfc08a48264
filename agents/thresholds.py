"""Frozen operating points of the monitors (PROTOCOL §5), fitted on calibration runs by `agents.training`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THRESHOLDS_PATH = Path(__file__).parent / "weights" / "thresholds.json"
DEFAULT_POINT = "fa0.50"


class ThresholdsMissingError(LookupError):
    """A scenario names an operating point that was never fitted."""


@dataclass(frozen=True)
class OperatingPoint:
    """Alarm on above ``theta_on``, off below ``theta_off``; both apply to the trailing 0.5 s mean of the raw score."""

    theta_on: float
    theta_off: float


def load_thresholds(path: Path = THRESHOLDS_PATH) -> dict[str, Any]:
    """The whole file as a dict; ``{"monitors": {}}`` when nothing has been calibrated yet."""
    if not path.exists():
        return {"schema_version": 1, "calibration": None, "monitors": {}}
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def operating_point(thresholds: Mapping[str, Any], monitor: str, point: str) -> OperatingPoint:
    """Look up one operating point.

    Raises:
        ThresholdsMissingError: names what is there and how to fit it.
    """
    points = thresholds["monitors"].get(monitor, {}).get("points", {})
    entry = points.get(point)
    if entry is None or entry.get("theta_on") is None:
        known = ", ".join(name for name, value in points.items() if value and value.get("theta_on") is not None)
        raise ThresholdsMissingError(
            f"monitor {monitor!r} has no operating point {point!r} (known: {known or 'none'}); "
            "fit it with `python -m agents.training.build --stages calibrate`"
        )
    return OperatingPoint(float(entry["theta_on"]), float(entry["theta_off"]))
