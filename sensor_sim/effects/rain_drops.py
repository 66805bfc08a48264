"""Rain drops on the glass: small lenses, out of focus, that show the scene upside down."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from scipy.special import ndtri

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, ParameterValue, SeverityAxis, Stage
from sensor_sim.effects.displacement import Displacement
from sensor_sim.effects.effect import Camera, Light, LightEffect, frame_rng
from sensor_sim.frame_context import FrameContext

VIEW_SHARE = 0.35
"""Half of the picture's size that one drop shows from its middle to its edge."""
TRANSMISSION = 0.9
SOFT_EDGE = 0.35
"""Share of a drop's radius over which it fades out."""
SHRINK = 8
SIZE_SPREAD = 0.4
"""Standard deviation of the logarithm of the drops' diameters."""


class RainDrops(LightEffect):
    """Drops at random places, the same for the whole episode; more coverage adds drops to those already there."""

    definition = EffectDefinition(
        "rain_drops",
        (
            NumberParameter("coverage", "drops' area over the picture's", 0.0, 3.0, neutral=0.0),
            NumberParameter("diameter_share", "median diameter, share of the picture's width", 0.01, 0.3, default=0.06),
        ),
        Stage.OPTICS,
        summary="Drops on the lens or windscreen: blurred, upside-down images of the scene.",
        formula="inside a drop L' = (1 − α)·L + α·0.9·S(mirrored position), S = L at 1/8 resolution",
        source="refraction model after Halimeh and Roser, Raindrop detection on car windshields (2009), simplified",
        axis=SeverityAxis("coverage", 0.0, 3.0),
    )

    def __init__(self, camera: Camera, parameters: Mapping[str, ParameterValue]) -> None:
        super().__init__(camera, parameters)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Take other drops."""
        super().reset(seed)
        camera = self.camera
        rng = frame_rng(seed, 0)
        median_px = self.number("diameter_share") * camera.width
        # Mean area of a log-normal diameter: the drops that full coverage needs, and some to spare.
        mean_area = 0.25 * np.pi * median_px**2 * np.exp(2.0 * SIZE_SPREAD**2)
        count = int(1.5 * self.number("coverage") * camera.width * camera.height / mean_area) + 16
        # Row by row, so that more drops leave the first ones as they are.
        drawn = rng.random((count, 3))
        self._x, self._y = drawn[:, 0] * camera.width, drawn[:, 1] * camera.height
        self._radius_px = 0.5 * median_px * np.exp(SIZE_SPREAD * ndtri(drawn[:, 2]))
        self._covered = np.cumsum(np.pi * self._radius_px**2) / (camera.width * camera.height)
        self._cached: tuple[int, np.ndarray, Displacement] | None = None

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        count = int(np.searchsorted(self._covered, self.strength(level)))
        if count == 0:
            return light
        if self._cached is None or self._cached[0] != count:
            self._cached = (count, *self._optics(count))
        _, alpha, source = self._cached
        small_size = (max(self.camera.width // SHRINK, 1), max(self.camera.height // SHRINK, 1))
        for plane in light:
            small = cv2.resize(plane, small_size, interpolation=cv2.INTER_AREA)
            seen = cv2.remap(small, *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(
                np.float32, copy=False
            )
            seen *= np.float32(TRANSMISSION)
            seen -= plane
            seen *= alpha
            plane += seen
        return light

    def _optics(self, count: int) -> tuple[np.ndarray, Displacement]:
        """Opacity of the first drops, float32 (H, W), and where in the small picture each of their pixels looks."""
        height, width = self.camera.height, self.camera.width
        alpha = np.zeros((height, width), np.float32)
        source_x, source_y = np.zeros_like(alpha), np.zeros_like(alpha)
        for x, y, r in zip(self._x[:count], self._y[:count], self._radius_px[:count], strict=True):
            rows = slice(max(int(y - r), 0), min(int(y + r) + 2, height))
            columns = slice(max(int(x - r), 0), min(int(x + r) + 2, width))
            across = (np.arange(columns.start, columns.stop) - x)[None, :] / r
            down = (np.arange(rows.start, rows.stop) - y)[:, None] / r
            own = np.clip((1.0 - np.hypot(across, down)) / SOFT_EDGE, 0.0, 1.0)
            on_top = own > alpha[rows, columns]
            alpha[rows, columns][on_top] = own[on_top]
            source_x[rows, columns][on_top] = ((0.5 - VIEW_SHARE * across) * width / SHRINK + 0.0 * down)[on_top]
            source_y[rows, columns][on_top] = ((0.5 - VIEW_SHARE * down) * height / SHRINK + 0.0 * across)[on_top]
        return alpha, (source_x, source_y)
