"""Albedo of the ground: asphalt, shoulders, verges, grass and paint, from surface coordinates and pixel footprints."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.render.kernel import kernel
from embedded_carla.render.lines import ALBEDO, PADDING_PX
from embedded_carla.render.marking import paint_cover
from embedded_carla.render.raster import Float32Array, Int32Array

Uint8Array = npt.NDArray[np.uint8]
Uint32Array = npt.NDArray[np.uint32]

_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_UNIT = np.float32(1.0 / 36.0)
_NEUTRAL = np.float32(128.0)
_LAST_LEVEL = 9
_MASK = 511
_SIZE, _PER_SIZE = np.float32(512.0), np.float32(1.0 / 512.0)
PAVED_LAST, _VERGE = 2, 3
_TRACK_HALF_WIDTH = np.float32(1.0 / 0.42)


@kernel
def texture_level(footprint_texels: float) -> int:
    """Number of halvings after which a texel is about as large as the footprint."""
    level = 0
    limit = np.float32(1.5)
    for _ in range(_LAST_LEVEL):
        level += footprint_texels > limit
        limit += limit
    return level


@kernel
def sharp_sample(texels: Uint8Array, start: int, level_a: int, level_b: int, a: float, b: float) -> float:
    """Nearest texel at (a, b) in texels of the finest level, as deviations from the mean (about −3…3)."""
    i = (int(np.floor(a)) & _MASK) >> level_a
    j = (int(np.floor(b)) & _MASK) >> level_b
    return (np.float32(texels[start + (i << (9 - level_b)) + j]) - _NEUTRAL) * _UNIT


@kernel
def _axis(row: Float32Array, indices: Int32Array, line: int, shift: float, scale: float, level: int, axis: int,
          low: int, high: int) -> None:  # fmt: skip
    """Texel below (index line 0 or 2 by ``axis``) and the fraction of the way to the next one (line 16 or 17).

    ``line`` + ``shift`` is the coordinate in m. Reduced by whole textures first: far away it exceeds 32 bits.
    """
    inverse, mask = _ONE / np.float32(1 << level), np.int32(_MASK >> level)
    for k in range(np.uint64(low), np.uint64(high)):
        a = (row[line, k] + shift) * scale * inverse - _HALF
        whole = np.floor(a)
        row[16 + axis, k] = a - whole
        indices[2 * axis, k] = np.int32(whole - _SIZE * np.floor(whole * _PER_SIZE)) & mask


@kernel
def between_texels(row: Float32Array, indices: Int32Array, coarse: Uint32Array, start: int, level_b: int, out: int,
                   low: int, high: int) -> None:  # fmt: skip
    """Line ``out``: bilinear sample as deviations from the mean, from index lines 0 and 2 and lines 16 and 17.

    ``coarse``: four neighbouring texels per entry. Three loops: see ``_lit_share``.
    """
    shift, first, byte = np.int32(9 - level_b), np.int32(start), np.int32(255)
    for k in range(np.uint64(low), np.uint64(high)):
        indices[0, k] = first + (indices[0, k] << shift) + indices[2, k]
    for k in range(np.uint64(low), np.uint64(high)):
        indices[1, k] = np.int32(coarse[np.uint32(indices[0, k])])
    for k in range(np.uint64(low), np.uint64(high)):
        cells, p, q = indices[1, k], row[16, k], row[17, k]
        t00, t01 = np.float32(cells & byte), np.float32((cells >> np.int32(8)) & byte)
        t10, t11 = np.float32((cells >> np.int32(16)) & byte), np.float32((cells >> np.int32(24)) & byte)
        top, bottom = t00 + (t01 - t00) * q, t10 + (t11 - t10) * q
        row[out, k] = (top + (bottom - top) * p - _NEUTRAL) * _UNIT


@kernel
def _grain(row: Float32Array, indices: Int32Array, texels: Uint8Array, start: int, levels: tuple[int, int],
           lines: tuple[int, int], shift_b: float, scale_a: float, scale_b: float, low: int,
           high: int) -> None:  # fmt: skip
    """Line 14: nearest texel as deviations from the mean."""
    level_a, level_b, first = np.int32(levels[0]), np.int32(levels[1]), np.uint64(start)
    shift, mask = np.int32(9 - levels[1]), np.int32(_MASK)
    line_a, line_b = lines
    for k in range(np.uint64(low), np.uint64(high)):
        a, b = np.floor(row[line_a, k] * scale_a), np.floor((row[line_b, k] + shift_b) * scale_b)
        i = (np.int32(a - _SIZE * np.floor(a * _PER_SIZE)) & mask) >> level_a
        j = (np.int32(b - _SIZE * np.floor(b * _PER_SIZE)) & mask) >> level_b
        indices[0, k] = (i << shift) + j
    for k in range(np.uint64(low), np.uint64(high)):
        row[14, k] = (np.float32(texels[first + np.uint64(indices[0, k])]) - _NEUTRAL) * _UNIT


@kernel
def _share(row: Float32Array, right_side: bool, k: int) -> np.float32:
    return row[13, k] if right_side else _ONE - row[13, k]


@kernel
def _paved_gain(row: Float32Array, grain_gain: float, macro_gain: float, track: float, track_tone: float, low: int,
                high: int) -> None:  # fmt: skip
    """Lines 16 and 17: brightness of pavement, and its place between the two extremes of its colour."""
    tone = track_tone if track > _ZERO else _ZERO
    for k in range(np.uint64(low), np.uint64(high)):
        macro = row[15, k]
        gain = _ONE + grain_gain * row[14, k] + macro_gain * min(macro, _ZERO)
        bump = (abs(row[2, k]) - track) * _TRACK_HALF_WIDTH
        gain += tone * max(_ONE - bump * bump, _ZERO)
        row[16, k] = row[19, k] * max(gain, np.float32(0.25)) * row[18, k]
        row[17, k] = min(max(_HALF + np.float32(0.28) * macro, _ZERO), _ONE)


@kernel
def _paved_gloss(row: Float32Array, low: int, high: int) -> None:
    """Lines 23 and 10: coarse texture and gloss of pavement."""
    for k in range(np.uint64(low), np.uint64(high)):
        row[23, k] = row[15, k] if row[19, k] > _ZERO else row[23, k]
        row[10, k] += row[19, k] * (np.float32(0.75) - np.float32(0.25) * min(max(row[15, k], -_ONE), _ONE))


@kernel
def _add_paved(row: Float32Array, colour: Float32Array, tones: Float32Array, level: int, track: float,
               track_tone: float, right_side: bool, low: int, high: int) -> None:  # fmt: skip
    """Add asphalt, shoulder or sidewalk to lines ALBEDO … and 10 by its share of each pixel.

    ``tones``: factor along the road, one entry per metre after ``level`` halvings. The work is split into small
    functions: in one large one the compiler gives up on vector instructions.
    """
    shift, mask = np.int32(level), np.int32(_MASK)
    for k in range(np.uint64(low), np.uint64(high)):
        row[18, k] = tones[np.uint32((np.int32(row[1, k]) & mask) >> shift)]
    for k in range(np.uint64(low), np.uint64(high)):
        row[19, k] = _share(row, right_side, k)
    _paved_gain(row, colour[6] * _HALF, colour[7] * _HALF, track, track_tone, low, high)
    _paved_gloss(row, low, high)
    for c in range(3):
        base, span = colour[c], colour[3 + c] - colour[c]
        for k in range(np.uint64(low), np.uint64(high)):
            row[ALBEDO + c, k] += row[16, k] * (base + span * row[17, k])


@kernel
def _add_soil(row: Float32Array, colour: Float32Array, grass: Float32Array, verge: bool, right_side: bool, low: int,
              high: int) -> None:  # fmt: skip
    """Add grass, or a verge with its bare band, to lines ALBEDO … and 10 by its share of each pixel."""
    for k in range(np.uint64(low), np.uint64(high)):
        row[16, k] = min(max(_HALF + np.float32(0.30) * row[15, k] + np.float32(0.12) * row[14, k], _ZERO), _ONE)
    if verge:
        for k in range(np.uint64(low), np.uint64(high)):
            ragged = colour[7] * (_ONE + np.float32(0.35) * row[15, k] + np.float32(0.22) * row[14, k])
            row[17, k] = min(max((ragged - abs(row[2, k])) * np.float32(4.0) + _HALF, _ZERO), _ONE)
    gain_grain = colour[6] * np.float32(0.42)
    for c in range(3):
        base, span, bare_base, bare_span = grass[c], grass[3 + c] - grass[c], colour[c], colour[3 + c] - colour[c]
        for k in range(np.uint64(low), np.uint64(high)):
            tone = base + span * row[16, k]
            if verge:
                mix = min(max(_HALF + np.float32(0.33) * row[14, k], _ZERO), _ONE)
                tone += (bare_base + bare_span * mix - tone) * row[17, k]
            gain = _share(row, right_side, k) * max(_ONE + gain_grain * row[14, k], np.float32(0.3))
            row[ALBEDO + c, k] += gain * tone
    for k in range(np.uint64(low), np.uint64(high)):
        row[10, k] += _share(row, right_side, k) * np.float32(0.12)


@kernel
def _add_paint(surface: Float32Array, paint: Float32Array, wear: np.float32, missing: Float32Array, level: int,
               texels: Uint8Array, start: int, levels: tuple[int, int], scale: Float32Array, row: Float32Array,
               low: int, high: int) -> None:  # fmt: skip
    """Cover lines ALBEDO … with painted lines, worn where the asphalt is, and missing along some stretches.

    ``missing``: share of paint gone along the road, one entry per metre after ``level`` halvings.
    """
    lateral, reach = surface[12], surface[4] + surface[3]
    # Every line of a road has stretches of its own.
    own_stretches, inverse = lateral * np.float32(37.0), _ONE / np.float32(1 << level)
    mask = np.int32(_MASK >> level)
    line = paint[int(surface[5])]
    for k in range(np.uint64(low), np.uint64(high)):
        v, fv = row[2, k], row[6, k]
        if abs(v) > reach + fv:
            continue
        u = row[1, k]
        cover = paint_cover(surface, u, v, row[5, k], max(fv, np.float32(0.004)))
        if cover > _ZERO:
            grain = sharp_sample(texels, start, levels[0], levels[1], u * scale[0, 0], (v + lateral) * scale[0, 1])
            worn = wear * (np.float32(1.3) - np.float32(0.6) * row[23, k] + np.float32(0.9) * grain)
            place = (u + own_stretches) * inverse
            before = np.int32(np.floor(place))
            gone, next_gone = missing[before & mask], missing[(before + np.int32(1)) & mask]
            gone += (next_gone - gone) * (place - np.float32(before))
            worn += gone * (np.float32(1.1) + np.float32(0.5) * grain)
            cover *= _ONE - min(max(worn, _ZERO), np.float32(0.97))
            gain = _ONE + np.float32(0.05) * grain
            for c in range(3):
                row[ALBEDO + c, k] += (line[c] * gain - row[ALBEDO + c, k]) * cover


@kernel
def texture_levels(row: Float32Array, scale: Float32Array, first: int, at: int, levels: Int32Array) -> None:
    """Levels at pixel ``at`` of textures ``first`` and ``first`` + 1, (8,): two axes of each of four textures.

    Textures 0 and 1 lie along the road (lines 5, 6), 2 and 3 along the world's axes (lines 11, 12).
    """
    line = 5 if first == 0 else 11
    for texture in range(first, first + 2):
        for axis in range(2):
            levels[2 * texture + axis] = texture_level(row[line + axis, at] * scale[texture, axis])


@kernel
def _right_share(row: Float32Array, one_material: bool, low: int, high: int, end: int) -> tuple[int, int]:
    """Line 13: share of the right material. Returns how many pixels of [low, high) have some left, some right."""
    if one_material:
        for k in range(np.uint64(low), np.uint64(end)):
            row[13, k] = _ONE if row[2, k] > _ZERO else _ZERO
    else:
        for k in range(np.uint64(low), np.uint64(end)):
            row[13, k] = min(max(row[2, k] / max(row[6, k], np.float32(0.02)) + _HALF, _ZERO), _ONE)
    left, right = 0, 0
    for k in range(np.uint64(low), np.uint64(high)):
        left += row[13, k] < _ONE
        right += row[13, k] > _ZERO
    return left, right


@kernel
def ground_albedo(surface: Float32Array, colours: Float32Array, paint: Float32Array, wear: np.float32,
                  track_tone: float, texels: Uint8Array, start: Int32Array, scale: Float32Array,
                  coarse: Uint32Array, coarse_start: Int32Array, along: Float32Array, levels: Int32Array,
                  row: Float32Array, indices: Int32Array, low: int, high: int) -> None:  # fmt: skip
    """Albedo of pixels [low, high) of one row, all on one strip and of the same texture levels.

    Args:
        surface: row of the surface table.
        colours, paint, wear, track_tone: of the scene.
        texels, start, scale, coarse, coarse_start, along: of the scene's textures.
        levels: (8,) halvings along both axes of the four textures.
        row, indices: scratch (see ``lines``): lines 1-6 are read; ALBEDO … r, g, b and 10 gloss are written.

    Most loops run on to ``end``, a whole number of vectors: the pixels from ``high`` on belong to segments that are
    written later, or to no ground.
    """
    left_material, right_material = int(surface[0]), int(surface[1])
    end = low + (high - low + PADDING_PX - 1) // PADDING_PX * PADDING_PX
    along_level = max(levels[2] - 3, 0)
    some_left, some_right = _right_share(row, left_material == right_material, low, high, end)
    for line in (10, 23, ALBEDO, ALBEDO + 1, ALBEDO + 2):
        for k in range(np.uint64(low), np.uint64(end)):
            row[line, k] = _ZERO
    use_left, use_right = (left_material if some_left > 0 else -1), (right_material if some_right > 0 else -1)
    if 0 <= use_left <= PAVED_LAST or 0 <= use_right <= PAVED_LAST:
        lateral = surface[12]
        a, b = levels[0], levels[1]
        _grain(row, indices, texels, start[0, a, b], (a, b), (1, 2), lateral, scale[0, 0], scale[0, 1], low, end)
        a, b = levels[2], levels[3]
        _axis(row, indices, 1, _ZERO, scale[1, 0], a, 0, low, end)
        _axis(row, indices, 2, lateral, scale[1, 1], b, 1, low, end)
        between_texels(row, indices, coarse, coarse_start[0, a, b], b, 15, low, end)
        if 0 <= use_left <= PAVED_LAST:
            _add_paved(row, colours[use_left], along[0, along_level], along_level, surface[10], track_tone, False, low,
                       end)  # fmt: skip
        if 0 <= use_right <= PAVED_LAST:
            _add_paved(row, colours[use_right], along[0, along_level], along_level, surface[11], track_tone, True, low,
                       end)  # fmt: skip
    if use_left > PAVED_LAST or use_right > PAVED_LAST:
        a, b = levels[4], levels[5]
        _grain(row, indices, texels, start[2, a, b], (a, b), (3, 4), _ZERO, scale[2, 0], scale[2, 1], low, end)
        a, b = levels[6], levels[7]
        _axis(row, indices, 3, _ZERO, scale[3, 0], a, 0, low, end)
        _axis(row, indices, 4, _ZERO, scale[3, 1], b, 1, low, end)
        between_texels(row, indices, coarse, coarse_start[1, a, b], b, 15, low, end)
        if use_left > PAVED_LAST:
            _add_soil(row, colours[use_left], colours[4], use_left == _VERGE, False, low, end)
        if use_right > PAVED_LAST:
            _add_soil(row, colours[use_right], colours[4], use_right == _VERGE, True, low, end)
    if surface[2] != _ZERO:
        a, b = levels[0], levels[1]
        _add_paint(surface, paint, wear, along[1, along_level], along_level, texels, start[0, a, b], (a, b), scale, row,
                   low, high)  # fmt: skip
