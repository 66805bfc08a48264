"""Bloom: bright areas spill light over their surroundings."""

from __future__ import annotations

import cv2
import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Light, LightEffect
from sensor_sim.effects.spread import gaussian
from sensor_sim.frame_context import FrameContext

CLIPPED_LIGHT = 0.95
"""Light from which on the incoming frame may have been clipped."""
FINE_PX = 2.0
"""The halo is computed at the resolution at which its sigma is still this large."""


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
        share = self.strength(level)
        sigma_px = self.number("halo_share") * self.camera.width
        shrink = max(int(sigma_px / FINE_PX), 1)
        size = (self.camera.width, self.camera.height)
        small_size = (max(size[0] // shrink, 1), max(size[1] // shrink, 1))
        boost = self.number("highlight_factor") - 1.0
        for plane in light:
            _, clipped = cv2.threshold(plane, CLIPPED_LIGHT, 0.0, cv2.THRESH_TOZERO)
            true_light = cv2.scaleAdd(clipped, boost, plane)
            small = np.asarray(cv2.resize(true_light, small_size, interpolation=cv2.INTER_AREA), np.float32)
            halo = cv2.resize(gaussian(small, sigma_px / shrink), size, interpolation=cv2.INTER_LINEAR)
            cv2.addWeighted(plane, 1.0 - share, halo, share, 0.0, dst=plane)
        return light
