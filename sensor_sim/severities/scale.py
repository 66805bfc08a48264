"""How strong an effect is right now, on a scale of 0 to 1 that is comparable between conditions.

Unlike the ramp level it is absolute: a ramp of a weak effect never comes near 1. It is the distance of the current
parameter from "no effect", as a share of a value that nobody would still drive with. Effects that act in two
directions have a severity for each.
"""

from __future__ import annotations

import math

from sensor_sim.effects import definition_of
from sensor_sim.effects.gamma import gamma_at
from sensor_sim.schedule import EffectSchedule, SensorSchedule

BLUR_FULL_SHARE_OF_WIDTH = 0.10
NOISE_FULL_DN = 100.0
GAMMA_FULL_LOG2 = 3.0
GAIN_FULL_STOPS = 6.0
CHROMATIC_FULL_K1 = 0.1
SATURATION_FULL_PERCENT = 20.0
REFERENCE_WIDTH_PX = 320
"""Width at which the strongest value of a length that grows with the picture counts as full severity."""


def absolute_severities(schedule: SensorSchedule, time_s: float, width_px: int) -> dict[str, float]:
    """Severity of every effect that acts at simulation time ``time_s``.

    Args:
        schedule: of one episode.
        time_s: simulation time, s.
        width_px: width of the camera's picture.

    Returns:
        {"<effect>", for ``gamma`` and ``gain`` "<effect>_up" or "<effect>_down": severity 0..1}.
    """
    result: dict[str, float] = {}
    for entry in schedule.effects:
        level = entry.level_at(time_s)
        if level > 0.0:
            name, value = _signed_severity(entry, level, width_px)
            result[name] = min(abs(value), 1.0)
    return result


def _signed_severity(entry: EffectSchedule, level: float, width_px: int) -> tuple[str, float]:
    target = entry.parameters
    match entry.effect:
        case "gamma":
            value = math.log2(gamma_at(float(target["gamma"]), level)) / GAMMA_FULL_LOG2
            return ("gamma_up" if value > 0.0 else "gamma_down"), value
        case "gain":
            value = level * math.log2(float(target["factor"])) / GAIN_FULL_STOPS
            return ("gain_up" if value > 0.0 else "gain_down"), value
        case "blur":
            return "blur", level * (float(target["width_px"]) - 1.0) / (BLUR_FULL_SHARE_OF_WIDTH * width_px)
        case "noise":
            return "noise", level * float(target["sigma_dn"]) / NOISE_FULL_DN
        case "chromatic_aberration":
            return "chromatic_aberration", level * float(target["k1"]) / CHROMATIC_FULL_K1
        case "exposure":
            return "exposure", level * float(target["saturation_percent"]) / SATURATION_FULL_PERCENT
    return entry.effect, level * _position(entry, width_px)


def _position(entry: EffectSchedule, width_px: int) -> float:
    """Where the target lies on the effect's own severity axis."""
    definition = definition_of(entry.effect)
    axis = definition.axis
    value = float(entry.parameters[axis.parameter])
    if definition.number(axis.parameter).transfer == "width":
        value *= REFERENCE_WIDTH_PX / width_px
    return axis.position_of(value)
