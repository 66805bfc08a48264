"""How far probabilities are from frequencies: Brier score, likelihood, calibration error and its noise floor.

Calibration error over equal bins of the score (and of side features, D-ECE): Σ (N_m / N) |frequency_m − mean score_m|.
The weight is N_m / N; with 1 / N_m, as one textbook prints, any score tends to 0 as data grow. A perfectly calibrated
score still shows Σ (N_m / N) · sqrt(2 p_m (1 − p_m) / (π N_m)): an error below that floor means nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.evaluation.statistics.bootstrap import divide

FloatArray = npt.NDArray[np.float64]

ECE_BINS = 20
NLL_CLIP = 1e-6


def brier(probability: FloatArray, outcome: npt.ArrayLike) -> float:
    """Mean (p − y)²."""
    return float(np.mean((probability - np.asarray(outcome, dtype=np.float64)) ** 2))


def negative_log_likelihood(probability: FloatArray, outcome: npt.ArrayLike) -> float:
    """Mean −(y ln p + (1 − y) ln(1 − p)), natural units, p clipped to [1e-6, 1 − 1e-6]."""
    p, y = np.clip(probability, NLL_CLIP, 1.0 - NLL_CLIP), np.asarray(outcome, dtype=np.float64)
    return float(-np.mean(y * np.log(p) + (1.0 - y) * np.log1p(-p)))


def bin_index(values: FloatArray, bins: int) -> npt.NDArray[np.int64]:
    """Equal bins of [0, 1], the last one closed, (N,)."""
    return np.minimum((np.asarray(values) * bins).astype(np.int64), bins - 1)


def ece(probability: FloatArray, outcome: npt.ArrayLike, bins: int = ECE_BINS) -> float:
    """Expected calibration error over equal bins of the probability, (N,) each."""
    return detailed_ece(probability, outcome, np.zeros((len(probability), 0)), bins, min_count=1)


def detailed_ece(
    probability: FloatArray, outcome: npt.ArrayLike, features: FloatArray, bins: int, min_count: int = 8
) -> float:
    """D-ECE over a grid of equal bins in probability and side features; not comparable between feature sets.

    Args:
        probability: (N,). outcome: (N,), 0 or 1. features: (N, Q), scaled to [0, 1].
        bins: per dimension. min_count: cells with fewer samples are left out and the rest renormalised.
    """
    cell = bin_index(probability, bins)
    for feature in features.T:
        cell = cell * bins + bin_index(feature, bins)
    _, cell = np.unique(cell, return_inverse=True)
    count = np.bincount(cell).astype(np.float64)
    confidence: FloatArray = np.bincount(cell, weights=probability).astype(np.float64)
    frequency: FloatArray = np.bincount(cell, weights=np.asarray(outcome, dtype=np.float64)).astype(np.float64)
    kept = count >= min_count
    return float(ece_of_bins(count[None, kept], confidence[None, kept], frequency[None, kept])[0])


def ece_of_bins(count: FloatArray, confidence: FloatArray, frequency: FloatArray) -> FloatArray:
    """ECE per row of bin sums, (B, bins) each: Σ |Σy − Σp| / N, NaN without a sample."""
    return divide(np.abs(frequency - confidence).sum(axis=1), count.sum(axis=1))


def maximum_and_average_error(probability: FloatArray, outcome: npt.ArrayLike, bins: int = 10) -> tuple[float, float]:
    """(MCE, ACE): largest and unweighted mean gap over the filled bins."""
    index = bin_index(probability, bins)
    count = np.bincount(index, minlength=bins)
    filled = count > 0
    gap = np.bincount(index, weights=np.asarray(outcome, dtype=np.float64) - probability, minlength=bins)
    gaps = np.abs(gap[filled]) / count[filled]
    return float(gaps.max()), float(gaps.mean())


def noise_floor(count: FloatArray, mean_probability: FloatArray) -> float | None:
    """The calibration error that a perfectly calibrated score shows on average.

    Args:
        count: independent samples by bin, (M,). mean_probability: by bin, (M,).

    Returns:
        None without a sample.
    """
    filled = count > 0
    n, p = count[filled], mean_probability[filled]
    if len(n) == 0:
        return None
    return float(np.sum(n / n.sum() * np.sqrt(2.0 * p * (1.0 - p) / (np.pi * n))))


def ece_noise_floor(probability: FloatArray, bins: int = ECE_BINS) -> float | None:
    """Noise floor of :func:`ece` for independent samples, (N,)."""
    index = bin_index(probability, bins)
    count = np.bincount(index, minlength=bins).astype(np.float64)
    mean = np.bincount(index, weights=probability, minlength=bins) / np.maximum(count, 1.0)
    return noise_floor(count, mean)
