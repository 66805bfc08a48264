"""Writing presets: what extraction and calibration hand over, with its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sensor_sim.schedule import SensorSchedule

SIGNIFICANT_DIGITS = 6


def write_preset(
    path: Path,
    description: str,
    width_px: int,
    focal_px: float,
    schedule: SensorSchedule,
    provenance: Mapping[str, Any],
) -> None:
    """Write a file that ``load_preset`` reads.

    Args:
        path: ends in ``.yaml``.
        width_px, focal_px: the camera that the parameters belong to.
        schedule: effects; their timing is not part of a preset.
        provenance: plain data, how the values were found.
    """
    content = {
        "description": description,
        "reference_camera": {"width_px": width_px, "focal_px": rounded(focal_px)},
        "effects": [
            {"effect": entry.effect, "parameters": {k: rounded(v) for k, v in entry.parameters.items()}}
            for entry in schedule.effects
        ],
        "provenance": dict(provenance),
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")


def rounded(value: Any) -> Any:
    """A number to six significant digits; anything else as it is."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value
