"""How much driving a claim needs before it is made: distance for a rate, departures for a monitor, pairs to compare.

The formulas are those that judge a finished campaign (`statistics.rate_evidence`), read backwards. The power of a
comparison is exact: the number of discordant pairs is binomial, and given it the one-sided exact McNemar test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from harness.evaluation.statistics.independence import UNIT_M
from harness.evaluation.statistics.intervals import CONFIDENCE
from harness.evaluation.statistics.rate_evidence import hours_needed, km_needed, trials_needed

SPEED_KMH = 30.0
MISS_RATES = (0.20, 0.10, 0.05)
ALLOWED_EVENTS = (0, 1, 2, 3)
MAX_PAIRS = 1_000_000


class PlanError(ValueError):
    """A claim for which no amount of driving can be named."""


@dataclass(frozen=True)
class DistanceNeeded:
    """What "fewer than the target" costs if ``departures`` are seen on the way."""

    departures: int
    km: float
    hours: float
    units: int


@dataclass(frozen=True)
class DeparturesNeeded:
    """Provoked departures that show a miss rate of at most ``miss_rate`` with ``misses`` among them."""

    miss_rate: float
    misses: int
    departures: int


@dataclass(frozen=True)
class ComparisonNeeded:
    """Pairs after which a candidate that departs ``ratio`` times as often is found with probability ``power``.

    Attributes:
        baseline: share of runs that depart under the baseline. ratio: candidate over baseline.
        alpha: error of the whole comparison. tests: modes and slices that share it.
        pairs: pairs needed. power: the power they have.
    """

    baseline: float
    ratio: float
    alpha: float
    tests: int
    pairs: int
    power: float


def distances_needed(
    target_per_km: float,
    workers: int,
    confidence: float = CONFIDENCE,
    speed_kmh: float = SPEED_KMH,
    realtime_factor: float = 1.0,
) -> list[DistanceNeeded]:
    """Distance, hours of all workers together and independent units (10 m), with 0 to 3 departures on the way.

    Raises:
        ValueError: a target, worker count, speed or factor that is not positive.
    """
    rows = []
    for events in ALLOWED_EVENTS:
        km = km_needed(target_per_km, confidence, events)
        hours = hours_needed(km, workers, speed_kmh, realtime_factor)
        rows.append(DistanceNeeded(events, km, hours, math.ceil(1000.0 * km / UNIT_M)))
    return rows


def expected_km(target_per_km: float, rate_per_km: float, confidence: float = CONFIDENCE) -> float | None:
    """Distance at which a system of the given true rate shows the target if its departures come as expected.

    Returns:
        Smallest L at which the bound for ⌈rate · L⌉ departures is below the target; None ("never") where the rate is
        not below the target.

    Raises:
        ValueError: a target that is not positive or a negative rate.
    """
    if rate_per_km < 0.0:
        raise ValueError(f"a rate must not be negative, got {rate_per_km} per km")
    if rate_per_km >= target_per_km:
        return None
    events = 0
    while (km := km_needed(target_per_km, confidence, events)) * rate_per_km > events:
        events = max(events + 1, math.floor(km * rate_per_km))
    return km


def departures_needed(
    miss_rates: tuple[float, ...] = MISS_RATES, confidence: float = CONFIDENCE
) -> list[DeparturesNeeded]:
    """Provoked departures for each miss rate, with 0, 1 and 2 misses among them."""
    return [
        DeparturesNeeded(rate, misses, trials_needed(rate, confidence, misses))
        for rate in miss_rates
        for misses in ALLOWED_EVENTS[:3]
    ]


def mcnemar_power(pairs: int, baseline: float, candidate: float, alpha: float) -> float:
    """Probability that the one-sided exact McNemar test finds that the candidate departs more often.

    The two runs of a pair are taken as independent given their rates: real pairs share the hard places, have fewer
    discordant outcomes for the same difference, and so no less power.

    Args:
        pairs: number of pairs. baseline, candidate: shares of runs that depart. alpha: one-sided level.
    """
    worse, better = candidate * (1.0 - baseline), baseline * (1.0 - candidate)
    discordant = worse + better
    if discordant == 0.0:
        return 0.0
    low, high = binom.ppf([1e-9, 1.0 - 1e-9], pairs, discordant).astype(int)
    counts = np.arange(low, high + 1)
    # P(X >= c) <= alpha under 1/2: by symmetry the smallest such c is D + 1 minus the largest with P(X <= .) <= alpha.
    largest = binom.ppf(alpha, counts, 0.5)
    largest = np.where(binom.cdf(largest, counts, 0.5) > alpha, largest - 1, largest)
    critical = counts - largest
    rejected = np.where(largest >= 0, binom.sf(critical - 1, counts, worse / discordant), 0.0)
    return float(np.sum(binom.pmf(counts, pairs, discordant) * rejected))


def comparison_needed(
    baseline: float, ratio: float = 2.0, power: float = 0.9, alpha: float = 0.05, tests: int = 1
) -> ComparisonNeeded:
    """Smallest number of pairs with the power wanted, for a comparison whose error is shared by ``tests`` tests.

    Raises:
        PlanError: rates that are no shares, no difference to find, or more than a million pairs.
    """
    candidate = baseline * ratio
    if not (0.0 < baseline < candidate <= 1.0 and 0.0 < power < 1.0 and 0.0 < alpha < 1.0 and tests >= 1):
        raise PlanError(
            f"cannot plan for a share of {baseline:g} that grows {ratio:g} times with power {power:g} and alpha "
            f"{alpha:g} over {tests} tests: shares lie between 0 and 1, the ratio is above 1, power and alpha too"
        )
    level = alpha / tests
    passed = 1
    while mcnemar_power(passed, baseline, candidate, level) < power:
        passed *= 2
        if passed > MAX_PAIRS:
            raise PlanError(
                f"more than {MAX_PAIRS:,} pairs are needed: a share of {baseline:g} is too small to compare"
            )
    failed = passed // 2
    while passed - failed > 1:
        middle = (passed + failed) // 2
        if mcnemar_power(middle, baseline, candidate, level) >= power:
            passed = middle
        else:
            failed = middle
    return ComparisonNeeded(baseline, ratio, alpha, tests, passed, mcnemar_power(passed, baseline, candidate, level))
