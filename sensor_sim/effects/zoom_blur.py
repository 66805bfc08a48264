"""Zoom blur: the picture grows during the exposure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.displacement import Resampler
from sensor_sim.effects.effect import Camera, Light, LightEffect
from sensor_sim.frame_context import FrameContext


class ZoomBlur(LightEffect):
    """Mean along the rays from the picture's middle."""

    definition = EffectDefinition(
        "zoom_blur",
        (NumberParameter("zoom", "largest over smallest size", 1.0, 2.0, neutral=1.0),),
        Stage.OPTICS,
        summary="Radial streaks that grow with the distance from the picture's middle.",
        formula="L' = mean of L over a radial path of r·ln(zoom), centred on the pixel",
        source="Hendrycks and Dietterich, Benchmarking neural network robustness (2019)",
        axis=SeverityAxis("zoom", 1.0, 2.0),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._resampler = Resampler(camera)
        self._right = self._resampler.column - 0.5 * (camera.width - 1)
        self._down = self._resampler.row - 0.5 * (camera.height - 1)

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        growth = math.log(self.strength(level))
        if growth == 0.0:
            return light
        return self._resampler.mean_along(light, (growth * self._right, growth * self._down))
