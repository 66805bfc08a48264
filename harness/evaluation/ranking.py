"""How well a score ranks: ticks of positive zones against negative time, before any threshold (PROTOCOL §7).

AUROC is the Mann-Whitney probability with ties counted half; within-run AUROC is the mean over runs that
hold both classes and cannot be earned by telling conditions apart. AP is step-wise, ties in one step. TPR
at an FPR is the best that some threshold reaches at or below it, no interpolation. Scores are the final
statistic; a monitor fault ranks highest, as it raises the alarm. Intervals: bootstrap over runs of the
figures on 256 quantile bins of the score (the value is exact).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from harness.evaluation.rates import Rate, clustered_ratio, from_bootstrap, undefined
from harness.evaluation.statistics.bootstrap import bootstrap
from harness.evaluation.stretches import BoolArray

FloatArray = npt.NDArray[np.float64]

BINS = 256
FPR_POINTS = (0.01, 0.05)
ONE_CLASS = "only one class"


@dataclass(frozen=True)
class RankedRun:
    """Scores of one run, (N,) float64, and which of its ticks are positive and negative, (N,) bool."""

    score: FloatArray
    positive: BoolArray
    negative: BoolArray

    @property
    def positives(self) -> FloatArray:
        """Scores in positive zones, faults as +inf."""
        return _faults_highest(self.score[self.positive])

    @property
    def negatives(self) -> FloatArray:
        """Scores in negative time, faults as +inf."""
        return _faults_highest(self.score[self.negative])


def auroc(positives: FloatArray, negatives: FloatArray) -> float | None:
    """P(a positive outranks a negative) + P(tie)/2; None if a class is empty."""
    if len(positives) == 0 or len(negatives) == 0:
        return None
    ranks = rankdata(np.concatenate([positives, negatives]))[: len(positives)]
    u = float(ranks.sum()) - len(positives) * (len(positives) + 1) / 2.0
    return u / (len(positives) * len(negatives))


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
    histogram = _Histogram(runs, np.concatenate([positives, negatives]))
    for name, value, of_weights in (
        ("auroc_pooled", auroc(positives, negatives), histogram.auroc),
        ("ap", average_precision(positives, negatives), histogram.average_precision),
        ("tpr_at_fpr_1pct", tpr_at_fpr(positives, negatives, FPR_POINTS[0]), histogram.tpr_at(FPR_POINTS[0])),
        ("tpr_at_fpr_5pct", tpr_at_fpr(positives, negatives, FPR_POINTS[1]), histogram.tpr_at(FPR_POINTS[1])),
    ):
        figures[name] = {**from_bootstrap(bootstrap(of_weights, strata, seed), k, n), "value": value}
    return figures


def _within(runs: Sequence[RankedRun], strata: Sequence[object], seed: int) -> Rate:
    values = [auroc(run.positives, run.negatives) for run in runs]
    usable = [value is not None for value in values]
    if not any(usable):
        return undefined(0, len(runs), "mean over runs, bootstrap", ONE_CLASS)
    rate = clustered_ratio([value or 0.0 for value in values], usable, strata, seed)
    return {**rate, "k": sum(usable), "n": len(runs), "method": f"mean over runs, {rate['method']}"}


class _Histogram:
    """Positives and negatives of each run in bins of falling score, so that a draw is one matrix product."""

    def __init__(self, runs: Sequence[RankedRun], scores: FloatArray) -> None:
        finite = scores[np.isfinite(scores)]
        edges = np.unique(np.quantile(finite, np.linspace(0, 1, BINS))) if len(finite) else np.zeros(1)

        def count(values: FloatArray) -> FloatArray:
            bins = np.searchsorted(edges, values, side="right")
            return np.bincount(bins, minlength=len(edges) + 1)[::-1].astype(np.float64)

        self._positives = np.array([count(run.positives) for run in runs])
        self._negatives = np.array([count(run.negatives) for run in runs])

    def _counts(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        return weights @ self._positives, weights @ self._negatives

    def auroc(self, weights: FloatArray) -> FloatArray:
        """AUROC per row of weights, (B,)."""
        positives, negatives = self._counts(weights)
        below = negatives.sum(axis=1, keepdims=True) - np.cumsum(negatives, axis=1)
        u = np.sum(positives * (below + 0.5 * negatives), axis=1)
        return _divide(u, positives.sum(axis=1) * negatives.sum(axis=1))

    def average_precision(self, weights: FloatArray) -> FloatArray:
        """Step-wise AP per row of weights, (B,)."""
        positives, negatives = self._counts(weights)
        tp, fp = np.cumsum(positives, axis=1), np.cumsum(negatives, axis=1)
        precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
        return _divide(np.sum(positives * precision, axis=1), tp[:, -1])

    def tpr_at(self, fpr: float) -> Callable[[FloatArray], FloatArray]:
        """The function weights -> TPR at ``fpr``, (B,)."""

        def tpr(weights: FloatArray) -> FloatArray:
            positives, negatives = self._counts(weights)
            tp, fp = np.cumsum(positives, axis=1), np.cumsum(negatives, axis=1)
            allowed = fp <= fpr * fp[:, -1:] + 1e-9
            return _divide(np.where(allowed, tp, 0.0).max(axis=1), tp[:, -1])

        return tpr


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


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    return np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1.0), np.nan)
