"""Light on the ground: sun with shadows, sky, headlights, wet reflection and puddles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from embedded_carla.render.headlights import beam_on_ground
from embedded_carla.render.raster import Float32Array
from embedded_carla.render.shadows import DARKEST

Uint8Array = npt.NDArray[np.uint8]
Uint32Array = npt.NDArray[np.uint32]

_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_DARKEST_SUN = np.float32(0.02)
_HIDDEN_GAIN = np.float32(1.0 / (255.0 * DARKEST))
_BEAM_TINT = np.array([1.0, 0.95, 0.85], dtype=np.float32)


@njit(cache=True, error_model="numpy")
def _lit_share(row: Float32Array, shadow: Uint8Array, shadow_x: float, shadow_y: float, shadow_scale: float, low: int,
               high: int) -> None:  # fmt: skip
    """Lines 18 and 16: shares of sunlight and skylight that reach each pixel of [low, high), between four cells."""
    last_i, last_j = np.int32(shadow.shape[0] - 2), np.int32(shadow.shape[1] - 2)
    flat, stride = shadow.reshape(-1), np.uint32(shadow.shape[1])
    for k in range(np.uint64(low), np.uint64(high)):
        y, x = (row[4, k] - shadow_y) * shadow_scale - _HALF, (row[3, k] - shadow_x) * shadow_scale - _HALF
        i, j = np.int32(y), np.int32(x)
        value = np.float32(255.0)
        if np.int32(0) <= i <= last_i and np.int32(0) <= j <= last_j:
            p, q = y - np.float32(i), x - np.float32(j)
            at = np.uint32(i) * stride + np.uint32(j)
            top = np.float32(flat[at]) + (np.float32(flat[at + np.uint32(1)]) - np.float32(flat[at])) * q
            at += stride
            bottom = np.float32(flat[at]) + (np.float32(flat[at + np.uint32(1)]) - np.float32(flat[at])) * q
            value = top + (bottom - top) * p
        row[18, k] = value * np.float32(1.0 / 255.0)
        row[16, k] = min(value * _HIDDEN_GAIN, _ONE)


@njit(cache=True, error_model="numpy")
def _headlights(row: Float32Array, columns: Float32Array, strength: float, focal: float, centre_x: float, low: int,
                high: int) -> None:  # fmt: skip
    """Line 19: irradiance of the car's own headlights."""
    inverse_focal = _ONE / focal
    for k in range(np.uint64(low), np.uint64(high)):
        row[19, k] = beam_on_ground(strength, row[0, k], (columns[k] - centre_x) * inverse_focal)


@njit(cache=True, error_model="numpy")
def _wet_lines(row: Float32Array, wet: float, puddles: float, eye_z: float, low: int, high: int) -> None:
    """Lines 20, 21, 17: how much water darkens the ground and mirrors (Schlick's formula), and share of puddles.

    Puddles stand where the coarse texture of the pavement is low, the more the higher the water (``puddles`` 0..1).
    """
    level = np.float32(2.4) * puddles - np.float32(2.2)
    for k in range(np.uint64(low), np.uint64(high)):
        puddle = min(max((level - row[23, k]) * np.float32(2.5), _ZERO), _ONE)
        puddle = puddle if row[23, k] != _ZERO and puddles > _ZERO else _ZERO
        row[17, k] = puddle
        gloss = min(wet * row[10, k] + puddle * np.float32(0.6), _ONE)
        row[20, k] = _ONE - np.float32(0.58) * gloss
        facing = min(max(eye_z / row[0, k], _ZERO), _ONE)
        away = _ONE - facing
        schlick = np.float32(0.03) + np.float32(0.97) * away * away * away * away
        row[21, k] = schlick * (gloss * np.float32(0.55) + puddle * np.float32(0.4))


@njit(cache=True, error_model="numpy")
def _mirror(row: Float32Array, above: Uint32Array, radiance: Float32Array, light: Float32Array, at: float, rough: float,
            low: int, high: int) -> None:  # fmt: skip
    """Add what wet ground mirrors to lines 7-9: the rows of the picture above it, blurred by the ground's grain.

    Args:
        above: (y, W) rows drawn so far. radiance: (256,) of each display value. at: row in the mirror's direction.
    """
    rows = np.int32(above.shape[0])
    for k in range(low, high):
        share = row[21, k]
        blur = rough * (_ONE - np.float32(0.85) * row[17, k]) * row[14, k]
        i = np.int32(at + blur)
        if np.int32(0) <= i < rows:
            pixel = above[np.uint32(i), k]
            row[7, k] += share * radiance[(pixel >> np.uint32(16)) & np.uint32(255)]
            row[8, k] += share * radiance[(pixel >> np.uint32(8)) & np.uint32(255)]
            row[9, k] += share * radiance[pixel & np.uint32(255)]
        else:
            for c in range(3):
                row[7 + c, k] += share * light[9 + c]


@njit(cache=True, error_model="numpy")
def light_ground(row: Float32Array, columns: Float32Array, light: Float32Array, shadow: Uint8Array, shadow_x: float,
                 shadow_y: float, shadow_scale: float, bodies: bool, above: Uint32Array, radiance: Float32Array,
                 mirror_at: float, eye_z: float, focal: float, centre_x: float, low: int,
                 high: int) -> None:  # fmt: skip
    """Turn albedo lines 7-9 of [low, high) into radiance."""
    sun_up = max(light[2], _ZERO)
    sun_r, sun_g, sun_b = light[3] * sun_up, light[4] * sun_up, light[5] * sun_up
    shadowed = bodies or sun_r + sun_g + sun_b > _DARKEST_SUN
    wet, headlight = light[17], light[18]
    if wet > _ZERO:
        _wet_lines(row, wet, light[22], eye_z, low, high)
    if shadowed:
        _lit_share(row, shadow, shadow_x, shadow_y, shadow_scale, low, high)
    if headlight > _ZERO:
        _headlights(row, columns, headlight, focal, centre_x, low, high)
    for c in range(3):
        ambient, sun, tint = light[6 + c], light[3 + c] * sun_up, _BEAM_TINT[c]
        for k in range(np.uint64(low), np.uint64(high)):
            light_here = ambient + sun
            if shadowed:
                light_here = row[16, k] * ambient + row[18, k] * sun
            if headlight > _ZERO:
                light_here += row[19, k] * tint
            if wet > _ZERO:
                light_here *= row[20, k]
            row[7 + c, k] *= light_here
    if wet > _ZERO:
        rough = np.float32(0.05) * focal * (_HALF + np.float32(2.0) * light[19])
        _mirror(row, above, radiance, light, mirror_at, rough, low, high)
