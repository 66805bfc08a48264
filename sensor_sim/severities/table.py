"""Severities 1 to 5 as parameters: reads the calibration and carries it to a camera."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from sensor_sim.effects import definition_of
from sensor_sim.effects.chromatic_aberration import focal_px
from sensor_sim.effects.definition import ParameterValue
from sensor_sim.errors import SensorSpecError
from sensor_sim.ranges import as_number
from sensor_sim.transfer import transferred

CALIBRATION_FILE = Path(__file__).with_name("calibration.json")
LOWEST, HIGHEST = 1, 5


@lru_cache(maxsize=1)
def calibration() -> dict[str, Any]:
    """Content of the shipped calibration file."""
    content: dict[str, Any] = json.loads(CALIBRATION_FILE.read_text(encoding="utf-8"))
    return content


def severity_parameters(effect: str, severity: object, width_px: int, fov_deg: float) -> dict[str, ParameterValue]:
    """All parameters, in physical units, of an effect at a severity in a camera.

    Args:
        effect: name of a shipped effect, or a plug-in whose definition gives ``axis.steps``.
        severity: 1, 2, 3, 4 or 5.
        width_px: picture width.
        fov_deg: horizontal field of view.

    Raises:
        SensorSpecError: unknown effect, no such severity, or the effect has none.
    """
    definition = definition_of(effect)
    if as_number(severity) not in range(LOWEST, HIGHEST + 1):
        raise SensorSpecError(
            f"effect '{effect}', field 'severity': {severity!r:.100} is not allowed; "
            f"give a whole number from {LOWEST} to {HIGHEST}"
        )
    step = int(as_number(severity)) - LOWEST
    stored = calibration()["effects"].get(effect)
    if stored is not None:
        value = float(stored["values"][step])
    elif definition.axis.steps is not None:
        value = definition.axis.steps[step]
    else:
        raise SensorSpecError(
            f"effect '{effect}', field 'severity': this effect has no calibrated severities; give its parameters, "
            "or let its definition say axis.steps"
        )
    camera = calibration()["camera"]
    reference_focal_px = focal_px(camera["width_px"], camera["fov_deg"])
    at_reference = definition.check({definition.axis.parameter: value})
    return definition.check(
        transferred(
            definition, at_reference, camera["width_px"], reference_focal_px, width_px, focal_px(width_px, fov_deg)
        )
    )
