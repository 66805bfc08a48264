"""Shadows of plants on the ground: one picture of the lit share per cell, painted once per position of the sun."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from embedded_carla.render.raster import Float32Array, Int32Array
from embedded_carla.scene.noise import hash_unit
from embedded_carla.scene.types import Scene

Uint8Array = npt.NDArray[np.uint8]

LOWEST_SUN = math.sin(math.radians(4.0))
DARKEST = 0.25
_FIRST_BUSH, _FIRST_POST = 7, 10


@njit(cache=True, error_model="numpy")
def _paint_shadows(out: Uint8Array, base: Float32Array, sizes: Float32Array, pictures: Int32Array, origin_x: float,
                   origin_y: float, cell_m: float, sun_x: float, sun_y: float, sun_z: float) -> None:  # fmt: skip
    flat = np.sqrt(sun_x * sun_x + sun_y * sun_y)
    away_x, away_y = (-sun_x / flat, -sun_y / flat) if flat > 1e-6 else (1.0, 0.0)
    stretch = flat / sun_z
    for k in range(base.shape[0]):
        if pictures[k] >= _FIRST_POST:
            continue
        tree = pictures[k] < _FIRST_BUSH
        half_width, height = sizes[k, 0] * 0.85, sizes[k, 1]
        middle, half_height = (0.6 * height, 0.34 * height) if tree else (0.4 * height, 0.4 * height)
        along = np.sqrt(half_width * half_width + (half_height * stretch) ** 2)
        x, y = base[k, 0] + away_x * stretch * middle, base[k, 1] + away_y * stretch * middle
        reach = along if along > half_width else half_width
        low_i, high_i = int((y - reach - origin_y) / cell_m), int((y + reach - origin_y) / cell_m) + 1
        low_j, high_j = int((x - reach - origin_x) / cell_m), int((x + reach - origin_x) / cell_m) + 1
        for i in range(max(low_i, 0), min(high_i, out.shape[0])):
            for j in range(max(low_j, 0), min(high_j, out.shape[1])):
                px, py = origin_x + (j + 0.5) * cell_m - x, origin_y + (i + 0.5) * cell_m - y
                p, q = (px * away_x + py * away_y) / along, (px * away_y - py * away_x) / half_width
                inside = 1.0 - p * p - q * q
                dapple = 0.45 * hash_unit(i // 2, j // 2, 17) + 0.35 * hash_unit(i // 5, j // 5, 23)
                dark = min(max(inside * 2.2 - dapple + 0.15, 0.0), 1.0) * (1.0 - DARKEST)
                lit = 255.0 * (1.0 - dark)
                if lit < out[i, j]:
                    out[i, j] = np.uint8(lit)


def paint_shadows(scene: Scene, sun_direction: Float32Array) -> Uint8Array:
    """Lit share of the ground, ``scene.shadow_shape`` uint8 (255 = full sun); no single shadows below 4° altitude."""
    out = np.full(scene.shadow_shape, 255, dtype=np.uint8)
    if float(sun_direction[2]) > LOWEST_SUN:
        sprites = scene.sprites
        _paint_shadows(out, sprites.base, sprites.size, sprites.picture, scene.shadow_origin[0], scene.shadow_origin[1],
                       scene.shadow_cell_m, *(float(v) for v in sun_direction))  # fmt: skip
    return out
