"""Maps from a monitor's score to a probability, fitted on calibration runs (book: confidence calibration).

* ``HistogramBinning``: frequency of events in equal bins of the score, on a grid with side features.
* ``LogisticCalibration``: logistic regression on logit(score) (Platt).
* ``BetaCalibration``: logistic regression on [ln p, −ln(1 − p)], both slopes ≥ 0 (Kull et al. 2017).
* ``MultivariateLogistic``: logistic regression on logit(score), side features and their products. Two Gaussian class
  densities with full covariances give exactly this quadratic log ratio.

Monotone maps (logistic, beta) leave rankings alone. Default to one dimension; a map with side features is worth it only
if the likelihood on held-out runs improves. Split by run, never by frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

FloatArray = npt.NDArray[np.float64]

CLIP = 1e-6
RIDGE = 1e-6


class CalibrationError(ValueError):
    """Data that no calibration can be fitted on."""


@dataclass(frozen=True)
class HistogramBinning:
    """Frequencies on a grid of equal bins; an empty cell answers with the frequency of its score alone, an empty score
    bin with the score itself.

    Attributes:
        grid: (bins, …), NaN where empty. by_score: (bins,).
    """

    grid: FloatArray
    by_score: FloatArray

    @classmethod
    def fit(
        cls, score: FloatArray, outcome: FloatArray, bins: int = 20, features: FloatArray | None = None
    ) -> HistogramBinning:
        """Fit on scores in [0, 1], (N,), outcomes 0 or 1, (N,), and features in [0, 1], (N, Q)."""
        _check(score, outcome)
        cells = _cells(score, features, bins)
        shape = (bins,) * len(cells)
        flat = np.ravel_multi_index(cells, shape)
        return cls(_frequency(flat, outcome, int(np.prod(shape))).reshape(shape), _frequency(cells[0], outcome, bins))

    def predict(self, score: FloatArray, features: FloatArray | None = None) -> FloatArray:
        """Calibrated probability, (N,)."""
        cells = _cells(score, features, len(self.by_score))
        fallback = np.where(np.isnan(self.by_score[cells[0]]), score, self.by_score[cells[0]])
        found = self.grid[cells]
        return np.where(np.isnan(found), fallback, found)


@dataclass(frozen=True)
class LogisticCalibration:
    """sigmoid(slope · logit(p) + intercept)."""

    slope: float
    intercept: float

    @classmethod
    def fit(cls, score: FloatArray, outcome: FloatArray) -> LogisticCalibration:
        """Fit on scores in [0, 1], (N,), and outcomes 0 or 1, (N,)."""
        _check(score, outcome)
        intercept, slope = _logistic(_with_one(_logit(score)), outcome).tolist()
        return cls(slope, intercept)

    def predict(self, score: FloatArray) -> FloatArray:
        """Calibrated probability, (N,)."""
        return np.asarray(expit(self.slope * _logit(score) + self.intercept))


@dataclass(frozen=True)
class BetaCalibration:
    """sigmoid(a ln p − b ln(1 − p) + c), a, b ≥ 0."""

    a: float
    b: float
    c: float

    @classmethod
    def fit(cls, score: FloatArray, outcome: FloatArray) -> BetaCalibration:
        """Fit on scores in [0, 1], (N,), and outcomes 0 or 1, (N,)."""
        _check(score, outcome)
        c, a, b = _logistic(_with_one(*_log_pair(score)), outcome, nonnegative_slopes=True).tolist()
        return cls(a, b, c)

    def predict(self, score: FloatArray) -> FloatArray:
        """Calibrated probability, (N,)."""
        log_p, minus_log_q = _log_pair(score)
        return np.asarray(expit(self.a * log_p + self.b * minus_log_q + self.c))


@dataclass(frozen=True)
class MultivariateLogistic:
    """sigmoid of a quadratic (or linear) function of logit(p) and side features."""

    weights: FloatArray
    quadratic: bool

    @classmethod
    def fit(
        cls, score: FloatArray, outcome: FloatArray, features: FloatArray, quadratic: bool = True
    ) -> MultivariateLogistic:
        """Fit on scores in [0, 1], (N,), outcomes 0 or 1, (N,), and features, (N, Q)."""
        _check(score, outcome)
        return cls(_logistic(_design(score, features, quadratic), outcome), quadratic)

    def predict(self, score: FloatArray, features: FloatArray) -> FloatArray:
        """Calibrated probability, (N,)."""
        return np.asarray(expit(_design(score, features, self.quadratic) @ self.weights))


def correct_base_rate(probability: FloatArray, fitted_rate: float, new_rate: float) -> FloatArray:
    """Probabilities for a mix with another share of events: logit p + logit π_new − logit π_fit.

    Valid only if the scores given the outcome stay as they were (a pure change of the share).
    """
    return np.asarray(expit(_logit(probability) + logit(new_rate) - logit(fitted_rate)))


def gaussian_logistic(mean_event: float, mean_safe: float, deviation: float) -> LogisticCalibrationOfScore:
    """The exact map where scores of both classes are Gaussian with one deviation and equal shares."""
    slope = (mean_event - mean_safe) / deviation**2
    return LogisticCalibrationOfScore(slope, 0.5 * (mean_event + mean_safe))


@dataclass(frozen=True)
class LogisticCalibrationOfScore:
    """sigmoid(slope · (score − midpoint)): a raw score, not a probability, goes in."""

    slope: float
    midpoint: float

    @classmethod
    def fit(cls, score: FloatArray, outcome: FloatArray) -> LogisticCalibrationOfScore:
        """Fit on raw scores of any scale, (N,), and outcomes 0 or 1, (N,)."""
        _check(score, outcome)
        spread = float(np.std(score)) or 1.0
        centre = float(np.mean(score))
        intercept, slope = _logistic(_with_one((score - centre) / spread), outcome).tolist()
        if slope == 0.0:
            raise CalibrationError("the score does not depend on the outcome: no midpoint exists")
        return cls(slope / spread, centre - intercept * spread / slope)

    def predict(self, score: FloatArray) -> FloatArray:
        """Probability, (N,)."""
        return np.asarray(expit(self.slope * (score - self.midpoint)))


def _logistic(design: FloatArray, outcome: FloatArray, nonnegative_slopes: bool = False) -> FloatArray:
    """Maximum likelihood weights with a vanishing ridge; the first column is the intercept."""
    signed = 2.0 * np.asarray(outcome, dtype=np.float64) - 1.0

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        margin = signed * (design @ weights)
        gradient = -(design.T @ (signed * expit(-margin))) / len(signed)
        return float(-log_expit(margin).mean() + RIDGE * weights @ weights / 2), gradient + RIDGE * weights

    bounds = [(None, None)] + [(0.0 if nonnegative_slopes else None, None)] * (design.shape[1] - 1)
    found = minimize(loss, np.zeros(design.shape[1]), jac=True, bounds=bounds, options={"maxiter": 500, "ftol": 1e-14})
    return np.asarray(found.x)


def _design(score: FloatArray, features: FloatArray, quadratic: bool) -> FloatArray:
    linear = [_logit(score), *np.asarray(features, dtype=np.float64).T]
    products = [a * b for i, a in enumerate(linear) for b in linear[i:]] if quadratic else []
    return _with_one(*linear, *products)


def _with_one(*columns: FloatArray) -> FloatArray:
    return np.column_stack([np.ones_like(columns[0]), *columns])


def _logit(probability: FloatArray) -> FloatArray:
    return np.asarray(logit(np.clip(probability, CLIP, 1.0 - CLIP)))


def _log_pair(probability: FloatArray) -> tuple[FloatArray, FloatArray]:
    clipped = np.clip(probability, CLIP, 1.0 - CLIP)
    return np.log(clipped), -np.log1p(-clipped)


def _cells(score: FloatArray, features: FloatArray | None, bins: int) -> tuple[npt.NDArray[np.int64], ...]:
    columns = [score] if features is None else [score, *features.T]
    return tuple(np.clip((np.asarray(column) * bins).astype(np.int64), 0, bins - 1) for column in columns)


def _frequency(cell: npt.NDArray[np.int64], outcome: FloatArray, cells: int) -> FloatArray:
    count = np.bincount(cell, minlength=cells).astype(np.float64)
    events = np.bincount(cell, weights=outcome, minlength=cells)
    return np.divide(events, count, out=np.full(cells, np.nan), where=count > 0)


def _check(score: FloatArray, outcome: FloatArray) -> None:
    if len(score) != len(outcome):
        raise CalibrationError(f"{len(score)} scores but {len(outcome)} outcomes")
    if not np.isfinite(score).all() or not np.isin(outcome, (0, 1)).all():
        raise CalibrationError("scores must be finite and outcomes 0 or 1; leave faults out before fitting")
    if len(np.unique(outcome)) < 2:
        raise CalibrationError("calibration needs both events and quiet frames; use more calibration runs")
