"""Defocus: a point out of focus becomes the image of the aperture, a disc."""

from __future__ import annotations

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Light, LightEffect
from sensor_sim.effects.spread import disc, filtered
from sensor_sim.frame_context import FrameContext

FINE_PX = 5.0


class Defocus(LightEffect):
    """Mean over the disc of confusion."""

    definition = EffectDefinition(
        "defocus",
        (NumberParameter("radius_px", "pixels of this sensor", 0.0, 512.0, neutral=0.0, transfer="width"),),
        Stage.OPTICS,
        summary="Focus lost: every point becomes an even disc.",
        formula="L' = mean of L over a disc of radius_px; above 5 px at half (quarter, …) resolution",
        source="thin-lens circle of confusion; Potmesil and Chakravarty (1981)",
        axis=SeverityAxis("radius_px", 0.0, 32.0),
    )

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        radius_px = self.strength(level)
        # A disc of half a pixel covers nothing but its own pixel.
        return light if radius_px <= 0.5 else filtered(light, radius_px, FINE_PX, disc)
