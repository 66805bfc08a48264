"""``python -m harness.evaluation plan``: what a claim will cost, in words."""

from __future__ import annotations

import argparse
import re

from harness.evaluation.plan import (
    MISS_RATES,
    SPEED_KMH,
    ComparisonNeeded,
    PlanError,
    comparison_needed,
    departures_needed,
    distances_needed,
    expected_km,
)
from harness.evaluation.statistics.rate_evidence import KM_PER_MILE

_RATE = re.compile(r"^\s*(?P<events>\d+(?:\.\d+)?)\s*/\s*(?P<distance>\d*(?:\.\d+)?)\s*(?P<unit>km|mi)\s*$")


def parse_rate(text: str) -> float:
    """Events per km from ``1/1000km``, ``3/100km``, ``1/km`` or ``1/500mi``.

    Raises:
        PlanError: written otherwise, or not positive.
    """
    found = _RATE.match(text)
    distance = float(found["distance"] or 1.0) if found else 0.0
    if found is None or distance <= 0.0 or float(found["events"]) <= 0.0:
        raise PlanError(f"cannot read the rate {text!r}: write 1/1000km, 3/100km or 1/500mi")
    return float(found["events"]) / (distance * (KM_PER_MILE if found["unit"] == "mi" else 1.0))


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``plan``."""
    parser.add_argument("--target", required=True, help="rate of departures to stay below, for example 1/1000km")
    parser.add_argument("--conf", type=float, default=0.95, help="confidence (default: 0.95)")
    parser.add_argument("--workers", type=int, default=1, help="simulators that drive at once (default: 1)")
    parser.add_argument("--speed-kmh", type=float, default=SPEED_KMH, help="mean speed of the car (default: 30)")
    parser.add_argument(
        "--realtime", type=float, default=1.0, help="simulated seconds per second of one worker (default: 1)"
    )
    parser.add_argument("--expected", help="rate the system is believed to have, for example 1/5000km")
    parser.add_argument(
        "--miss-rate", type=float, nargs="+", default=list(MISS_RATES), help="miss rates to show (default: .2 .1 .05)"
    )
    parser.add_argument(
        "--departing", type=float, nargs="+", default=[0.05, 0.1, 0.3], help="shares of baseline runs that depart"
    )
    parser.add_argument("--ratio", type=float, default=2.0, help="how many times as often to detect (default: 2)")
    parser.add_argument("--power", type=float, default=0.9, help="probability to detect it (default: 0.9)")
    parser.add_argument(
        "--tests", type=int, default=1, help="modes and slices that a comparison tests together (default: 1)"
    )


def plan_text(options: argparse.Namespace) -> str:
    """The plan.

    Raises:
        PlanError: a claim that cannot be planned.
    """
    target = parse_rate(options.target)
    if not 0.0 < options.conf < 1.0 or not all(0.0 < rate < 1.0 for rate in options.miss_rate):
        raise PlanError("confidence and miss rates lie between 0 and 1")
    if options.workers < 1 or options.speed_kmh <= 0.0 or options.realtime <= 0.0:
        raise PlanError("workers, speed and real-time factor must be positive")
    comparisons = [
        comparison_needed(share, options.ratio, options.power, 1.0 - options.conf, options.tests)
        for share in options.departing
    ]
    return "\n".join([*_distance(options, target), "", *_departures(options), "", *_comparison(comparisons)])


def _distance(options: argparse.Namespace, target: float) -> list[str]:
    lines = [
        f"To show fewer than {options.target} departures at {options.conf:g} confidence "
        f"({options.workers} workers at {options.speed_kmh:g} km/h, {options.realtime:g} x real time):"
    ]
    rows = distances_needed(target, options.workers, options.conf, options.speed_kmh, options.realtime)
    for row in rows:
        lines.append(
            f"  {row.departures} departures on the way: {row.km:,.1f} km ({row.km / KM_PER_MILE:,.1f} mi), "
            f"{row.hours:,.2f} h, {row.units:,} independent units of 10 m"
        )
    if options.expected is not None:
        km = expected_km(target, parse_rate(options.expected), options.conf)
        lines.append(
            f"  a system of {options.expected} never shows it: its rate is not below the target"
            if km is None
            else f"  a system of {options.expected} is expected to need {km:,.1f} km"
        )
    return lines


def _departures(options: argparse.Namespace) -> list[str]:
    lines = [f"Provoked departures that show a monitor's miss rate at {options.conf:g} confidence:"]
    needed = departures_needed(tuple(options.miss_rate), options.conf)
    for rate in options.miss_rate:
        rows = [row for row in needed if row.miss_rate == rate]
        lines.append(
            f"  at most {100 * rate:g} %: " + ", ".join(f"{row.departures} with {row.misses} missed" for row in rows)
        )
    return lines


def _comparison(rows: list[ComparisonNeeded]) -> list[str]:
    first = rows[0]
    return [
        f"Pairs that find a candidate departing {first.ratio:g} times as often (alpha {first.alpha:.2g} one-sided, "
        f"shared by {first.tests} {'test' if first.tests == 1 else 'tests'}):",
        *(
            f"  baseline departs in {100 * r.baseline:g} % of runs: {r.pairs:,} pairs (power {r.power:.3f})"
            for r in rows
        ),
    ]
