"""Fog over a row of radiances and the display's transfer curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.render.kernel import kernel
from embedded_carla.render.raster import Float32Array, Int32Array

Uint8Array = npt.NDArray[np.uint8]
Uint32Array = npt.NDArray[np.uint32]

_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_TONE_SCALE = np.float32(4095.0 / 2.0)
_LAST_TONE = np.int32(4095)
_OPAQUE = np.uint32(0xFF000000)


@kernel
def transmission(distance_m: np.float32, extinction: np.float32, start_m: np.float32) -> np.float32:
    """exp(−extinction · max(0, distance − start)) to 2e-5 absolute, float32, without a call to exp.

    Eighth power of the inverse of the exponential's series: exp(−x) = (1 / exp(x / 8))^8.
    """
    x = min(max(distance_m - start_m, _ZERO) * extinction, np.float32(14.0)) * np.float32(0.125)
    series = _ONE + x * (
        _ONE + x * (_HALF + x * (np.float32(1 / 6) + x * (np.float32(1 / 24) + x * np.float32(1 / 120))))
    )
    inverse = _ONE / series
    inverse = inverse * inverse
    inverse = inverse * inverse
    return inverse * inverse


@kernel
def develop(out: Uint32Array, row: Float32Array, indices: Int32Array, depths: Float32Array, ray_lengths: Float32Array,
            tone: Uint8Array, light: Float32Array, low: int, high: int) -> None:  # fmt: skip
    """Display colours of pixels [low, high) from radiance lines 7-9; pixels of the sky (depth 0) are left alone."""
    extinction, fog_start, clear_air = light[15], light[16], _ONE - light[19]
    for k in range(np.uint64(low), np.uint64(high)):
        row[22, k] = transmission(ray_lengths[k] / depths[k], extinction, fog_start) * clear_air
    for c in range(3):
        fog = light[12 + c]
        for k in range(np.uint64(low), np.uint64(high)):
            value = fog + (row[7 + c, k] - fog) * row[22, k]
            indices[4 + c, k] = min(np.int32(np.sqrt(value) * _TONE_SCALE), _LAST_TONE)
    for k in range(np.uint64(low), np.uint64(high)):
        if depths[k] > _ZERO:
            red, green = np.uint32(tone[np.uint32(indices[4, k])]), np.uint32(tone[np.uint32(indices[5, k])])
            blue = np.uint32(tone[np.uint32(indices[6, k])])
            out[k] = _OPAQUE | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
