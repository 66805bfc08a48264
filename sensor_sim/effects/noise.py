"""Noise: zero-mean Gaussian, independent of the signal, of the pixel and of the channel.

``sigma_dn`` is in grey levels (DN, 0..255) of the exposed 8-bit picture. Hagn and Grau (2022) add the noise
in linear light before the exposure's linear map; sigma_lin = sigma_dn·(hi − lo)/255 there is the same as
sigma_dn after that map, which is where the kernel adds it. (Their start value N(0, 3) is a
variance: sigma 1.73.)

The samples come from one fixed bank of 4 Mi values; each row of each frame starts at its own place, hashed
from (seed, tick, row). So a frame's noise depends on nothing else, and costs one addition per value.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sensor_sim.compiled import compiled
from sensor_sim.effects.definition import HAGN_GRAU, EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.kernel import FINE_STEPS, NOISE_BITS

DEFINITION = EffectDefinition(
    "noise",
    (NumberParameter("sigma_dn", "grey levels", 0.0, 100.0, neutral=0.0),),
    Stage.SENSOR,
    summary="Gaussian noise that does not depend on the signal, the pixel or the channel.",
    formula="x' = x + n, n ~ N(0, sigma_dn²), added to the exposed picture before gamma",
    source=HAGN_GRAU,
    axis=SeverityAxis("sigma_dn", 0.0, 100.0),
)

BANK_SIZE = 1 << 22
BANK_UNIT = 4096
"""Bank values are int16, this many per standard deviation."""

_QUANTILES = 1 << 16
_BANK_SEED = 0x5EED_CA3E


def sigma_at(sigma_dn: float, level: float) -> float:
    """Standard deviation at severity ``level`` (0..1), grey levels."""
    return level * sigma_dn


def kernel_scale(sigma_dn: float) -> int:
    """Factor from bank values to the kernel's fine steps, in binary fixed point."""
    return round(sigma_dn * FINE_STEPS * (1 << NOISE_BITS) / BANK_UNIT)


@compiled()
def mix64(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser (Steele et al. 2014): a bijection of 64 bits without visible structure."""
    z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled()
def _fill_bank(seed: np.uint64, quantiles: np.ndarray, bank: np.ndarray) -> None:
    for i in range(0, bank.size, 4):
        bits = mix64(np.uint64(seed) + np.uint64(i))
        for j in range(4):
            bank[i + j] = quantiles[bits & np.uint64(0xFFFF)]
            bits >>= np.uint64(16)


@lru_cache(maxsize=4)
def noise_bank(row_values: int) -> npt.NDArray[np.int16]:
    """Standard normal samples times ``BANK_UNIT``, with room for a row that starts at the last place.

    Args:
        row_values: values in one row, 3·W.

    Returns:
        int16 (BANK_SIZE + row_values rounded up to 4,), read-only; the first BANK_SIZE samples do not
        depend on it.
    """
    quantiles = np.round(BANK_UNIT * ndtri((np.arange(_QUANTILES) + 0.5) / _QUANTILES)).astype(np.int16)
    bank = np.empty(BANK_SIZE + -(-row_values // 4) * 4, np.int16)
    _fill_bank(np.uint64(_BANK_SEED), quantiles, bank)
    bank.setflags(write=False)
    return bank


@compiled()
def row_starts(seed: np.uint64, tick: int, rows: int) -> np.ndarray:
    """Where in the bank each row of the frame at ``tick`` begins, int64 (rows,), 0 .. BANK_SIZE − 1."""
    starts = np.empty(rows, np.int64)
    frame_bits = mix64(mix64(np.uint64(seed)) ^ np.uint64(tick))
    for v in range(rows):
        starts[v] = np.int64(mix64(frame_bits ^ np.uint64(v)) >> np.uint64(42))
    return starts
