"""How far a car gets before its first departure: the restricted mean distance (PROTOCOL §7).

Runs that end without failing are censored where they end, so the mean is the area under the Kaplan-Meier curve of
distance, up to a limit that 9 of 10 runs could have reached. The value is exact; intervals are bootstraps over pairs
on 100 equal bins of distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.rates import Rate, from_bootstrap, undefined
from harness.evaluation.statistics.bootstrap import bootstrap

FloatArray = npt.NDArray[np.float64]

BINS = 100
REACHED_BY_SHARE = 0.9


def distance_limit_m(runs: Sequence[EpisodeFacts]) -> float | None:
    """Distance that nine of ten runs without a failure reached; None without such a run."""
    reached = [run.driven_m for run in runs if not run.failed]
    return float(np.quantile(reached, 1.0 - REACHED_BY_SHARE)) if reached else None


def restricted_mean_m(distance_m: FloatArray, failed: npt.NDArray[np.bool_], limit_m: float) -> float:
    """Area under the Kaplan-Meier curve from 0 to ``limit_m``.

    Args:
        distance_m: driven until failure or end, (U,). failed: False = censored, (U,).
    """
    area = at = 0.0
    surviving = 1.0
    for event in np.unique(distance_m[failed & (distance_m < limit_m)]).tolist():
        area += surviving * (event - at)
        at = event
        at_risk = np.count_nonzero(distance_m >= event)
        surviving *= 1.0 - np.count_nonzero((distance_m == event) & failed) / at_risk
    return area + surviving * (limit_m - at)


def first_departure_figures(runs: Sequence[EpisodeFacts], limit_m: float | None, seed: int) -> dict[str, Any]:
    """Restricted mean distance to the first departure of some runs, m."""
    method = "Kaplan-Meier, bootstrap over pairs, percentile"
    if not runs or limit_m is None or limit_m <= 0.0:
        return {"limit_m": None, "restricted_mean_m": undefined(0, len(runs), method, "no run without a departure")}
    distance = np.array([run.driven_m for run in runs])
    failed = np.array([run.failed for run in runs])
    edges = np.linspace(0.0, limit_m, BINS + 1)
    cell = np.clip(np.searchsorted(edges, distance, side="right") - 1, 0, BINS)
    events, at_risk = np.zeros((len(runs), BINS)), np.zeros((len(runs), BINS))
    for unit, last in enumerate(cell.tolist()):
        at_risk[unit, : last + 1] = 1.0
        if failed[unit] and last < BINS:
            events[unit, last] = 1.0

    def area(sums: FloatArray) -> FloatArray:
        died, alive = sums[:, :BINS], sums[:, BINS:]
        surviving = np.cumprod(1.0 - died / np.maximum(alive, 1.0), axis=1)
        # A departure falls anywhere in its bin: half of the step belongs to it.
        before = np.concatenate([np.ones((len(sums), 1)), surviving[:, :-1]], axis=1)
        return np.asarray(0.5 * (before + surviving).sum(axis=1) * limit_m / BINS)

    strata = [run.condition for run in runs]
    interval = bootstrap(np.hstack([events, at_risk]), {"area": area}, strata, seed)["area"]
    rate: Rate = from_bootstrap(interval, int(failed.sum()), len(runs))
    value = restricted_mean_m(distance, failed, limit_m)
    return {"limit_m": limit_m, "restricted_mean_m": {**rate, "value": value, "method": method}}
