"""Test charts that show a camera's parameters: even patches, straight edges up to the border, a bright sky."""

from __future__ import annotations

from typing import Any

import numpy as np

from sensor_sim.transfer_curve import srgb_decode, srgb_encode
from tests.sensor_sim.frames import Frame, chain, context

WIDTH, HEIGHT = 640, 360
_SKY_PX = 48.0
_CELL_PX = 72
_PATCH_PX = 44.0


def _covered(length: int, first: float, last: float) -> np.ndarray:
    """Share of each pixel between two places: what an edge inside a pixel leaves of it, float64 (length,)."""
    pixels = np.arange(length)
    return np.clip(np.minimum(pixels + 1, last) - np.maximum(pixels, first), 0.0, 1.0)


def _light(code: np.ndarray | float) -> np.ndarray:
    return srgb_decode(np.asarray(code, np.float64) / 255.0)


def chart(number: int) -> Frame:
    """A sky from mid grey to white over patches of many grey levels with a tint; edges anywhere within pixels."""
    rng = np.random.default_rng(number)
    picture = np.empty((HEIGHT, WIDTH, 3))
    picture[:] = _light(rng.uniform(40, 170))
    sky = _covered(HEIGHT, 0.0, _SKY_PX + rng.uniform(0, 1))[:, None, None]
    picture += sky * (_light(np.linspace(150, 255, WIDTH))[None, :, None] - picture)
    for row in range(64, HEIGHT - _CELL_PX + 20, _CELL_PX):
        for column in range(12, WIDTH - _CELL_PX + 16, _CELL_PX):
            top, left = row + rng.uniform(0, 8), column + rng.uniform(0, 8)
            rows, columns = _covered(HEIGHT, top, top + _PATCH_PX), _covered(WIDTH, left, left + _PATCH_PX)
            share = (rows[:, None] * columns[None, :])[:, :, None]
            picture += share * (_light(rng.uniform(20, 185) * rng.uniform(0.94, 1.0, 3)) - picture)
    return np.round(255.0 * srgb_encode(picture)).astype(np.uint8)


def filmed(entries: list[dict[str, Any]], count: int = 6) -> dict[str, Frame]:
    """Charts seen by a camera, by file name."""
    frames = [chart(number) for number in range(count)]
    camera = chain(entries, frames[0])
    return {f"{n:03d}.png": camera.apply(frame, context(n)) for n, frame in enumerate(frames)}
