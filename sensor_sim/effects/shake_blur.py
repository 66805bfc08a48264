"""Shake: a straight motion blur in a random direction per frame, whatever the car does."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.displacement import Resampler
from sensor_sim.effects.effect import Camera, Light, LightEffect, frame_rng
from sensor_sim.frame_context import FrameContext


class ShakeBlur(LightEffect):
    """Mean over a line of fixed length in the frame's own direction."""

    definition = EffectDefinition(
        "shake_blur",
        (NumberParameter("length_px", "pixels of this sensor", 0.0, 1024.0, neutral=0.0, transfer="width"),),
        Stage.OPTICS,
        summary="A vibrating mount: a straight blur whose direction changes from frame to frame.",
        formula="L' = mean of L over a line of length_px centred on the pixel, direction uniform per (seed, tick)",
        source="motion blur of Hendrycks and Dietterich, Benchmarking neural network robustness (2019)",
        axis=SeverityAxis("length_px", 0.0, 96.0),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._resampler = Resampler(camera)

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        length_px = self.strength(level)
        if length_px == 0.0:
            return light
        angle = frame_rng(self.seed, context.tick).uniform(0.0, math.pi)
        size = (self.camera.height, self.camera.width)
        right = np.full(size, length_px * math.cos(angle), np.float32)
        down = np.full(size, length_px * math.sin(angle), np.float32)
        return self._resampler.mean_along(light, (right, down))
