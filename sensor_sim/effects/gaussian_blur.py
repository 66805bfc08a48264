"""Gaussian blur: the point spread of a lens limited by aberrations and haze."""

from __future__ import annotations

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Light, LightEffect
from sensor_sim.effects.spread import filtered, gaussian
from sensor_sim.frame_context import FrameContext

FINE_PX = 2.0


class GaussianBlur(LightEffect):
    """Convolution with a Gaussian point spread function."""

    definition = EffectDefinition(
        "gaussian_blur",
        (NumberParameter("sigma_px", "pixels of this sensor", 0.0, 512.0, neutral=0.0, transfer="width"),),
        Stage.OPTICS,
        summary="A soft lens with a Gaussian point spread.",
        formula="L' = L ∗ N(0, sigma_px²); above 2 px at half (quarter, …) resolution",
        source="Gaussian approximation of a point spread function; Carlson et al., Modeling camera effects (2018)",
        axis=SeverityAxis("sigma_px", 0.0, 24.0),
    )

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        sigma_px = self.strength(level)
        return light if sigma_px == 0.0 else filtered(light, sigma_px, FINE_PX, gaussian)
