"""The last part of the chain in one walk over the rows: exposure, encoding, noise, tone curve.

Linear light is float32, everything after the exposure integers of 1/64 grey level; no pow and no fast-math,
so the same input gives the same bytes on every processor. Numba's cache watches only a function's own file:
a compiled function of this package therefore uses no compiled function and no constant of another file.
"""

from __future__ import annotations

import numpy as np

from sensor_sim.compiled import compiled

FINE_STEPS = 64
"""Steps per grey level after the exposure."""
FINE_TOP = 255 * FINE_STEPS
NOISE_BITS = 16
"""Binary places of the noise factor."""


@compiled()
def map_codes(codes: np.ndarray, table: np.ndarray, out: np.ndarray) -> None:
    """out = table[codes]: every point-wise chain without noise. uint8 (N,), uint8 (256,), uint8 (N,)."""
    for i in range(codes.size):
        out[i] = table[codes[i]]


@compiled()
def _add_noise(fine: np.ndarray, samples: np.ndarray, noise_scale: int) -> None:
    """Add noise to one row of display values and clip, in place. int32 (W,), int16 (W,)."""
    scale = np.int32(noise_scale)
    half = np.int32(1 << (NOISE_BITS - 1))
    for u in range(fine.size):
        value = fine[u] + ((np.int32(samples[u]) * scale + half) >> np.int32(NOISE_BITS))
        fine[u] = min(max(value, np.int32(0)), np.int32(FINE_TOP))


@compiled()
def finish_codes(
    codes: np.ndarray,
    fine_table: np.ndarray,
    bank: np.ndarray,
    starts: np.ndarray,
    noise_scale: int,
    output: np.ndarray,
    out: np.ndarray,
) -> None:
    """Point-wise chain with noise.

    Args:
        codes: uint8 (H, W, 3).
        fine_table: int16 (256,), display value of each code in 1/64 grey level.
        bank, starts, noise_scale, output, out: as in ``finish_linear``.
    """
    height, width, channels = codes.shape
    fine = np.empty(width, np.int32)
    for v in range(height):
        for c in range(channels):
            for u in range(width):
                fine[u] = fine_table[codes[v, u, c]]
            start = starts[v] + c * width
            _add_noise(fine, bank[start : start + width], noise_scale)
            for u in range(width):
                out[v, u, c] = output[np.uint32(fine[u])]


@compiled()
def finish_linear(
    linear: np.ndarray,
    channel: int,
    lo: float,
    gain: float,
    encode: np.ndarray,
    bank: np.ndarray,
    starts: np.ndarray,
    noise_scale: int,
    output: np.ndarray,
    out: np.ndarray,
    first: int,
) -> None:
    """Exposure, encoding, noise and tone curve of a band of one channel.

    Args:
        linear: float32 (R, W), linear light.
        channel: 0, 1, 2.
        lo, gain: exposure, fine value = (v − lo)·gain.
        encode: int16 (FINE_TOP + 1,), linear -> display; empty: the identity.
        bank: int16 (>= BANK_SIZE + 3·W,) noise samples; starts: int64 (H,), where each row begins in it.
        noise_scale: from ``noise.kernel_scale``; 0 = no noise, and ``encode`` is not used.
        output: uint8 (FINE_TOP + 1,), display -> code; without noise linear -> code.
        out: uint8 (H, W, 3), receives the band from row ``first`` on.
    """
    rows, width = linear.shape
    top = np.float32(FINE_TOP)
    zero = np.float32(0.0)
    half = np.float32(0.5)
    offset = np.float32(lo)
    factor = np.float32(gain)
    fine = np.empty(width, np.int32)
    for v in range(first, first + rows):
        source = linear[v - first]
        for u in range(width):
            fine[u] = np.int32(min(max((source[u] - offset) * factor, zero), top) + half)
        if noise_scale > 0:
            if encode.size > 0:
                for u in range(width):
                    fine[u] = encode[np.uint32(fine[u])]
            start = starts[v] + channel * width
            _add_noise(fine, bank[start : start + width], noise_scale)
        for u in range(width):
            out[v, u, channel] = output[np.uint32(fine[u])]
