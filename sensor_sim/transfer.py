"""Parameters of one camera for another: what is the same share of the picture stays so."""

from __future__ import annotations

from collections.abc import Mapping

from sensor_sim.effects.chromatic_aberration import transfer_k1
from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue


def transferred(
    definition: EffectDefinition,
    parameters: Mapping[str, ParameterValue],
    from_width_px: float,
    from_focal_px: float,
    to_width_px: float,
    to_focal_px: float,
) -> dict[str, ParameterValue]:
    """``parameters`` of an effect in another camera.

    Lengths grow with the picture's width but never fall below neutral (a blur narrower than a pixel is none); radial
    coefficients keep the displacement at the left and right edge per width; everything else stays.
    """
    result = dict(parameters)
    for parameter in definition.parameters:
        if not isinstance(parameter, NumberParameter) or parameter.name not in result:
            continue
        value = float(result[parameter.name])
        if parameter.transfer == "width":
            neutral = 0.0 if parameter.neutral is None else parameter.neutral
            result[parameter.name] = max(neutral, value * to_width_px / from_width_px)
        elif parameter.transfer == "edge":
            result[parameter.name] = transfer_k1(value, from_width_px, from_focal_px, to_width_px, to_focal_px)
    return result
