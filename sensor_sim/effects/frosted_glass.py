"""Frosted glass: a rough pane in front of the lens, the same for the whole episode."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.displacement import Resampler
from sensor_sim.effects.effect import Camera, Light, LightEffect, frame_rng
from sensor_sim.effects.spread import filtered, gaussian
from sensor_sim.frame_context import FrameContext

BLUR_PER_SHIFT = 0.2


class FrostedGlass(LightEffect):
    """Every pixel looks somewhere else nearby, through a little blur."""

    definition = EffectDefinition(
        "frosted_glass",
        (NumberParameter("shift_px", "pixels of this sensor", 0.0, 512.0, neutral=0.0, transfer="width"),),
        Stage.OPTICS,
        summary="Rough or iced glass: pixels are taken from random places nearby; the pattern stays for the episode.",
        formula="L'(p) = (L ∗ N(0, (0.2·shift_px)²))(p + d(p)), d uniform in ±shift_px each way",
        source="glass blur of Hendrycks and Dietterich, Benchmarking neural network robustness (2019)",
        axis=SeverityAxis("shift_px", 0.0, 32.0),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self._resampler = Resampler(camera)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Take another pane."""
        super().reset(seed)
        drawn = frame_rng(seed, 0).random((2, self.camera.height, self.camera.width), dtype=np.float32)
        drawn = 2.0 * drawn - 1.0
        self._direction = (drawn[0], drawn[1])

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        shift_px = self.strength(level)
        if shift_px == 0.0:
            return light
        soft = filtered(light, BLUR_PER_SHIFT * shift_px, 2.0, gaussian)
        return self._resampler.move(soft, self._direction, shift_px)
