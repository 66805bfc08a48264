"""Shared by effects that move pixels: resampling along a displacement, and the mean along it."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from sensor_sim.effects.effect import Light

MAX_STEPS = 64

Displacement = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Pixels to the right and down, float32 (H, W) each."""


def pixel_grid(height: int, width: int) -> Displacement:
    """Column and row of every pixel, float32 (H, W) each."""
    return np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))


def resample(light: Light, grid: Displacement, displacement: Displacement, factor: float) -> Light:
    """Each pixel from ``factor`` × ``displacement`` beside it, bilinear; outside, the edge pixel is repeated."""
    f = np.float32(factor)
    x = grid[0] + f * displacement[0]
    y = grid[1] + f * displacement[1]
    out = np.empty_like(light)
    for plane, target in zip(light, out, strict=True):
        cv2.remap(plane, x, y, cv2.INTER_LINEAR, dst=target, borderMode=cv2.BORDER_REPLICATE)
    return out


def mean_along(light: Light, grid: Displacement, displacement: Displacement) -> Light:
    """Mean over the path of length ``displacement`` centred on each pixel.

    n = 2^k samples need k + 1 resamplings only: the mean of two pictures a step apart is taken, then of two such
    means two steps apart, and so on.
    """
    longest_px = max(float(np.abs(part).max()) for part in displacement)
    doublings = min(max(math.ceil(math.log2(max(longest_px, 1e-6))), 1), int(math.log2(MAX_STEPS)))
    samples = 1 << doublings
    step = 1.0 / samples
    start = -0.5 * (samples - 1) * step
    total = resample(light, grid, displacement, start)
    total += resample(light, grid, displacement, start + step)
    for doubling in range(1, doublings):
        total += resample(total, grid, displacement, step * (1 << doubling))
    total *= np.float32(step)
    return total
