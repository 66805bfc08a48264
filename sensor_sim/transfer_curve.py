"""The sRGB transfer curve (IEC 61966-2-1): frames arrive in it, artifacts act in linear light."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt


def srgb_encode(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Linear light 0..1 -> display value 0..1."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-12) ** (1 / 2.4) - 0.055)


def srgb_decode(display: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Display value 0..1 -> linear light 0..1."""
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=1)
def decode_table() -> npt.NDArray[np.float32]:
    """Linear light of each 8-bit code, float32 (256,), read-only. What was clipped stays clipped."""
    table = srgb_decode(np.arange(256) / 255.0).astype(np.float32)
    table.setflags(write=False)
    return table
