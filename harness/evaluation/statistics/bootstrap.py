"""Bootstrap over independent units (pairs), stratified by condition: percentile and BCa intervals.

A draw is a row of weights: how often each unit was drawn. Every statistic here is a function of column sums over
units, so one matrix product gives all draws, and subtracting a unit's row from the total gives its jackknife value.
BCa: Efron & Tibshirani 1993, eq. 14.9-14.15; bias from the draws (ties counted half), acceleration from the jackknife.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

FloatArray = npt.NDArray[np.float64]
SumStatistic = Callable[[FloatArray], FloatArray]

DRAWS = 2_000
CONFIDENCE = 0.95
# A ratio is undefined in a draw without a trial; an interval from the rest would be too narrow.
MAX_UNDEFINED_SHARE = 0.05
# A stratum of m units keeps only (m − 1)/m of its variance, one of a single unit none: small ones are pooled.
MIN_STRATUM_UNITS = 5


@dataclass(frozen=True)
class BootstrapInterval:
    """Interval ends of a bootstrapped statistic; None where it is undefined or its draws mostly are."""

    value: float | None
    low: float | None
    high: float | None
    low_bca: float | None
    high_bca: float | None


UNDEFINED = BootstrapInterval(None, None, None, None, None)


def stratified_weights(strata: Sequence[object], draws: int, seed: int) -> FloatArray:
    """Weights of ``draws`` resamples, (draws, len(strata)) float64, read-only.

    Each stratum keeps its size in every draw; strata of fewer than five units are drawn as one.
    """
    return _weights(tuple(str(stratum) for stratum in strata), draws, seed)


# Every figure of a campaign is drawn over the same pairs with the same seed.
@lru_cache(maxsize=4)
def _weights(labels: tuple[str, ...], draws: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    weights = np.zeros((draws, len(labels)))
    sizes = Counter(labels)
    large = sorted(label for label, size in sizes.items() if size >= MIN_STRATUM_UNITS)
    groups = [[k for k, other in enumerate(labels) if other == label] for label in large]
    groups.append([k for k, label in enumerate(labels) if sizes[label] < MIN_STRATUM_UNITS])
    for members in filter(None, groups):
        weights[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=draws)
    weights.flags.writeable = False
    return weights


def bootstrap(
    columns: FloatArray,
    statistics: Mapping[str, SumStatistic],
    strata: Sequence[object],
    seed: int,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> dict[str, BootstrapInterval]:
    """Percentile and BCa intervals of several statistics of the same column sums.

    Args:
        columns: one row per unit, (U, C).
        statistics: each maps column sums (B, C) to values (B,), NaN where undefined.
        strata: stratum of each of the U units.
        seed: of the generator that draws.
        draws, confidence: number of resamples; coverage wanted.
    """
    units = len(strata)
    if units == 0:
        return dict.fromkeys(statistics, UNDEFINED)
    total = columns.sum(axis=0, keepdims=True)
    drawn = stratified_weights(strata, draws, seed) @ columns if units > 1 else None
    left_out = total - columns
    return {name: _interval(statistic, total, drawn, left_out, confidence) for name, statistic in statistics.items()}


def bootstrap_ratio(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    strata: Sequence[object],
    seed: int,
    draws: int = DRAWS,
) -> BootstrapInterval:
    """Interval of Σ numerators / Σ denominators over units, each (U,)."""
    columns = np.column_stack([np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)])
    return bootstrap(columns, {"ratio": ratio_of(0, 1)}, strata, seed, draws)["ratio"]


def ratio_of(numerator: int, denominator: int) -> SumStatistic:
    """The statistic sums[:, numerator] / sums[:, denominator], NaN where the denominator is not positive."""

    def ratio(sums: FloatArray) -> FloatArray:
        return divide(sums[:, numerator], sums[:, denominator])

    return ratio


def divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Elementwise quotient, NaN where the denominator is not positive."""
    return np.where(denominator > 0.0, numerator / np.where(denominator > 0.0, denominator, 1.0), np.nan)


def _interval(
    statistic: SumStatistic, total: FloatArray, drawn: FloatArray | None, left_out: FloatArray, confidence: float
) -> BootstrapInterval:
    value = float(statistic(total)[0])
    if not np.isfinite(value):
        return UNDEFINED
    samples = statistic(drawn) if drawn is not None else np.zeros(0)
    defined = samples[np.isfinite(samples)]
    if drawn is None or len(defined) < (1.0 - MAX_UNDEFINED_SHARE) * len(samples):
        return BootstrapInterval(value, None, None, None, None)
    tails = np.array([(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    levels = np.concatenate([tails, _bca_levels(value, defined, statistic(left_out), tails)])
    low, high, low_bca, high_bca = np.quantile(defined, levels).tolist()
    return BootstrapInterval(value, low, high, low_bca, high_bca)


def _bca_levels(value: float, samples: FloatArray, jackknife: FloatArray, tails: FloatArray) -> FloatArray:
    below = float(np.count_nonzero(samples < value) + 0.5 * np.count_nonzero(samples == value)) / len(samples)
    # All draws on one side would give an infinite bias: half a draw is the finest this sample can resolve.
    below = min(max(below, 0.5 / len(samples)), 1.0 - 0.5 / len(samples))
    bias = ndtri(below)
    defined = jackknife[np.isfinite(jackknife)]
    deviation = defined.mean() - defined if len(defined) else np.zeros(1)
    spread = float(np.sum(deviation**2)) ** 1.5
    acceleration = float(np.sum(deviation**3)) / (6.0 * spread) if spread > 0.0 else 0.0
    shifted = bias + ndtri(tails)
    return np.asarray(ndtr(bias + shifted / (1.0 - acceleration * shifted)))
