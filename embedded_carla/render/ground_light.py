"""Light on the ground: sun with shadows, sky, headlights, wet reflection and puddles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.render.ground import between_texels
from embedded_carla.render.headlights import beam_on_ground
from embedded_carla.render.kernel import kernel
from embedded_carla.render.lines import ALBEDO
from embedded_carla.render.raster import Float32Array, Int32Array
from embedded_carla.render.shadows import DARKEST

Uint32Array = npt.NDArray[np.uint32]

_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_DARKEST_SUN = np.float32(0.02)
_LEAST_MIRROR = np.float32(0.004)
_HIDDEN_GAIN = np.float32(1.0 / (255.0 * DARKEST))
_BEAM_TINT = np.array([1.0, 0.95, 0.85], dtype=np.float32)


@kernel
def _lit_share(row: Float32Array, indices: Int32Array, shadow: Uint32Array, shadow_x: float, shadow_y: float,
               shadow_scale: float, low: int, high: int) -> None:  # fmt: skip
    """Lines 18 and 12: shares of sunlight and skylight that reach each pixel of [low, high), between four cells.

    Three loops, because compilers do not turn arithmetic round a look-up into vector instructions.
    """
    last_i, last_j = np.int32(shadow.shape[0] - 1), np.int32(shadow.shape[1] - 1)
    none, stride, flat = np.int32(0), np.int32(shadow.shape[1]), shadow.reshape(-1)
    for k in range(np.uint64(low), np.uint64(high)):
        y = min(max((row[4, k] - shadow_y) * shadow_scale - _HALF, _ZERO), np.float32(last_i))
        x = min(max((row[3, k] - shadow_x) * shadow_scale - _HALF, _ZERO), np.float32(last_j))
        i, j = min(max(np.int32(y), none), last_i), min(max(np.int32(x), none), last_j)
        row[20, k], row[21, k] = y - np.float32(i), x - np.float32(j)
        indices[0, k] = i * stride + j
    for k in range(np.uint64(low), np.uint64(high)):
        indices[1, k] = np.int32(flat[np.uint32(indices[0, k])])
    byte = np.int32(255)
    for k in range(np.uint64(low), np.uint64(high)):
        cells, p, q = indices[1, k], row[20, k], row[21, k]
        t00, t01 = np.float32(cells & byte), np.float32((cells >> np.int32(8)) & byte)
        t10, t11 = np.float32((cells >> np.int32(16)) & byte), np.float32((cells >> np.int32(24)) & byte)
        top, bottom = t00 + (t01 - t00) * q, t10 + (t11 - t10) * q
        value = top + (bottom - top) * p
        row[18, k] = value * np.float32(1.0 / 255.0)
        row[12, k] = min(value * _HIDDEN_GAIN, _ONE)


@kernel
def _headlights(row: Float32Array, columns: Float32Array, strength: float, focal: float, centre_x: float, low: int,
                high: int) -> None:  # fmt: skip
    """Line 19: irradiance of the car's own headlights."""
    inverse_focal = _ONE / focal
    for k in range(np.uint64(low), np.uint64(high)):
        row[19, k] = beam_on_ground(strength, row[0, k], (columns[k] - centre_x) * inverse_focal)


@kernel
def _world_axis(row: Float32Array, indices: Int32Array, line: int, scale: float, axis: int, low: int,
                high: int) -> None:  # fmt: skip
    """Texel (index line 0 or 2) and fraction (line 16 or 17) of a place in the world, finest level."""
    mask, size = np.int32(511), np.float32(512.0)
    for k in range(np.uint64(low), np.uint64(high)):
        a = row[line, k] * scale
        whole = np.floor(a)
        row[16 + axis, k] = a - whole
        indices[2 * axis, k] = np.int32(whole - size * np.floor(whole / size)) & mask


@kernel
def _puddles(row: Float32Array, indices: Int32Array, coarse: Uint32Array, start: int, scale: float, level: float,
             low: int, high: int) -> None:  # fmt: skip
    """Line 17: share of puddles. Water stands in the hollows of the ground's coarse texture, finest level."""
    threshold = np.float32(1.9) * level - np.float32(2.3)
    _world_axis(row, indices, 3, scale, 0, low, high)
    _world_axis(row, indices, 4, scale, 1, low, high)
    between_texels(row, indices, coarse, start, 0, 20, low, high)
    for k in range(np.uint64(low), np.uint64(high)):
        hollow = threshold - row[20, k]
        sealed = min(max(row[10, k] * np.float32(2.2) - np.float32(0.45), _ZERO), _ONE)
        row[17, k] = min(max(hollow * np.float32(3.0), _ZERO), _ONE) * sealed


