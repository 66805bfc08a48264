"""Dead and hot pixels: photosites that always read nothing or everything."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.effect import Camera, Light, LightEffect, frame_rng
from sensor_sim.frame_context import FrameContext

HOT_LIGHT = np.float32(1e3)
"""More than any exposure leaves unsaturated."""


class DeadPixels(LightEffect):
    """Fixed random photosites of one colour each; a larger share adds to those already broken."""

    definition = EffectDefinition(
        "dead_pixels",
        (
            NumberParameter("share", "share of photosites", 0.0, 0.5, neutral=0.0),
            NumberParameter("hot_share", "share of these that are hot", 0.0, 1.0, default=0.5),
        ),
        Stage.SENSOR,
        summary="Single photosites stuck at black or at full light, at the same places for the whole episode.",
        formula="L' = 0 (dead) or 1000 (hot) at the first share·3·H·W places of a permutation fixed by seed",
        source="defect pixels of EMVA 1288",
        axis=SeverityAxis("share", 0.0, 0.5),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Break other photosites."""
        super().reset(seed)
        values = 3 * self.camera.height * self.camera.width
        count = int(np.ceil(self.number("share") * values))
        self._places = frame_rng(seed, 0).permutation(values)[:count]
        self._light = np.where(frame_rng(seed, 1).random(count) < self.number("hot_share"), HOT_LIGHT, np.float32(0.0))

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        count = round(self.strength(level) * light.size)
        light.reshape(-1)[self._places[:count]] = self._light[:count]
        return light
