"""How well a score ranks: ticks of positive zones against negative time, before any threshold (PROTOCOL §7).

AUROC is the Mann-Whitney probability with ties counted half; within-run AUROC is the mean over runs that
hold both classes and cannot be earned by telling conditions apart. AP is step-wise, ties in one step. TPR
at an FPR is the best that some threshold reaches at or below it, no interpolation. Scores are the final
statistic; a monitor fault ranks highest, as it raises the alarm. Intervals: bootstrap over runs of the
figures on 256 quantile bins of the score (the value is exact).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.rates import Rate, clustered_ratio, from_bootstrap, undefined
from harness.evaluation.statistics.bootstrap import SumStatistic, bootstrap, divide
from harness.evaluation.stretches import BoolArray

FloatArray = npt.NDArray[np.float64]

BINS = 256
FPR_POINTS = (0.01, 0.05)
ONE_CLASS = "only one class"


@dataclass(frozen=True)
class RankedRun:
    """Scores of one run in positive zones, (P,), and in negative time, (M,), faults as +inf, and its own AUROC."""

    positives: FloatArray
    negatives: FloatArray
    auroc: float | None

    @classmethod
    def of(cls, score: FloatArray, positive: BoolArray, negative: BoolArray) -> RankedRun:
        """From scores (N,) and which of its ticks are positive and negative, (N,) bool each."""
        positives, negatives = _faults_highest(score[positive]), _faults_highest(score[negative])
        return cls(positives, negatives, auroc(positives, negatives))


def auroc(positives: FloatArray, negatives: FloatArray) -> float | None:
    """P(a positive outranks a negative) + P(tie)/2; None if a class is empty."""
    if len(positives) == 0 or len(negatives) == 0:
        return None
    ordered = np.sort(negatives)
    below, not_above = np.searchsorted(ordered, positives, "left"), np.searchsorted(ordered, positives, "right")
    return 0.5 * float(below.sum() + not_above.sum()) / (len(positives) * len(negatives))


def average_precision(positives: FloatArray, negatives: FloatArray) -> float | None:
    """Step-wise Σ (R_k − R_{k−1}) P_k over distinct thresholds; None without a positive."""
    if len(positives) == 0:
        return None
    tp, fp = _cumulative(positives, negatives)
    precision = tp / (tp + fp)
    return float(np.sum(np.diff(tp, prepend=0.0) * precision) / len(positives))


def tpr_at_fpr(positives: FloatArray, negatives: FloatArray, fpr: float) -> float | None:
    """Highest TPR of a threshold whose FPR is at most ``fpr``; None if a class is empty."""
    if len(positives) == 0 or len(negatives) == 0:
        return None
    tp, fp = _cumulative(positives, negatives)
    allowed = fp <= fpr * len(negatives) + 1e-9
    return float(tp[allowed].max(initial=0.0) / len(positives))


def tpr_difference(
    runs: Sequence[RankedRun], others: Sequence[RankedRun], fpr: float, strata: Sequence[object], seed: int
) -> Rate:
    """TPR at an FPR of one score less that of another, bootstrap over pairs; in every draw each has its own threshold.

    Args:
        runs, others: the two scores in the same runs, in the same order, (R,) each. fpr: that both are held to.
        strata: conditions of the runs. seed: of the bootstrap.
    """
    pooled = [
        (np.concatenate([run.positives for run in side]), np.concatenate([run.negatives for run in side]))
        for side in (runs, others)
    ]
    k, n = len(pooled[0][0]), len(pooled[0][0]) + len(pooled[0][1])
    values = [tpr_at_fpr(positives, negatives, fpr) for positives, negatives in pooled]
    if values[0] is None or values[1] is None:
        return undefined(k, n, "bootstrap over pairs", ONE_CLASS)
    own, other = (histograms(side, np.concatenate(both)) for side, both in zip((runs, others), pooled, strict=True))
    tpr, width = binned_tpr_at(fpr), own.shape[1]

    def difference(sums: FloatArray) -> FloatArray:
        return tpr(sums[:, :width]) - tpr(sums[:, width:])

    interval = bootstrap(np.hstack([own, other]), {"difference": difference}, strata, seed)["difference"]
    return {**from_bootstrap(interval, k, n), "value": values[0] - values[1]}


def ranking_figures(runs: Sequence[RankedRun], strata: Sequence[object], seed: int) -> dict[str, Any]:
    """Pooled and within-run AUROC, AP with prevalence, TPR at 1 and 5 % FPR, each with an interval.

    Args:
        runs: one per shadow run. strata: their conditions. seed: of the bootstrap.
    """
    positives = np.concatenate([run.positives for run in runs]) if runs else np.zeros(0)
    negatives = np.concatenate([run.negatives for run in runs]) if runs else np.zeros(0)
    k, n = len(positives), len(positives) + len(negatives)
    figures: dict[str, Any] = {
        "auroc_pooled": undefined(k, n, "bootstrap over pairs", ONE_CLASS),
        "ap": undefined(k, n, "bootstrap over pairs", ONE_CLASS),
        "tpr_at_fpr_1pct": undefined(k, n, "bootstrap over pairs", ONE_CLASS),
        "tpr_at_fpr_5pct": undefined(k, n, "bootstrap over pairs", ONE_CLASS),
        "prevalence": clustered_ratio(
            [len(run.positives) for run in runs],
            [len(run.positives) + len(run.negatives) for run in runs],
            strata,
            seed,
        ),
        "auroc_within": _within(runs, strata, seed),
    }
    if len(positives) == 0 or len(negatives) == 0:
        return figures
    values = {
        "auroc_pooled": auroc(positives, negatives),
        "ap": average_precision(positives, negatives),
        "tpr_at_fpr_1pct": tpr_at_fpr(positives, negatives, FPR_POINTS[0]),
        "tpr_at_fpr_5pct": tpr_at_fpr(positives, negatives, FPR_POINTS[1]),
    }
    intervals = bootstrap(histograms(runs, np.concatenate([positives, negatives])), _BINNED, strata, seed)
    for name, value in values.items():
        figures[name] = {**from_bootstrap(intervals[name], k, n), "value": value}
    return figures


def _within(runs: Sequence[RankedRun], strata: Sequence[object], seed: int) -> Rate:
    values = [run.auroc for run in runs]
    usable = [value is not None for value in values]
    if not any(usable):
        return undefined(0, len(runs), "mean over runs, bootstrap", ONE_CLASS)
    rate = clustered_ratio([value or 0.0 for value in values], usable, strata, seed)
    return {**rate, "k": sum(usable), "n": len(runs), "method": f"mean over runs, {rate['method']}"}


def histograms(runs: Sequence[RankedRun], scores: FloatArray) -> FloatArray:
    """Positives, then negatives of each run in bins of falling score, (runs, 2 · bins).

    ``scores``: all of them, (N,); their quantiles are the edges of the bins.
    """
    finite = scores[np.isfinite(scores)]
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, BINS))) if len(finite) else np.zeros(1)

    def count(values: FloatArray) -> FloatArray:
        bins = np.searchsorted(edges, values, side="right")
        return np.bincount(bins, minlength=len(edges) + 1)[::-1].astype(np.float64)

    return np.array([np.concatenate([count(run.positives), count(run.negatives)]) for run in runs])


def _classes(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    half = sums.shape[1] // 2
    return sums[:, :half], sums[:, half:]


def binned_auroc(sums: FloatArray) -> FloatArray:
    """AUROC (B,) of sums of `histograms` over runs, (B, 2 · bins)."""
    positives, negatives = _classes(sums)
    below = negatives.sum(axis=1, keepdims=True) - np.cumsum(negatives, axis=1)
    u = np.sum(positives * (below + 0.5 * negatives), axis=1)
    return divide(u, positives.sum(axis=1) * negatives.sum(axis=1))


def _binned_average_precision(sums: FloatArray) -> FloatArray:
    positives, negatives = _classes(sums)
    tp, fp = np.cumsum(positives, axis=1), np.cumsum(negatives, axis=1)
    precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
    return divide(np.sum(positives * precision, axis=1), tp[:, -1])


def binned_tpr_at(fpr: float) -> SumStatistic:
    """TPR at an FPR, (B,), of sums of `histograms` over runs, (B, 2 · bins)."""

    def tpr(sums: FloatArray) -> FloatArray:
        positives, negatives = _classes(sums)
        tp, fp = np.cumsum(positives, axis=1), np.cumsum(negatives, axis=1)
        allowed = fp <= fpr * fp[:, -1:] + 1e-9
        return divide(np.where(allowed, tp, 0.0).max(axis=1), tp[:, -1])

    return tpr


_BINNED: dict[str, SumStatistic] = {
    "auroc_pooled": binned_auroc,
    "ap": _binned_average_precision,
    "tpr_at_fpr_1pct": binned_tpr_at(FPR_POINTS[0]),
    "tpr_at_fpr_5pct": binned_tpr_at(FPR_POINTS[1]),
}


def _cumulative(positives: FloatArray, negatives: FloatArray) -> tuple[FloatArray, FloatArray]:
    """True and false positives at each distinct threshold, highest first."""
    scores = np.concatenate([positives, negatives])
    order = np.argsort(-scores, kind="stable")
    labels = np.concatenate([np.ones(len(positives)), np.zeros(len(negatives))])[order]
    ordered = scores[order]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    tp = np.cumsum(labels)[last]
    return tp, last + 1.0 - tp


def _faults_highest(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), np.inf, values)
