"""Sun glare: a low sun in front of the car lays a veil over the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.effect import Camera, Light, LightEffect
from sensor_sim.frame_context import FrameContext

AUREOLE_DEG = 1.0
"""Within this angle of the sun the veil is as bright as at its edge."""


class SunGlare(LightEffect):
    """Veiling light that falls off with the square of the angle to the sun."""

    definition = EffectDefinition(
        "sun_glare",
        (
            NumberParameter("veil_at_10_deg", "light, share of white", 0.0, 10.0, neutral=0.0),
            NumberParameter("azimuth_deg", "degrees, left of straight ahead", -90.0, 90.0, default=12.0),
            NumberParameter("elevation_deg", "degrees above the horizon", -10.0, 90.0, default=10.0),
        ),
        Stage.OPTICS,
        summary="Low sun straight ahead: dazzling around the sun, washed out everywhere.",
        formula="L' = L + veil_at_10_deg·(10°/max(θ, 1°))², θ the angle to the sun, which turns with the car",
        source="Stiles-Holladay disability glare, CIE 146 (2002)",
        axis=SeverityAxis("veil_at_10_deg", 0.0, 10.0),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        x, y = camera.rays()
        azimuth, elevation = math.radians(self.number("azimuth_deg")), math.radians(self.number("elevation_deg"))
        pitch = math.radians(camera.pitch_deg)
        # Car axes right, down, forward, turned about the axis to the right by the camera's pitch.
        right, up = -math.sin(azimuth) * math.cos(elevation), math.sin(elevation)
        forward = math.cos(azimuth) * math.cos(elevation)
        sun_y = -(up * math.cos(pitch) - forward * math.sin(pitch))
        sun_z = up * math.sin(pitch) + forward * math.cos(pitch)
        cosine = (x * right + y * sun_y + sun_z) / np.sqrt(x**2 + y**2 + 1.0)
        angle_deg = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
        self._veil = ((10.0 / np.maximum(angle_deg, AUREOLE_DEG)) ** 2).astype(np.float32)

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        light += np.float32(self.strength(level)) * self._veil
        return light
