"""Light on the ground: sun with shadows, sky, headlights, wet reflection."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from embedded_carla.render.raster import Float32Array

Uint8Array = npt.NDArray[np.uint8]

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_DARKEST_SUN = np.float32(0.02)
_BEAM_TINT = np.array([1.0, 0.95, 0.85], dtype=np.float32)


@njit(cache=True, error_model="numpy")
def _lit_share(row: Float32Array, shadow: Uint8Array, shadow_x: float, shadow_y: float, shadow_scale: float, low: int,
               high: int) -> None:  # fmt: skip
    """Line 18: share of the sun that reaches each pixel of [low, high)."""
    rows, cells = np.int32(shadow.shape[0]), np.int32(shadow.shape[1])
    for k in range(np.uint64(low), np.uint64(high)):
        i = np.int32((row[4, k] - shadow_y) * shadow_scale)
        j = np.int32((row[3, k] - shadow_x) * shadow_scale)
        lit = _ONE
        if np.int32(0) <= i < rows and np.int32(0) <= j < cells:
            lit = np.float32(shadow[np.uint32(i), np.uint32(j)]) * np.float32(1.0 / 255.0)
        row[18, k] = lit


@njit(cache=True, error_model="numpy")
def _headlights(row: Float32Array, columns: Float32Array, strength: float, focal: float, centre_x: float, low: int,
                high: int) -> None:  # fmt: skip
    """Line 19: irradiance of the car's own headlights."""
    inverse_focal = _ONE / focal
    for k in range(np.uint64(low), np.uint64(high)):
        z = row[0, k]
        sideways = (columns[k] - centre_x) * inverse_focal
        lobe = _ONE / (_ONE + np.float32(9.0) * sideways * sideways)
        beam = strength * lobe * lobe * np.float32(0.75) / (_ONE + z * z * np.float32(1.0 / 420.0))
        row[19, k] = beam * min(max((z - np.float32(2.0)) * np.float32(0.25), _ZERO), _ONE)


@njit(cache=True, error_model="numpy")
def _wet_lines(row: Float32Array, wet: float, eye_z: float, low: int, high: int) -> None:
    """Lines 20 and 21: how much water darkens the ground and mirrors the sky (Schlick's formula)."""
    for k in range(np.uint64(low), np.uint64(high)):
        gloss = wet * row[10, k]
        row[20, k] = _ONE - np.float32(0.55) * gloss
        facing = min(max(eye_z / row[0, k], _ZERO), _ONE)
        away = _ONE - facing
        row[21, k] = gloss * np.float32(0.55) * (np.float32(0.03) + np.float32(0.97) * away * away * away * away)


@njit(cache=True, error_model="numpy")
def light_ground(row: Float32Array, columns: Float32Array, light: Float32Array, shadow: Uint8Array, shadow_x: float,
                 shadow_y: float, shadow_scale: float, eye_z: float, focal: float, centre_x: float, low: int,
                 high: int) -> None:  # fmt: skip
    """Turn albedo lines 7-9 of [low, high) into radiance."""
    sun_up = max(light[2], _ZERO)
    sun_r, sun_g, sun_b = light[3] * sun_up, light[4] * sun_up, light[5] * sun_up
    shadowed = sun_r + sun_g + sun_b > _DARKEST_SUN
    wet, headlight = light[17], light[18]
    if shadowed:
        _lit_share(row, shadow, shadow_x, shadow_y, shadow_scale, low, high)
    if headlight > _ZERO:
        _headlights(row, columns, headlight, focal, centre_x, low, high)
    if wet > _ZERO:
        _wet_lines(row, wet, eye_z, low, high)
    for c in range(3):
        ambient, sun, tint, horizon = light[6 + c], light[3 + c] * sun_up, _BEAM_TINT[c], light[9 + c]
        for k in range(np.uint64(low), np.uint64(high)):
            light_here = ambient + sun
            if shadowed:
                light_here = ambient + row[18, k] * sun
            if headlight > _ZERO:
                light_here += row[19, k] * tint
            if wet > _ZERO:
                row[7 + c, k] = row[7 + c, k] * row[20, k] * light_here + row[21, k] * horizon
            else:
                row[7 + c, k] = row[7 + c, k] * light_here
