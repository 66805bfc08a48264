"""Two things that should not fail together: an agent and its monitor, or redundant systems.

``p_joint = p1 p2 + ρ σ1 σ2`` with σ = sqrt(p (1 − p)) is exact for any two failure indicators; ρ is the φ coefficient
of their 2 × 2 table. With given margins ρ cannot take every value in [−1, 1], so it is always shown with its range. For
an agent (departed D) and a monitor (silent S) ρ(D, S) = 0 means that alarms are no better than as many random ones;
good is strongly negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, norm

from harness.evaluation.statistics.intervals import clopper_pearson, clopper_pearson_upper

BoolArray = npt.NDArray[np.bool_]


def joint_failure(p1: float, p2: float, rho: float) -> float:
    """P(both fail) of two failure probabilities with correlation ``rho``; exact."""
    return rho * math.sqrt(p1 * (1.0 - p1) * p2 * (1.0 - p2)) + p1 * p2


def rho_range(p1: float, p2: float) -> tuple[float, float] | None:
    """Smallest and largest correlation that two indicators with these probabilities can have; None if one never, or
    always, fails."""
    spread = math.sqrt(p1 * (1.0 - p1) * p2 * (1.0 - p2))
    if spread == 0.0:
        return None
    product = p1 * p2
    return (max(0.0, p1 + p2 - 1.0) - product) / spread, (min(p1, p2) - product) / spread


def redundancy_gain(p: float, rho: float) -> float:
    """How many times rarer two equal systems fail together than one alone: 1/p if independent, 1/ρ once ρ ≫ p."""
    return p / joint_failure(p, p, rho)


def k_out_of_n(k: int, n: int, p_fail: float) -> float:
    """P(at least ``k`` of ``n`` independent members are right), each failing with ``p_fail``."""
    return float(binom.sf(k - 1, n, 1.0 - p_fail))


def measured_k_out_of_n(failures: BoolArray) -> list[float]:
    """Share of units in which at least k members were right, k = 1..n, from (units, n) failure indicators."""
    right = failures.shape[1] - failures.sum(axis=1)
    return [float(np.mean(right >= k)) for k in range(1, failures.shape[1] + 1)]


def phi(first: BoolArray, second: BoolArray) -> float | None:
    """φ coefficient of two failure indicators over the same units; None if one never, or always, fails."""
    p1, p2 = float(np.mean(first)), float(np.mean(second))
    spread = math.sqrt(p1 * (1.0 - p1) * p2 * (1.0 - p2))
    return None if spread == 0.0 else (float(np.mean(first & second)) - p1 * p2) / spread


def phi_matrix(failures: BoolArray) -> list[list[float | None]]:
    """Pairwise φ of the columns of (units, n) failure indicators."""
    members = range(failures.shape[1])
    return [[phi(failures[:, a], failures[:, b]) for b in members] for a in members]


def fisher_z_interval(rho: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Fisher's interval of a correlation from ``n`` units; for binary data only sound near 0."""
    z, half = math.atanh(rho), float(norm.ppf(0.5 + confidence / 2.0)) / math.sqrt(n - 3)
    return math.tanh(z - half), math.tanh(z + half)


def units_to_bound_correlation(bound: float, confidence: float = 0.95) -> int:
    """Units after which a measured correlation of 0 has its two-sided interval within ± ``bound``."""
    z = float(norm.ppf(0.5 + confidence / 2.0))
    return math.ceil((z / math.atanh(bound)) ** 2 + 3 - 1e-9)


@dataclass(frozen=True)
class JointFailure:
    """Agent and monitor over the same units.

    Attributes:
        units: number of units. departed: units with a departure. silent: units without a (timely) alarm.
        both: departed without warning.
    """

    units: int
    departed: int
    silent: int
    both: int

    @property
    def rho(self) -> float | None:
        """Correlation of departing and silence, None if undefined."""
        p1, p2 = self.departed / self.units, self.silent / self.units
        spread = math.sqrt(p1 * (1.0 - p1) * p2 * (1.0 - p2))
        return None if spread == 0.0 else (self.both / self.units - p1 * p2) / spread

    def to_json(self) -> dict[str, Any] | None:
        """Counts, miss rate, false alarm rate, ρ with its range, and what independence would have given."""
        if self.units == 0:
            return None
        p1, p2 = self.departed / self.units, self.silent / self.units
        span, rho = rho_range(p1, p2), self.rho
        safe = self.units - self.departed
        alarmed_safe = safe - (self.silent - self.both)
        return {
            "units": self.units,
            "departed": self.departed,
            "silent": self.silent,
            "departed_without_warning": self.both,
            "departed_without_warning_if_independent": p1 * p2 * self.units,
            "miss_rate": _share(self.both, self.departed),
            "false_alarm_rate": _share(alarmed_safe, safe),
            "rho": rho,
            "rho_range": None if span is None else list(span),
            "rho_over_best": rho / span[0] if rho is not None and span is not None and span[0] < 0.0 else None,
        }


def joint_failure_table(departed: BoolArray, silent: BoolArray) -> JointFailure:
    """The 2 × 2 table of two indicators over the same units, (U,) bool each."""
    return JointFailure(len(departed), int(departed.sum()), int(silent.sum()), int((departed & silent).sum()))


def _share(k: int, n: int) -> dict[str, Any]:
    if n == 0:
        return {
            "value": None,
            "k": k,
            "n": n,
            "low": None,
            "high": None,
            "method": "clopper-pearson",
            "reason": "no trials",
        }
    low, high = clopper_pearson(k, n)
    upper = clopper_pearson_upper(k, n)
    return {
        "value": k / n,
        "k": k,
        "n": n,
        "low": low,
        "high": high,
        "method": "clopper-pearson",
        "upper_95_one_sided": upper,
    }
