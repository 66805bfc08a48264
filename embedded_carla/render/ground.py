"""Albedo of the ground: asphalt, shoulders, verges, grass and paint, from surface coordinates and pixel footprints."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from embedded_carla.render.marking import paint_cover
from embedded_carla.render.raster import Float32Array, Int32Array

Uint8Array = npt.NDArray[np.uint8]

_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_UNIT = np.float32(1.0 / 36.0)
_NEUTRAL = np.float32(128.0)
_LAST_LEVEL = 9
_MASK = 511
_PAVED_LAST, _VERGE = 2, 3
_TRACK_HALF_WIDTH = np.float32(1.0 / 0.42)


@njit(cache=True, error_model="numpy")
def texture_level(footprint_texels: float) -> int:
    """Number of halvings after which a texel is about as large as the footprint."""
    level = 0
    limit = np.float32(1.5)
    while level < _LAST_LEVEL and footprint_texels > limit:
        limit += limit
        level += 1
    return level


@njit(cache=True, error_model="numpy")
def sharp_sample(texels: Uint8Array, start: int, level_a: int, level_b: int, a: float, b: float) -> float:
    """Nearest texel at (a, b) in texels of the finest level, as deviations from the mean (about −3…3)."""
    i = (int(np.floor(a)) & _MASK) >> level_a
    j = (int(np.floor(b)) & _MASK) >> level_b
    return (np.float32(texels[start + (i << (9 - level_b)) + j]) - _NEUTRAL) * _UNIT


@njit(cache=True, error_model="numpy")
def smooth_sample(texels: Uint8Array, start: int, level_a: int, level_b: int, a: float, b: float) -> float:
    """Bilinear sample at (a, b) in texels of the finest level, as deviations from the mean."""
    a = a / np.float32(1 << level_a) - _HALF
    b = b / np.float32(1 << level_b) - _HALF
    fa, fb = np.floor(a), np.floor(b)
    p, q = a - fa, b - fb
    mask_a, mask_b, shift = _MASK >> level_a, _MASK >> level_b, 9 - level_b
    i, j = int(fa), int(fb)
    i0, i1, j0, j1 = i & mask_a, (i + 1) & mask_a, j & mask_b, (j + 1) & mask_b
    t00, t01 = np.float32(texels[start + (i0 << shift) + j0]), np.float32(texels[start + (i0 << shift) + j1])
    t10, t11 = np.float32(texels[start + (i1 << shift) + j0]), np.float32(texels[start + (i1 << shift) + j1])
    top, bottom = t00 + (t01 - t00) * q, t10 + (t11 - t10) * q
    return (top + (bottom - top) * p - _NEUTRAL) * _UNIT


@njit(cache=True, error_model="numpy")
def ground_albedo(surface: Float32Array, colours: Float32Array, paint: Float32Array, wear: float,
                  track_tone: float, texels: Uint8Array, start: Int32Array, scale: Float32Array, row: Float32Array,
                  low: int, high: int) -> None:  # fmt: skip
    """Albedo of pixels [low, high) of one row, all on one strip and so close together that they share texture levels.

    Args:
        surface: row of the surface table.
        colours, paint, wear, track_tone: of the scene.
        texels, start, scale: of the scene's textures.
        row: (ROW_LINES, W) scratch lines: 1 u, 2 v, 3 x, 4 y, 5 and 6 footprints of u and v (m), read; 7-9 r, g, b and
            10 gloss written. Lines 11 and 12 (footprints along x and y) are read at ``low`` only.
    """
    middle = (low + high) // 2
    left_material, right_material = int(surface[0]), int(surface[1])
    u_level = texture_level(row[5, middle] * scale[0, 0])
    v_level = texture_level(row[6, middle] * scale[0, 1])
    along_level = texture_level(row[5, middle] * scale[1, 0])
    across_level = texture_level(row[6, middle] * scale[1, 1])
    grain_start, macro_start = start[0, u_level, v_level], start[1, along_level, across_level]
    x_level, y_level = texture_level(row[11, middle] * scale[2, 0]), texture_level(row[12, middle] * scale[2, 1])
    x_wide, y_wide = texture_level(row[11, middle] * scale[3, 0]), texture_level(row[12, middle] * scale[3, 1])
    ground_start, wide_start = start[2, x_level, y_level], start[3, x_wide, y_wide]
    lateral = surface[12]
    reach = surface[4] + surface[3]
    for k in range(low, high):
        u, v = row[1, k], row[2, k]
        fv = row[6, k]
        right = min(max(v / max(fv, np.float32(0.02)) + _HALF, _ZERO), _ONE)
        if left_material == right_material:
            right = _ONE if v > _ZERO else _ZERO
        red, green, blue, gloss = _ZERO, _ZERO, _ZERO, _ZERO
        tone = _ZERO
        for side in range(2):
            share = right if side == 1 else _ONE - right
            if share <= _ZERO:
                continue
            material = right_material if side == 1 else left_material
            colour = colours[material]
            if material <= _PAVED_LAST:
                grain = sharp_sample(
                    texels, grain_start, u_level, v_level, u * scale[0, 0], (v + lateral) * scale[0, 1]
                )
                macro = smooth_sample(
                    texels, macro_start, along_level, across_level, u * scale[1, 0], (v + lateral) * scale[1, 1]
                )
                mix = min(max(_HALF + np.float32(0.28) * macro, _ZERO), _ONE)
                tone = macro
                gain = _ONE + colour[6] * np.float32(0.5) * grain + colour[7] * np.float32(0.5) * min(macro, _ZERO)
                track = surface[11] if side == 1 else surface[10]
                if track > _ZERO:
                    bump = (abs(v) - track) * _TRACK_HALF_WIDTH
                    gain += track_tone * max(_ONE - bump * bump, _ZERO)
                gain = share * max(gain, np.float32(0.25))
                red += gain * (colour[0] + (colour[3] - colour[0]) * mix)
                green += gain * (colour[1] + (colour[4] - colour[1]) * mix)
                blue += gain * (colour[2] + (colour[5] - colour[2]) * mix)
                gloss += share * (np.float32(0.75) - np.float32(0.25) * min(max(macro, -_ONE), _ONE))
            else:
                x, y = row[3, k], row[4, k]
                grain = sharp_sample(texels, ground_start, x_level, y_level, x * scale[2, 0], y * scale[2, 1])
                macro = smooth_sample(texels, wide_start, x_wide, y_wide, x * scale[3, 0], y * scale[3, 1])
                grass = colours[4]
                mix = min(max(_HALF + np.float32(0.30) * macro + np.float32(0.12) * grain, _ZERO), _ONE)
                r = grass[0] + (grass[3] - grass[0]) * mix
                g = grass[1] + (grass[4] - grass[1]) * mix
                b = grass[2] + (grass[5] - grass[2]) * mix
                if material == _VERGE:
                    ragged = colour[7] * (_ONE + np.float32(0.35) * macro + np.float32(0.22) * grain)
                    bare = min(max((ragged - abs(v)) * np.float32(4.0) + _HALF, _ZERO), _ONE)
                    if bare > _ZERO:
                        mix = min(max(_HALF + np.float32(0.33) * grain, _ZERO), _ONE)
                        r += (colour[0] + (colour[3] - colour[0]) * mix - r) * bare
                        g += (colour[1] + (colour[4] - colour[1]) * mix - g) * bare
                        b += (colour[2] + (colour[5] - colour[2]) * mix - b) * bare
                gain = share * max(_ONE + colour[6] * np.float32(0.42) * grain, np.float32(0.3))
                red += gain * r
                green += gain * g
                blue += gain * b
                gloss += share * np.float32(0.12)
        if abs(v) <= reach + fv:
            cover = paint_cover(surface, u, v, row[5, k], max(fv, np.float32(0.004)))
            if cover > _ZERO:
                grain = sharp_sample(
                    texels, grain_start, u_level, v_level, u * scale[0, 0], (v + lateral) * scale[0, 1]
                )
                worn = wear * (np.float32(1.3) - np.float32(0.6) * tone + np.float32(0.9) * grain)
                cover *= _ONE - min(max(worn, _ZERO), np.float32(0.85))
                line = paint[int(surface[5])]
                gain = _ONE + np.float32(0.05) * grain
                red += (line[0] * gain - red) * cover
                green += (line[1] * gain - green) * cover
                blue += (line[2] * gain - blue) * cover
        row[7, k], row[8, k], row[9, k], row[10, k] = red, green, blue, gloss
