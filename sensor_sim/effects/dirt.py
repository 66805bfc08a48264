"""Dirt on the glass: out-of-focus smudges that hide the scene."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.effect import Camera, Light, LightEffect, frame_rng
from sensor_sim.frame_context import FrameContext

COLOUR = np.array([0.42, 0.34, 0.25], np.float32)
"""Light that the dirt sends to the lens, share of the picture's mean light, red, green, blue."""
OCTAVES = 3
SOFT_EDGE = 0.5
"""Width of a smudge's edge, in standard deviations of the pattern."""


class Dirt(LightEffect):
    """A random pattern of patches, the same for the whole episode; more coverage makes them grow."""

    definition = EffectDefinition(
        "dirt",
        (
            NumberParameter("coverage", "share of the picture", 0.0, 1.0, neutral=0.0),
            NumberParameter("opacity", "share of light kept back", 0.0, 1.0, default=0.9),
            NumberParameter("patch_share", "size of patches, share of the picture's width", 0.01, 0.5, default=0.12),
        ),
        Stage.OPTICS,
        summary="Mud and dust on the lens: brownish patches behind which little is left of the scene.",
        formula="L' = (1 − α)·L + α·colour·mean(L); α = opacity where noise exceeds its (1 − coverage) quantile",
        source="Gu et al., Removing image artifacts due to dirty camera lenses and thin occluders (2009)",
        axis=SeverityAxis("coverage", 0.0, 0.8),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Take another pattern."""
        super().reset(seed)
        height, width = self.camera.height, self.camera.width
        rng = frame_rng(seed, 0)
        self._pattern = np.zeros((height, width), np.float32)
        for octave in range(OCTAVES):
            cell_px = max(self.number("patch_share") * width / 2**octave, 1.0)
            grid = rng.standard_normal((int(height / cell_px) + 3, int(width / cell_px) + 3)).astype(np.float32)
            self._pattern += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / np.float32(2**octave)
        self._pattern /= self._pattern.std()
        self._cached: tuple[float, np.ndarray] | None = None

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        coverage = self.strength(level)
        if self._cached is None or self._cached[0] != coverage:
            self._cached = (coverage, self._opacity(coverage))
        alpha = self._cached[1]
        mean_light = light.mean(dtype=np.float64)
        for plane, colour in zip(light, COLOUR, strict=True):
            plane += alpha * (np.float32(colour * mean_light) - plane)
        return light

    def _opacity(self, coverage: float) -> np.ndarray:
        """α of every pixel, float32 (H, W)."""
        threshold = np.quantile(self._pattern, 1.0 - coverage)
        edge = (self._pattern - np.float32(threshold)) / np.float32(SOFT_EDGE) + np.float32(0.5)
        # The soft edge reaches into clean glass; it grows with the coverage, so that none leaves the glass clean.
        edge = np.clip(edge, 0.0, 1.0) * np.float32(min(1.0, coverage * 20.0))
        return np.float32(self.number("opacity")) * edge
