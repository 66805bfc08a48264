"""Logistic regression in a few lines: the only model that a fusion or a calibration needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.floating]


def fit_logistic(x: Floats, happened: npt.NDArray[np.bool_], ridge: float = 1.0) -> tuple[Floats, float]:
    """Weights (F,) and intercept of P = 1/(1 + exp(−(x·w + b))), ½‖w‖² · ridge + Σ NLL at its minimum.

    Args:
        x: (N, F), about standardised. happened: (N,). ridge: of the weights, not of the intercept.
    """
    data, sign = np.asarray(x, dtype=np.float64), np.where(happened, 1.0, -1.0)

    def objective(parameters: Floats) -> tuple[float, Floats]:
        weights, intercept = parameters[:-1], parameters[-1]
        margin = sign * (data @ weights + intercept)
        slope = -sign / (1.0 + np.exp(np.clip(margin, -500.0, 500.0)))
        value = float(np.logaddexp(0.0, -margin).sum() + 0.5 * ridge * weights @ weights)
        return value, np.append(data.T @ slope + ridge * weights, slope.sum())

    found = minimize(objective, np.zeros(data.shape[1] + 1), jac=True, method="L-BFGS-B")
    return found.x[:-1], float(found.x[-1])