@kernel
def _wet_lines(row: Float32Array, wet: float, eye_z: float, low: int, high: int) -> None:
    """Lines 20 and 21: how much water (with puddles, line 17) darkens the ground, and mirrors (Schlick's formula)."""
    for k in range(np.uint64(low), np.uint64(high)):
        puddle = row[17, k]
        gloss = min(wet * row[10, k] + puddle * np.float32(0.6), _ONE)
        row[20, k] = _ONE - np.float32(0.60) * gloss
        facing = min(max(eye_z / row[0, k], _ZERO), _ONE)
        away = _ONE - facing
        schlick = np.float32(0.03) + np.float32(0.97) * away * away * away * away
        row[21, k] = schlick * (gloss * np.float32(0.50) + puddle * np.float32(0.45))


@kernel
def _mirror(row: Float32Array, above: Uint32Array, radiance: Float32Array, light: Float32Array, at: float, rough: float,
            low: int, high: int) -> None:  # fmt: skip
    """Add what wet ground mirrors to lines 7-9: the rows of the picture above it, blurred by the ground's grain.

    Args:
        above: (y, W) rows drawn so far. radiance: (256,) of each display value. at: row in the mirror's direction.
    """
    rows, byte = np.int32(above.shape[0]), np.uint32(255)
    for k in range(np.uint64(low), np.uint64(high)):
        share = row[21, k]
        if share < _LEAST_MIRROR:
            continue
        blur = rough * (_ONE - np.float32(0.85) * row[17, k]) * row[14, k]
        i = np.int32(at + blur)
        if np.int32(0) <= i < rows:
            pixel = above[np.uint32(i), k]
            row[7, k] += share * radiance[(pixel >> np.uint32(16)) & byte]
            row[8, k] += share * radiance[(pixel >> np.uint32(8)) & byte]
            row[9, k] += share * radiance[pixel & byte]
        else:
            row[7, k] += share * light[9]
            row[8, k] += share * light[10]
            row[9, k] += share * light[11]


@kernel
def _illuminate(row: Float32Array, light: Float32Array, sun_up: float, shadowed: bool, headlight: bool, wet: bool,
                low: int, high: int) -> None:  # fmt: skip
    """Lines 7-9: albedo times light."""
    for c in range(3):
        ambient, sun, tint = light[6 + c], light[3 + c] * sun_up, _BEAM_TINT[c]
        for k in range(np.uint64(low), np.uint64(high)):
            light_here = ambient + sun
            if shadowed:
                light_here = row[12, k] * ambient + row[18, k] * sun
            if headlight:
                light_here += row[19, k] * tint
            if wet:
                light_here *= row[20, k]
            row[7 + c, k] = row[ALBEDO + c, k] * light_here


@kernel
def light_ground(row: Float32Array, indices: Int32Array, columns: Float32Array, light: Float32Array,
                 coarse: Uint32Array, hollows: int, hollow_scale: float, shadow: Uint32Array, shadow_x: float,
                 shadow_y: float, shadow_scale: float, bodies: bool, above: Uint32Array, radiance: Float32Array,
                 mirror_at: float, eye_z: float, focal: float, centre_x: float, low: int,
                 high: int) -> None:  # fmt: skip
    """Turn lines ALBEDO … of [low, high) into radiance, lines 7-9.

    Args:
        row, indices: scratch (see ``lines``). columns, light: see ``shade_rgb``.
        coarse, hollows, hollow_scale: first texel and texels per m of the texture whose hollows fill with water.
        shadow, shadow_x, shadow_y, shadow_scale, bodies: shadow cells; vehicles hide the sky in some of them.
        above, radiance, mirror_at: see ``_mirror``.
        eye_z: height of the camera over the ground. focal, centre_x: camera, px.
    """
    sun_up = max(light[2], _ZERO)
    sun_r, sun_g, sun_b = light[3] * sun_up, light[4] * sun_up, light[5] * sun_up
    shadowed = bodies or sun_r + sun_g + sun_b > _DARKEST_SUN
    wet, headlight = light[17], light[18]
    if shadowed:
        _lit_share(row, indices, shadow, shadow_x, shadow_y, shadow_scale, low, high)
    if headlight > _ZERO:
        _headlights(row, columns, headlight, focal, centre_x, low, high)
    if wet > _ZERO:
        if light[22] > _ZERO:
            _puddles(row, indices, coarse, hollows, hollow_scale, light[22], low, high)
        else:
            row[17, low:high] = _ZERO
        _wet_lines(row, wet, eye_z, low, high)
    _illuminate(row, light, sun_up, shadowed, headlight > _ZERO, wet > _ZERO, low, high)
    if wet > _ZERO:
        rough = np.float32(0.05) * focal * (_HALF + np.float32(2.0) * light[19])
        _mirror(row, above, radiance, light, mirror_at, rough, low, high)
