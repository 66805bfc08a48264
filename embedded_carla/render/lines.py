"""Scratch lines of one picture row, and what of them follows from a triangle's plane alone.

Loops run over whole stretches of a row with unsigned indices, few arrays each: so the compiler turns them into vector
instructions, which give the same bytes as scalar ones.
"""

from __future__ import annotations

import numpy as np

from embedded_carla.render.kernel import kernel
from embedded_carla.render.raster import Float32Array, Float64Array

ROW_LINES = 31
"""Lines: 0 depth, 1 u, 2 v, 3 x, 4 y, 5 and 6 footprints of u and v (m), 7-9 radiance, 10 gloss, 11 and 12 (at
single pixels) footprints of x and y; 13 share of the right material, 14 grain, 15 macro texture, 16 and 17 fractions of
a texel, 18 tone along the road, 19 share of one material, 22 transmission, 23 macro texture where paved. In the light:
12 share of skylight, 17 share of puddles, 18 of sunlight, 19 beam of the headlights, 20 and 21 darkening and mirror of
wet ground. 26-28 albedo of ground. 29 and 30 (first three) step and start of rays."""
ALBEDO = 26
PADDING_PX = 16
"""Rows of scratch are that much longer than a picture's, so that loops may run on to a whole number of vectors."""
INDEX_LINES = 8
"""Integer lines: 0 and 2 texels along two axes, 1 what was looked up; 4-6 tone entries."""

_ONE = np.float32(1.0)


@kernel
def _coordinate(row: Float32Array, line: int, footprint: int, columns: Float32Array, a: float, b: float,
                constant: float, first: float, za: float, zb: float, low: int, high: int) -> None:  # fmt: skip
    """One surface coordinate and its footprint on pixels [low, high); all float32."""
    for k in range(np.uint64(low), np.uint64(high)):
        z = row[0, k]
        change = (a * columns[k] + constant) * z
        row[line, k] = first + change
        across, down = a - change * za, b - change * zb
        row[footprint, k] = z * np.sqrt(across * across + down * down)


@kernel
def surface_lines(row: Float32Array, depths: Float32Array, columns: Float32Array, plane: Float64Array,
                  rays: Float64Array, y: int, low: int, high: int) -> None:  # fmt: skip
    """Lines 0-6 of pixels [low, high) of one triangle: depth, u, v, x, y, footprints.

    Runs on to a whole number of vectors: pixels from ``high`` on are written again with their own triangle.
    """
    high = min(low + (high - low + PADDING_PX - 1) // PADDING_PX * PADDING_PX, depths.shape[0])
    za, zb = np.float32(plane[0]), np.float32(plane[1])
    ua, ub, va, vb = np.float32(plane[3]), np.float32(plane[4]), np.float32(plane[6]), np.float32(plane[7])
    u_row, v_row = np.float32(plane[4] * y + plane[5]), np.float32(plane[7] * y + plane[8])
    eye_x, eye_y = np.float32(rays[0, 0]), np.float32(rays[0, 1])
    ray_x, ray_y = np.float32(rays[1, 0] + y * rays[3, 0]), np.float32(rays[1, 1] + y * rays[3, 1])
    step_x, step_y = np.float32(rays[2, 0]), np.float32(rays[2, 1])
    for k in range(np.uint64(low), np.uint64(high)):
        row[0, k] = _ONE / depths[k]
    _coordinate(row, 1, 5, columns, ua, ub, u_row, np.float32(plane[9]), za, zb, low, high)
    _coordinate(row, 2, 6, columns, va, vb, v_row, np.float32(plane[10]), za, zb, low, high)
    for k in range(np.uint64(low), np.uint64(high)):
        row[3, k] = eye_x + row[0, k] * (ray_x + step_x * columns[k])
    for k in range(np.uint64(low), np.uint64(high)):
        row[4, k] = eye_y + row[0, k] * (ray_y + step_y * columns[k])


@kernel
def place_footprints(row: Float32Array, columns: Float32Array, plane: Float64Array, rays: Float64Array, y: int,
                     at: int) -> None:  # fmt: skip
    """Lines 11 and 12 of pixel ``at``: its footprints along the world's x and y, m."""
    za, zb = np.float32(plane[0]), np.float32(plane[1])
    z, q = row[0, at], columns[at]
    for axis in range(2):
        ray, step = np.float32(rays[1, axis] + y * rays[3, axis]), np.float32(rays[2, axis])
        down_step = np.float32(rays[3, axis])
        r = ray + step * q
        across, down = step - r * z * za, down_step - r * z * zb
        row[11 + axis, at] = z * np.sqrt(across * across + down * down)
