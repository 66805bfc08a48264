"""Shared by effects that move pixels: resampling along a displacement, and the mean along it."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from sensor_sim.effects.effect import Camera, Light

MAX_STEP_PX = 1.5
"""Samples along the longest displacement lie at most this far apart …"""
MAX_DOUBLINGS = 6
"""… but there are never more than 2^6."""

Displacement = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Pixels to the right and down, float32 (H, W) each."""


class Resampler:
    """Moves pixels of one camera's frames. What it returns is overwritten by its next call.

    Attributes:
        column, row: place of every pixel, float32 (H, W) each.
    """

    def __init__(self, camera: Camera) -> None:
        size = (camera.height, camera.width)
        self.column, self.row = np.meshgrid(
            np.arange(camera.width, dtype=np.float32), np.arange(camera.height, dtype=np.float32)
        )
        self._x, self._y = np.empty(size, np.float32), np.empty(size, np.float32)
        self._moved = np.empty((3, *size), np.float32)
        self._total = np.empty((3, *size), np.float32)

    def move(self, light: Light, displacement: Displacement, factor: float) -> Light:
        """Each pixel from ``factor`` × ``displacement`` beside it, bilinear; outside, the edge pixel is repeated."""
        self._resample(light, displacement, factor, self._moved)
        return self._moved

    def mean_along(self, light: Light, displacement: Displacement) -> Light:
        """Mean over the path of length ``displacement`` centred on each pixel.

        n = 2^k samples need k + 1 resamplings only: the mean of two pictures a step apart is taken, then of two such
        means two steps apart, and so on.
        """
        longest_px = max(float(np.abs(part).max()) for part in displacement)
        doublings = max(math.ceil(math.log2(max(longest_px, 1e-6) / MAX_STEP_PX)), 1)
        doublings = min(doublings, MAX_DOUBLINGS)
        step = 1.0 / (1 << doublings)
        start = -0.5 * (1.0 - step)
        self._resample(light, displacement, start, self._total)
        self._total += self.move(light, displacement, start + step)
        for doubling in range(1, doublings):
            self._total += self.move(self._total, displacement, step * (1 << doubling))
        self._total *= np.float32(step)
        return self._total

    def _resample(self, light: Light, displacement: Displacement, factor: float, out: Light) -> None:
        for place, part, target in ((self.column, displacement[0], self._x), (self.row, displacement[1], self._y)):
            np.multiply(part, np.float32(factor), out=target)
            target += place
        for plane, target in zip(light, out, strict=True):
            cv2.remap(plane, self._x, self._y, cv2.INTER_LINEAR, dst=target, borderMode=cv2.BORDER_REPLICATE)
