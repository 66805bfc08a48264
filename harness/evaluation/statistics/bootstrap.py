"""Bootstrap over independent units (pairs), stratified by condition: percentile and BCa intervals.

A draw is a row of weights: how often each unit was drawn. A statistic that accepts a matrix of weights is
evaluated for all draws, for the data themselves (all ones) and for the jackknife (one zero) by the same
code. BCa: Efron & Tibshirani 1993, eq. 14.9-14.15; bias from the draws (ties counted half), acceleration
from the jackknife.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

FloatArray = npt.NDArray[np.float64]
WeightedStatistic = Callable[[FloatArray], FloatArray]

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
@lru_cache(maxsize=8)
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
    statistic: WeightedStatistic,
    strata: Sequence[object],
    seed: int,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> BootstrapInterval:
    """Percentile and BCa interval of a statistic over units.

    Args:
        statistic: maps weights (B, U) to values (B,), NaN where undefined.
        strata: stratum of each of the U units.
        seed: of the generator that draws.
        draws, confidence: number of resamples; coverage wanted.
    """
    units = len(strata)
    if units == 0:
        return UNDEFINED
    value = float(statistic(np.ones((1, units)))[0])
    if not np.isfinite(value):
        return UNDEFINED
    samples = statistic(stratified_weights(strata, draws, seed))
    defined = samples[np.isfinite(samples)]
    if units < 2 or len(defined) < (1.0 - MAX_UNDEFINED_SHARE) * draws:
        return BootstrapInterval(value, None, None, None, None)
    tails = np.array([(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    low, high = np.quantile(defined, tails)
    jackknife = statistic(1.0 - np.eye(units))
    low_bca, high_bca = np.quantile(defined, _bca_levels(value, defined, jackknife, tails))
    return BootstrapInterval(value, float(low), float(high), float(low_bca), float(high_bca))


def bootstrap_ratio(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    strata: Sequence[object],
    seed: int,
    draws: int = DRAWS,
) -> BootstrapInterval:
    """Interval of Σ numerators / Σ denominators over units, each (U,)."""
    top = np.asarray(numerators, dtype=np.float64)
    bottom = np.asarray(denominators, dtype=np.float64)
    return bootstrap(lambda weights: ratio_of_sums(weights, top, bottom), strata, seed, draws)


def ratio_of_sums(weights: FloatArray, numerators: FloatArray, denominators: FloatArray) -> FloatArray:
    """Σ w·numerator / Σ w·denominator per row of weights, (B,), NaN where the denominator is not positive."""
    total = weights @ denominators
    return np.where(total > 0.0, (weights @ numerators) / np.where(total > 0.0, total, 1.0), np.nan)


def _bca_levels(value: float, samples: FloatArray, jackknife: FloatArray, tails: FloatArray) -> FloatArray:
    below = float(np.count_nonzero(samples < value) + 0.5 * np.count_nonzero(samples == value)) / len(samples)
    # All draws on one side would give an infinite bias: half a draw is the finest this sample can resolve.
    below = min(max(below, 0.5 / len(samples)), 1.0 - 0.5 / len(samples))
    bias = norm.ppf(below)
    defined = jackknife[np.isfinite(jackknife)]
    deviation = defined.mean() - defined if len(defined) else np.zeros(1)
    spread = float(np.sum(deviation**2)) ** 1.5
    acceleration = float(np.sum(deviation**3)) / (6.0 * spread) if spread > 0.0 else 0.0
    shifted = bias + norm.ppf(tails)
    return np.asarray(norm.cdf(bias + shifted / (1.0 - acceleration * shifted)))
