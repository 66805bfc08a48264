"""The far horizon: hills, and the edge of woods before them, as heights towards each azimuth."""

from __future__ import annotations

import math

import numpy as np

from embedded_carla.compiled import compiled
from embedded_carla.render.raster import Float32Array
from embedded_carla.scene.noise import hash_unit

COLUMNS, ROWS = 1024, 544
LOWEST = -0.0625
"""Sideways faces of the sky's cube (0: +x, 1: +y, 2: −x, 3: −y) span −1…1 across and LOWEST…1 upwards (tangents)."""
HILLS, WOODS = 0, 1


@compiled(error_model="numpy")
def _hill_tangent(azimuth: float, height: float, seed: int) -> float:
    """Tangent of the hills' elevation towards ``azimuth`` (rad): hills of several widths, closed in a circle."""
    total = 0.35
    for k in range(1, 10):
        waves = (1, 2, 3, 5, 9, 17, 33, 71, 163)[k - 1]
        phase = 6.2831853 * hash_unit(k, 3, seed)
        total += (0.30, 0.26, 0.22, 0.14, 0.09, 0.05, 0.03, 0.018, 0.012)[k - 1] * np.sin(waves * azimuth + phase)
    return max(total, 0.06) * height


@compiled(error_model="numpy")
def _wood_tangent(azimuth: float, height: float, texel: int, seed: int) -> float | np.float32:
    """Tangent of the woods' elevation: groups with gaps, and single tree tops. ``texel``: counts round the circle."""
    total = 0.25
    for k in range(1, 6):
        waves = (3, 7, 16, 37, 83)[k - 1]
        phase = 6.2831853 * hash_unit(k, 4, seed)
        total += (0.42, 0.34, 0.26, 0.16, 0.10)[k - 1] * np.sin(waves * azimuth + phase)
    if total <= 0.0:
        return 0.0
    tops = (
        0.34 * hash_unit(texel // 9, 5, seed) + 0.22 * hash_unit(texel // 4, 6, seed) + 0.16 * hash_unit(texel, 7, seed)
    )
    return min(total, 1.0) * (0.55 + tops) * height


@compiled(error_model="numpy")
def _lines(out: Float32Array, hill_height: float, wood_height: float, seed: int) -> None:
    for face in range(4):
        for column in range(COLUMNS):
            across = (column + 0.5) * 2.0 / COLUMNS - 1.0
            # A face measures heights over its own axis, an azimuth over the distance: longer towards the corners.
            longer = np.sqrt(1.0 + across * across)
            azimuth, texel = np.arctan(across) + face * 1.5707963, face * COLUMNS + column
            out[0, face, column] = _hill_tangent(azimuth, hill_height, seed) * longer
            out[1, face, column] = _wood_tangent(azimuth, wood_height, texel, seed) * longer


def horizon_lines(hill_height_deg: float, tree_line_deg: float, seed: int) -> Float32Array:
    """(2, 4, COLUMNS) heights of hills and woods on the four sideways faces of the sky's cube, as tangents."""
    out = np.empty((2, 4, COLUMNS), dtype=np.float32)
    hill_height, wood_height = math.tan(math.radians(hill_height_deg)), math.tan(math.radians(tree_line_deg))
    _lines(out, hill_height, wood_height, int(seed % 1_000_003))
    return out
