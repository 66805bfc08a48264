"""Ways to set a threshold from calibration runs, each a function of numbers (PROTOCOL §5, T1, T2, T4, T5).

T3, conformal per condition group, is T2 on the runs of each group (``thresholds.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import gamma

FloatArray = npt.NDArray[np.float64]

MIN_GAMMA_WINDOWS = 20
ADAPTIVE_RATE = 0.005


def gamma_threshold(window_maxima: npt.ArrayLike, confidence: float) -> float | None:
    """T1, as published: quantile of a Gamma distribution (location 0) fitted to 1 s window maxima, zeros dropped.

    Returns:
        None for fewer than 20 windows, for a constant, or for scores below zero, which no Gamma distribution has.
    """
    values = np.asarray(window_maxima, dtype=np.float64)
    values = values[np.isfinite(values) & (values != 0.0)]
    if len(values) < MIN_GAMMA_WINDOWS or values.min() < 0.0 or np.ptp(values) <= 1e-9 * values.max():
        return None
    shape, _, scale = gamma.fit(values, floc=0.0)
    return float(gamma.ppf(confidence, shape, scale=scale))


def conformal_threshold(run_maxima: Sequence[float] | FloatArray, alpha: float) -> float | None:
    """T2: the ⌈(n+1)(1−α)⌉-th smallest of n run maxima; a fresh exchangeable run exceeds it with probability ≤ α.

    Returns:
        None when n < 1/α − 1 ("not enough runs") or when that maximum is infinite (the monitor failed in too
        many runs).
    """
    maxima = np.sort(np.asarray(run_maxima, dtype=np.float64))
    rank = math.ceil((len(maxima) + 1) * (1.0 - alpha) - 1e-9)
    if not 1 <= rank <= len(maxima) or not np.isfinite(maxima[rank - 1]):
        return None
    return float(maxima[rank - 1])


def cheapest(misses: npt.ArrayLike, false_episodes: npt.ArrayLike, miss_over_false: float) -> int:
    """T4: index of the candidate with the smallest ``miss_over_false · misses + false episodes``.

    Candidates run from strict to loose; of equal ones the strictest wins.
    """
    cost = miss_over_false * np.asarray(misses, dtype=np.float64) + np.asarray(false_episodes, dtype=np.float64)
    return int(np.argmin(cost))


@dataclass(frozen=True)
class AdaptiveStep:
    """T5 before one run: the threshold, and whether the run's maximum exceeded it."""

    theta: float
    exceeded: bool


def adaptive_conformal(
    calibration_maxima: Sequence[float] | FloatArray,
    run_maxima: Sequence[float] | FloatArray,
    alpha: float,
    rate: float = ADAPTIVE_RATE,
) -> list[AdaptiveStep]:
    """T5: conformal with a level that follows the stream: α ← α + rate · (target − exceeded) after each run.

    The share of exceedances tends to ``alpha`` even where conditions drift (Gibbs & Candès 2021). A level at or below 0
    gives θ = +∞, one at or above 1 θ = −∞.

    Args:
        calibration_maxima: run maxima of the calibration runs. run_maxima: of the stream, in its order.
        alpha: target share of runs with a false alarm. rate: step of the level.
    """
    ordered = np.sort(np.asarray(calibration_maxima, dtype=np.float64))
    level, steps = alpha, []
    for maximum in np.asarray(run_maxima, dtype=np.float64).tolist():
        rank = math.ceil((len(ordered) + 1) * (1.0 - level) - 1e-9)
        theta = -math.inf if rank < 1 else math.inf if rank > len(ordered) else float(ordered[rank - 1])
        exceeded = maximum > theta
        steps.append(AdaptiveStep(theta, exceeded))
        level += rate * (alpha - exceeded)
    return steps
