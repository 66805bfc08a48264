"""What a number of departures over a distance proves, and how much driving a claim still needs.

Exact binomial and Poisson tests (Clopper & Pearson 1934, Garwood 1936), their inversions, the sequential likelihood
ratio test that may be looked at after every kilometre (Wald 1945), and the conditional comparison of two rates
(Przyborowski & Wilenski 1940). With 0 events the bounds are the rule of three.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.stats import binom, binomtest, chi2

from harness.evaluation.statistics.intervals import (
    CONFIDENCE,
    clopper_pearson,
    poisson_rate,
    poisson_rate_upper,
)

KM_PER_MILE = 1.609344
Verdict = Literal["shown", "refuted", "not enough data"]


def km_needed(target_per_km: float, confidence: float = CONFIDENCE, departures: int = 0) -> float:
    """Total distance after which ``departures`` events show a rate below the target.

    Raises:
        ValueError: a target that is not positive, or a negative count.
    """
    _require(target_per_km > 0.0 and departures >= 0, f"target {target_per_km}/km, {departures} departures")
    return float(chi2.ppf(confidence, 2 * (departures + 1))) / (2.0 * target_per_km)


def km_left(target_per_km: float, km: float, departures: int, confidence: float = CONFIDENCE) -> float:
    """Distance still to drive, if nothing else happens, until the target is shown; 0 if it is."""
    _require(km >= 0.0, f"{km} km")
    return max(0.0, km_needed(target_per_km, confidence, departures) - km)


def hours_needed(km: float, workers: int, speed_kmh: float = 30.0, realtime_factor: float = 1.0) -> float:
    """Hours of ``workers`` simulators that each drive ``speed_kmh`` in simulated time."""
    _require(workers > 0 and speed_kmh > 0.0 and realtime_factor > 0.0, f"{workers} workers at {speed_kmh} km/h")
    return km / (workers * speed_kmh * realtime_factor)


def is_below(failures: int, trials: int, tolerated: float, confidence: float = CONFIDENCE) -> bool:
    """Whether the exact binomial test accepts "failure probability < ``tolerated``"."""
    return float(binom.cdf(failures, trials, tolerated)) <= 1.0 - confidence


def trials_needed(tolerated: float, confidence: float = CONFIDENCE, failures: int = 0) -> int:
    """Smallest number of trials in which ``failures`` still pass the exact binomial test.

    Raises:
        ValueError: ``tolerated`` is not a probability between 0 and 1, or a negative count.
    """
    _require(0.0 < tolerated < 1.0 and failures >= 0, f"tolerated {tolerated}, {failures} failures")
    passed = failures + 1
    while not is_below(failures, passed, tolerated, confidence):
        passed *= 2
    failed = failures
    while passed - failed > 1:
        middle = (passed + failed) // 2
        if is_below(failures, middle, tolerated, confidence):
            passed = middle
        else:
            failed = middle
    return passed


@dataclass(frozen=True)
class RateEvidence:
    """What is known of a rate.

    Attributes:
        departures, km: observed. per_km: None without distance.
        low, high: two-sided interval, per km; high is infinite without distance.
        upper: one-sided bound at the confidence. km_per_departure_at_least: its inverse.
        target_per_km, km_left: the claim and what it still needs if nothing else happens.
        verdict: *shown* if the one-sided bound is below the target, *refuted* if the two-sided interval is above it.
    """

    departures: int
    km: float
    per_km: float | None
    low: float
    high: float
    upper: float
    km_per_departure_at_least: float
    target_per_km: float
    km_left: float
    verdict: Verdict


def rate_evidence(departures: int, km: float, target_per_km: float, confidence: float = CONFIDENCE) -> RateEvidence:
    """Evidence for "fewer than ``target_per_km`` departures per km".

    Raises:
        ValueError: negative counts or a target that is not positive.
    """
    _require(departures >= 0 and km >= 0.0 and target_per_km > 0.0, f"{departures} departures in {km} km")
    low, high = poisson_rate(departures, km, confidence) if km > 0.0 else (0.0, math.inf)
    upper = poisson_rate_upper(departures, km, confidence) if km > 0.0 else math.inf
    verdict: Verdict = "not enough data"
    # The tolerance lets the distance that km_needed names pass its own test.
    if upper <= target_per_km * (1.0 + 1e-12):
        verdict = "shown"
    elif low > target_per_km:
        verdict = "refuted"
    return RateEvidence(
        departures,
        km,
        departures / km if km > 0.0 else None,
        low,
        high,
        upper,
        0.0 if math.isinf(upper) else 1.0 / upper,
        target_per_km,
        km_left(target_per_km, km, departures, confidence),
        verdict,
    )


@dataclass(frozen=True)
class SequentialBoundary:
    """Rule that may be checked after every kilometre: accept at ``km_at_zero + km_per_departure · departures``."""

    km_at_zero: float
    km_per_departure: float

    def accepts(self, departures: int, km: float) -> bool:
        """Whether "the rate is below the tolerated one" may be accepted now; error at most α over all looks."""
        return km >= self.km_at_zero + self.km_per_departure * departures


def sequential_boundary(tolerated_per_km: float, good_per_km: float, alpha: float = 0.05) -> SequentialBoundary:
    """Accept when (λ_tol − λ_good) L − n ln(λ_tol / λ_good) ≥ ln(1/α).

    Args:
        tolerated_per_km: the rate to be excluded. good_per_km: the rate hoped for, smaller. alpha: error of acceptance.

    Raises:
        ValueError: unless 0 < good < tolerated.
    """
    _require(0.0 < good_per_km < tolerated_per_km, f"good {good_per_km}/km, tolerated {tolerated_per_km}/km")
    gap = tolerated_per_km - good_per_km
    return SequentialBoundary(math.log(1.0 / alpha) / gap, math.log(tolerated_per_km / good_per_km) / gap)


@dataclass(frozen=True)
class RateComparison:
    """Second rate over first: ratio with its exact interval (None where undefined), p one-sided (second higher) and
    two-sided; p is None without an event."""

    ratio: float | None
    low: float | None
    high: float | None
    p_higher: float | None
    p_two_sided: float | None


def compare_rates(
    first: int, first_exposure: float, second: int, second_exposure: float, confidence: float = CONFIDENCE
) -> RateComparison:
    """Two independent Poisson counts, compared given their sum.

    Raises:
        ValueError: negative counts or exposures that are not positive.
    """
    _require(min(first, second) >= 0 and min(first_exposure, second_exposure) > 0.0, "counts and exposures")
    total = first + second
    if total == 0:
        return RateComparison(None, None, None, None, None)
    share = second_exposure / (first_exposure + second_exposure)
    p_higher = float(binomtest(second, total, share, alternative="greater").pvalue)
    p_two_sided = float(binomtest(second, total, share).pvalue)
    ratio = (second / second_exposure) / (first / first_exposure) if first else None
    low, high = clopper_pearson(second, total, confidence)
    scale = first_exposure / second_exposure
    return RateComparison(
        ratio,
        low / (1.0 - low) * scale,
        high / (1.0 - high) * scale if high < 1.0 else None,
        p_higher,
        p_two_sided,
    )


def redundant_trials_needed(members: int, tolerated: float, alpha: float) -> float:
    """Trials per member that show a product of ``members`` independent failure rates below ``tolerated``."""
    return -math.log(alpha / members) / tolerated ** (1.0 / members)


def redundancy_reduction(members: int, tolerated: float, alpha: float) -> float:
    """γ_n: how many times fewer trials n independent members need than one system, separate test sets included."""
    return 1.0 / (members * tolerated ** (1.0 - 1.0 / members) * (1.0 - math.log(members) / math.log(alpha)))


def separate_sets_penalty(members: int, alpha: float) -> float:
    """B_n = n (1 − ln n / ln α): what separate test sets and Bonferroni cost."""
    return members * (1.0 - math.log(members) / math.log(alpha))


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(
            f"no rate can be judged from {what}: counts must not be negative, rates and distances positive"
        )
