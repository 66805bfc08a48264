"""Looks the painted sky up for stretches of a picture row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.render.horizon import COLUMNS, HILLS, LOWEST, ROWS, WOODS
from embedded_carla.render.kernel import kernel
from embedded_carla.render.raster import Float32Array, Int32Array

Uint32Array = npt.NDArray[np.uint32]

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_ROW_SCALE = np.float32(ROWS / (1.0 - LOWEST))
_TOP_ROW_SCALE = np.float32(ROWS / 2)
_LOW = np.float32(LOWEST)
_HALF_COLUMNS = np.float32(COLUMNS / 2)
_LAST_ROW, _LAST_COLUMN, _NONE = np.int32(ROWS - 1), np.int32(COLUMNS - 1), np.int32(0)
_FACE, _ROW = np.int32(ROWS * COLUMNS), np.int32(COLUMNS)


@kernel
def sky_texels(indices: Int32Array, columns: Float32Array, ray: Float32Array, step: Float32Array, low: int,
               high: int) -> None:  # fmt: skip
    """Index line 0: texel of the sky's cube, all faces flat, behind pixels [low, high) of one row.

    ``ray``, ``step``: (3,) direction of pixel 0 and its change per pixel.
    """
    x0, y0, z0, step_x, step_y, step_z = ray[0], ray[1], ray[2], step[0], step[1], step[2]
    for k in range(np.uint64(low), np.uint64(high)):
        q = columns[k]
        x, y, z = x0 + step_x * q, y0 + step_y * q, z0 + step_z * q
        ax, ay = abs(x), abs(y)
        along_x = ax >= ay
        forward, sideways = (x, y) if along_x else (y, -x)
        dominant = ax if along_x else ay
        face = np.int32(0) if along_x else np.int32(1)
        face = face if forward > _ZERO else face + np.int32(2)
        across = sideways if forward > _ZERO else -sideways
        top = z > dominant
        ratio = y / z if top else z / dominant
        row = (ratio + _ONE) * _TOP_ROW_SCALE if top else (ratio - _LOW) * _ROW_SCALE
        across = x if top else across
        face = np.int32(4) if top else face
        column = (across / (z if top else dominant) + _ONE) * _HALF_COLUMNS
        i, j = min(max(np.int32(row), _NONE), _LAST_ROW), min(max(np.int32(column), _NONE), _LAST_COLUMN)
        indices[0, k] = face * _FACE + i * _ROW + j


@kernel
def draw_sky(out: Uint32Array, sky: Uint32Array, indices: Int32Array, columns: Float32Array, ray: Float32Array,
             step: Float32Array, low: int, high: int) -> None:  # fmt: skip
    """Colour pixels [low, high) of one row. ``out``: (W,) display colours; ``sky``: all faces flat."""
    sky_texels(indices, columns, ray, step, low, high)
    for k in range(np.uint64(low), np.uint64(high)):
        out[k] = sky[np.uint32(indices[0, k])]


@kernel
def horizon_tag(texel: int, lines: Float32Array, woods: int, hills: int, sky: int) -> int:
    """Class of a texel of the sky's cube: woods, hills or sky. ``lines``: see ``horizon_lines``."""
    face, row, column = texel // (ROWS * COLUMNS), (texel // COLUMNS) % ROWS, texel % COLUMNS
    if face == 4:
        return sky
    z = LOWEST + (row + 0.5) * (1.0 - LOWEST) / ROWS
    if z <= lines[WOODS, face, column]:
        return woods
    return hills if z <= lines[HILLS, face, column] else sky
