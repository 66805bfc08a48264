"""Rate objects: a figure never stands without its counts and its interval (docs/architecture.md §8).

``{"value", "k", "n", "low", "high", "method"}``, with ``reason`` where the value or its interval is null.
Undefined is null, never 0. A proportion of fewer than ten trials is not printed as a rate: the counts and
the exact interval say what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.statistics.bootstrap import BootstrapInterval, bootstrap_ratio
from harness.evaluation.statistics.intervals import clopper_pearson, poisson_rate

Rate = dict[str, Any]
FloatArray = npt.NDArray[np.float64]

MIN_EVENTS = 10
TOO_FEW = "fewer than 10 events"
NO_TRIALS = "no trials"
NO_INTERVAL = "too few pairs for an interval"


def proportion(k: int, n: int) -> Rate:
    """k of n independent trials, Clopper-Pearson 95 %; null value below ten trials."""
    if n == 0:
        return _rate(None, k, n, None, None, "clopper-pearson", NO_TRIALS)
    low, high = clopper_pearson(k, n)
    few = n < MIN_EVENTS
    return _rate(None if few else k / n, k, n, low, high, "clopper-pearson", TOO_FEW if few else None)


def per_exposure(count: int, exposure: float) -> Rate:
    """Events per km or per minute, exact Poisson 95 %; ``n`` is the exposure."""
    if exposure <= 0.0:
        return _rate(None, count, exposure, None, None, "poisson-exact", NO_TRIALS)
    low, high = poisson_rate(count, exposure)
    return _rate(count / exposure, count, exposure, low, high, "poisson-exact", None)


def clustered_ratio(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    strata: Sequence[object],
    seed: int,
    is_share: bool = True,
) -> Rate:
    """Σ numerators / Σ denominators where the units, not the trials, are independent (frames of one run are not).

    Where every unit shows 0 %, or every unit 100 %, all draws are alike and a bootstrap would claim certainty; the
    interval of such a share is Clopper-Pearson over the units that have trials.

    Args:
        numerators, denominators: one entry per independent unit (pair), each (U,).
        strata: condition of each unit.
        seed: of the bootstrap.
        is_share: the ratio lies in [0, 1]; False for means of errors and the like.
    """
    top, bottom = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    return ratio_rate(top, bottom, lambda: bootstrap_ratio(top, bottom, strata, seed), is_share)


def ratio_rate(
    top: FloatArray, bottom: FloatArray, interval: Callable[[], BootstrapInterval], is_share: bool = True
) -> Rate:
    """:func:`clustered_ratio` from an interval that was bootstrapped together with others, (U,) each."""
    k, n = float(top.sum()), float(bottom.sum())
    nowhere, everywhere = not top.any(), bool((top == bottom).all())
    if n > 0 and is_share and (nowhere or everywhere):
        units = int(np.count_nonzero(bottom))
        low, high = clopper_pearson(units if everywhere else 0, units)
        rate = _rate(k / n, k, n, low, high, "clopper-pearson over pairs", None)
        return {**rate, "low_bca": None, "high_bca": None}
    return from_bootstrap(interval(), k, n, NO_TRIALS if n == 0 else None)


def from_bootstrap(interval: BootstrapInterval, k: float, n: float, reason: str | None = None) -> Rate:
    """A rate object from a bootstrap over units, percentile interval with the BCa one beside it."""
    value = None if reason else interval.value
    if value is not None and interval.low is None:
        reason = NO_INTERVAL
    rate = _rate(value, k, n, interval.low, interval.high, "bootstrap over pairs, percentile", reason)
    return {**rate, "low_bca": interval.low_bca, "high_bca": interval.high_bca}


def undefined(k: float, n: float, method: str, reason: str) -> Rate:
    """A rate object without a value, and why."""
    return _rate(None, k, n, None, None, method, reason)


def _rate(
    value: float | None,
    k: float,
    n: float,
    low: float | None,
    high: float | None,
    method: str,
    reason: str | None,
) -> Rate:
    rate: Rate = {"value": value, "k": k, "n": n, "low": low, "high": high, "method": method}
    return rate if reason is None else {**rate, "reason": reason}
