"""Auto exposure: a linear map per frame, from a range of the input's histogram to 0..255.

After Hagn and Grau (2022): 255·(v − lo)/(hi − lo), clipped; lo is the picture's minimum, hi such that
``saturation_percent`` of its values (all channels together) lie above. One gain for all channels, every
frame on its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensor_sim.compiled import compiled
from sensor_sim.effects.definition import HAGN_GRAU, EffectDefinition, NumberParameter, SeverityAxis, Stage

DEFINITION = EffectDefinition(
    "exposure",
    (NumberParameter("saturation_percent", "% of values", 0.0, 50.0),),
    Stage.SENSOR,
    summary="Automatic exposure of every frame on its own, with a share of values that it lets saturate.",
    formula="x = 255·(L − lo)/(hi − lo), clipped; lo = minimum, hi = the (100 − saturation_percent)-th percentile",
    source=HAGN_GRAU,
    axis=SeverityAxis("saturation_percent", 0.0, 50.0),
)


@compiled()
def count_codes(codes: np.ndarray, counts: np.ndarray) -> None:
    """Histogram of a flat uint8 array.

    Args:
        codes: uint8 (N,).
        counts: int32 (4, 256), receives four partial histograms: neighbouring values are mostly equal, and
            counting them in one table would make each addition wait for the one before.
    """
    counts[:] = 0
    whole = codes.size // 4 * 4
    for i in range(0, whole, 4):
        counts[0, codes[i]] += 1
        counts[1, codes[i + 1]] += 1
        counts[2, codes[i + 2]] += 1
        counts[3, codes[i + 3]] += 1
    for i in range(whole, codes.size):
        counts[0, codes[i]] += 1


def measure_range(
    counts: npt.NDArray[np.int64], decode: npt.NDArray[np.float32], saturation_percent: float
) -> tuple[float, float] | None:
    """Histogram range [lo, hi] in linear light.

    A code stands for all values from half a code below to half a code above it, so hi moves smoothly with
    the picture instead of jumping from code to code.

    Args:
        counts: (256,) how often each code occurs.
        decode: (256,) linear light of each code, ascending.
        saturation_percent: share of values above hi, 0..50 %.

    Returns:
        (lo, hi) with lo < hi, or None for a flat picture, which has no range.
    """
    used = np.flatnonzero(counts)
    darkest, brightest = int(used[0]), int(used[-1])
    wanted_below = (1.0 - saturation_percent / 100.0) * float(counts.sum())
    below = np.cumsum(counts)
    code = int(np.searchsorted(below, wanted_below))
    inside = (wanted_below - float(below[code] - counts[code])) / float(counts[code])
    hi_code = min(max(code - 0.5 + inside, float(darkest)), float(brightest))
    lo = float(decode[darkest])
    hi = float(np.interp(hi_code, np.arange(256), decode.astype(np.float64)))
    return (lo, hi) if hi > lo else None


def range_at(measured: tuple[float, float] | None, level: float, gain: float) -> tuple[float, float]:
    """Range of linear light that becomes 0..255.

    Without auto exposure this is [0, 1/gain]; at level 1 it is the measured range, whatever the gain,
    because the measurement sees the gain too; in between, the two are mixed.

    Args:
        measured: (lo, hi) of the picture before gain, None if there is none.
        level: severity of the auto exposure, 0..1.
        gain: factor of the fixed exposure.
    """
    if measured is None:
        return 0.0, 1.0 / gain
    lo, hi = measured
    return level * lo, (1.0 - level) / gain + level * hi
