"""Vignetting: less light away from the optical axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.effect import Camera, Light, LightEffect
from sensor_sim.frame_context import FrameContext


class Vignetting(LightEffect):
    """A power of the cosine of the angle to the optical axis."""

    definition = EffectDefinition(
        "vignetting",
        (NumberParameter("exponent", "power of cos θ; 4 = natural fall-off", 0.0, 40.0, neutral=0.0),),
        Stage.OPTICS,
        summary="Darkening towards the corners.",
        formula="L' = L·cos(θ)^exponent, θ the angle to the optical axis",
        source="cos⁴ law of illumination falloff; Kingslake, Optics in photography (1992)",
        axis=SeverityAxis("exponent", 0.0, 40.0),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        x, y = camera.rays()
        self._log_cosine = (-0.5 * np.log1p(x**2 + y**2)).astype(np.float32)
        self._cached: tuple[float, np.ndarray] | None = None

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        exponent = self.strength(level)
        if self._cached is None or self._cached[0] != exponent:
            self._cached = (exponent, np.exp(np.float32(exponent) * self._log_cosine))
        light *= self._cached[1]
        return light
