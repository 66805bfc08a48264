"""Painted lines, antialiased analytically: the share of a pixel's footprint that paint covers."""

from __future__ import annotations

import numpy as np

from embedded_carla.render.kernel import kernel
from embedded_carla.render.raster import Float32Array

_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_NO_GAPS = np.float32(1e8)
LONGEST_FOOTPRINT_M = np.float32(200.0)


@kernel
def interval_cover(at: float, footprint: float, low: float, high: float) -> float:
    """Share of [at − footprint/2, at + footprint/2] inside [low, high]; all float32."""
    start = max(at - _HALF * footprint, low)
    stop = min(at + _HALF * footprint, high)
    return max(stop - start, _ZERO) / footprint


@kernel
def dash_cover(s: float, footprint: float, dash_m: float, period_m: float) -> float:
    """Share of the footprint along the road that lies on dashes [0, dash) + n · period; all float32.

    Exact box filter: difference of the integral of the dash pattern at both ends.
    """
    if dash_m > _NO_GAPS:
        return _ONE
    low, high = (s - _HALF * footprint) / period_m, (s + _HALF * footprint) / period_m
    low_turn, high_turn = np.floor(low), np.floor(high)
    painted = (high_turn - low_turn) * dash_m
    painted += min((high - high_turn) * period_m, dash_m) - min((low - low_turn) * period_m, dash_m)
    return min(max(painted / footprint, _ZERO), _ONE)


@kernel
def paint_cover(surface: Float32Array, u: float, v: float, footprint_u: float, footprint_v: float) -> float:
    """Share of a pixel covered by the paint of one strip.

    Args:
        surface: a row of the scene's surface table (see ``scene.types.Surface``).
        u, v: along the road and across from the border, m, float32.
        footprint_u, footprint_v: size of the pixel on the road along and across, m, float32.
    """
    half = _HALF * surface[3]
    offset = surface[4]
    reach = offset + half + _HALF * footprint_v
    if surface[2] == _ZERO or v > reach or v < -reach:
        return _ZERO
    long = min(footprint_u, LONGEST_FOOTPRINT_M)
    if offset == _ZERO:
        return interval_cover(v, footprint_v, -half, half) * dash_cover(u, long, surface[6], surface[7])
    left = interval_cover(v, footprint_v, -offset - half, -offset + half)
    right = interval_cover(v, footprint_v, offset - half, offset + half)
    cover = _ZERO
    if left > _ZERO:
        cover += left * dash_cover(u, long, surface[6], surface[7])
    if right > _ZERO:
        cover += right * dash_cover(u, long, surface[8], surface[9])
    return cover
