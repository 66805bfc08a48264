"""Bloom: bright areas spill light over their surroundings."""

from __future__ import annotations

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Light, LightEffect
from sensor_sim.effects.spread import filtered, gaussian
from sensor_sim.frame_context import FrameContext

CLIPPED_LIGHT = 0.95
"""Light from which on the incoming frame may have been clipped."""


class Bloom(LightEffect):
    """A share of the light is scattered into a wide Gaussian halo."""

    definition = EffectDefinition(
        "bloom",
        (
            NumberParameter("scattered_share", "share of the light", 0.0, 0.95, neutral=0.0),
            NumberParameter("halo_share", "sigma, share of the picture's width", 0.002, 0.2, default=0.03),
            NumberParameter("highlight_factor", "true light of clipped areas, factor", 1.0, 50.0, default=4.0),
        ),
        Stage.OPTICS,
        summary="Halos around the bright sky and other highlights; contrast is lost everywhere.",
        formula="L' = (1 − s)·L + s·(H ∗ N(0, (halo_share·W)²)), H = L, clipped areas (≥ 0.95) brighter",
        source="scatter as a second point spread; Spencer et al., Physically-based glare effects (1995)",
        axis=SeverityAxis("scattered_share", 0.0, 0.95),
    )

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        share = np.float32(self.strength(level))
        boost = np.float32(self.number("highlight_factor") - 1.0)
        true_light = light + boost * light * (light >= CLIPPED_LIGHT)
        halo = filtered(true_light, self.number("halo_share") * self.camera.width, 1.5, gaussian)
        halo -= light
        halo *= share
        halo += light
        return halo
