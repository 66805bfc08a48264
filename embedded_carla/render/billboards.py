"""Sprites to the visibility buffer: upright pictures turned to the camera, cut out by their leaves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.render.kernel import kernel
from embedded_carla.render.raster import Float32Array, Float64Array, Int32Array
from embedded_carla.scene.sprites import COLUMNS, LEVELS, ROWS

Uint8Array = npt.NDArray[np.uint8]

NEAREST_M, FARTHEST_M = 0.4, 420.0
SCREEN_COLUMNS = 10
"""Of a placed sprite: top x, top y, bottom x, bottom y, half width above, below, inverse depth, level, foot height over
camera, sprite."""

TEXEL_ROWS, TEXEL_COLUMNS, LAST_LEVEL = ROWS, COLUMNS, LEVELS - 1
_HALF = np.float32(0.5)


@kernel
def texel_index(placed: Float32Array, starts: Int32Array, x: int, y: int) -> int:
    """Atlas texel under the middle of pixel (x, y), −1 outside the picture. ``placed``: one row of SCREEN_COLUMNS."""
    t = (np.float32(y) + _HALF - placed[1]) / (placed[3] - placed[1])
    middle = placed[0] + (placed[2] - placed[0]) * t
    half = placed[4] + (placed[5] - placed[4]) * t
    s = (np.float32(x) + _HALF - middle) / (half + half) + _HALF
    if t < np.float32(0.0) or t >= np.float32(1.0) or s < np.float32(0.0) or s >= np.float32(1.0):
        return -1
    level = int(placed[7])
    rows, columns = TEXEL_ROWS >> level, TEXEL_COLUMNS >> level
    return starts[level] + int(t * np.float32(rows)) * columns + int(s * np.float32(columns))


@kernel
def draw_sprites(depth: Float32Array, prim: Int32Array, base: Float32Array, sizes: Float32Array, pictures: Int32Array,
                 texels: Uint8Array, level_start: Int32Array, eye: Float64Array, axes: Float64Array, focal: float,
                 placed: Float32Array, first: int) -> int:  # fmt: skip
    """Draw all sprites in view.

    Args:
        depth, prim: (H, W), updated where nearer.
        base, sizes, pictures, texels, level_start: the sprites and their atlas.
        eye, axes, focal: the camera.
        placed: (P, SCREEN_COLUMNS) receives the sprites that are in view.
        first: primitive number of the first placed sprite.

    Returns:
        How many were placed.
    """
    height, width = depth.shape
    count = 0
    for k in range(base.shape[0]):
        dx, dy, dz = base[k, 0] - eye[0], base[k, 1] - eye[1], base[k, 2] - eye[2]
        z = dx * axes[0, 0] + dy * axes[0, 1] + dz * axes[0, 2]
        tall = np.float64(sizes[k, 1])
        z_top = z + tall * axes[0, 2]
        if min(z, z_top) < NEAREST_M or z > FARTHEST_M:
            continue
        x = dx * axes[1, 0] + dy * axes[1, 1] + dz * axes[1, 2]
        y = -(dx * axes[2, 0] + dy * axes[2, 1] + dz * axes[2, 2])
        bottom_x, bottom_y = x / z * focal + 0.5 * width, y / z * focal + 0.5 * height
        top_x = (x + tall * axes[1, 2]) / z_top * focal + 0.5 * width
        top_y = (y - tall * axes[2, 2]) / z_top * focal + 0.5 * height
        half_top, half_bottom = max(sizes[k, 0] / z_top * focal, 0.5), max(sizes[k, 0] / z * focal, 0.5)
        half = max(half_top, half_bottom)
        if max(top_x, bottom_x) + half < 0.0 or min(top_x, bottom_x) - half > width:
            continue
        if bottom_y <= top_y + 0.5 or bottom_y < 0.0 or top_y > height:
            continue
        level = 0
        while level < LAST_LEVEL and (TEXEL_ROWS >> (level + 1)) >= bottom_y - top_y:
            level += 1
        row = placed[count]
        row[0], row[1], row[2], row[3] = top_x, top_y, bottom_x, bottom_y
        row[4], row[5], row[6], row[7] = half_top, half_bottom, 1.0 / z, level
        row[8], row[9] = dz, k
        starts = level_start[pictures[k]]
        value = row[6]
        inverse_span = np.float32(1.0) / (row[3] - row[1])
        rows, columns = TEXEL_ROWS >> level, TEXEL_COLUMNS >> level
        for py in range(max(int(np.ceil(top_y - 0.5)), 0), min(int(np.ceil(bottom_y - 0.5)), height)):
            t = (np.float32(py) + _HALF - row[1]) * inverse_span
            middle = row[0] + (row[2] - row[0]) * t
            half_here = row[4] + (row[5] - row[4]) * t
            left, right = middle - half_here, middle + half_here
            start = max(int(np.ceil(left - _HALF)), 0)
            stop = min(int(np.ceil(right - _HALF)), width)
            texel_row = starts[level] + min(int(t * np.float32(rows)), rows - 1) * columns
            step = np.float32(columns) / (half_here + half_here)
            for px in range(start, stop):
                if value > depth[py, px]:
                    column = int((np.float32(px) + _HALF - left) * step)
                    if texels[texel_row + min(max(column, 0), columns - 1), 3] != 0:
                        depth[py, px] = value
                        prim[py, px] = first + count
        count += 1
    return count
