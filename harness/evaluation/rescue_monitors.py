"""One monitor on the rescue map: its SG-AC curves, its frozen operating points, its alarms before each departure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import alarm_episodes, alarm_from_statistic
from harness.evaluation.monitor_runs import Point, thresholds_of
from harness.evaluation.rates import proportion
from harness.evaluation.rescue_lookup import SAVED, VERDICTS, LookupRun, Outcome, outcome
from harness.evaluation.rescue_sweep import (
    BEYOND_FIRST,
    DECISIVE,
    FIELDS,
    FIRST,
    HELD,
    RUN_TICKS,
    TAKEN_TICKS,
    TAKEOVERS,
    VERDICT,
    look_up,
    sweep,
    sweep_thresholds,
)
from harness.evaluation.safety_gain import MIN_TAKEOVER_S
from harness.evaluation.statistics.intervals import clopper_pearson
from harness.evaluation.stretches import BoolArray

SHOWN_BEFORE_S = 10.0

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def curve(
    runs: Sequence[LookupRun], monitor: str, reactions_s: Sequence[float], latency_s: float
) -> list[dict[str, Any]]:
    """SG over AC for every threshold, one entry per reaction time; arrays of equal length, θ falling."""
    thetas = sweep_thresholds(runs, monitor)
    departures = sum(run.rescue is not None for run in runs)
    if not len(thetas):
        return []
    found = sweep(runs, monitor, thetas, reactions_s, latency_s)
    entries = []
    for column, reaction_s in enumerate(reactions_s):
        saved = found.saved[:, column].tolist()
        ends = [clopper_pearson(k, departures) if departures else (None, None) for k in saved]
        entries.append(
            {
                "reaction_s": reaction_s,
                "departures": departures,
                "theta": thetas.tolist(),
                "saved": saved,
                "held": found.held[:, column].tolist(),
                "sg": [k / departures if departures else None for k in saved],
                "low": [low for low, _ in ends],
                "high": [high for _, high in ends],
                "ac": (found.taken_s[:, column] / found.run_s[:, column]).tolist(),
                "disturbed": found.disturbed[:, column].tolist(),
                "beyond_first": found.beyond_first[:, column].tolist(),
            }
        )
    return entries


def point_figures(
    runs: Sequence[LookupRun],
    monitor: str,
    points: Mapping[str, Point],
    reactions_s: Sequence[float],
    latency_s: float,
) -> list[dict[str, Any]]:
    """What became of every departure at each frozen operating point and reaction time, and what it cost.

    A run of a condition for which a point has no threshold is in none of its figures.
    """
    thetas, fitted = _thetas(runs, points)
    found = np.array([look_up(run, monitor, t, reactions_s, latency_s) for run, t in zip(runs, thetas, strict=True)])
    found = found.reshape(len(runs), len(points), len(reactions_s), FIELDS)
    return [
        _point(name, reaction_s, [run for run, has in zip(runs, fitted[:, p], strict=True) if has], looked_up)
        for p, name in enumerate(points)
        for r, reaction_s in enumerate(reactions_s)
        for looked_up in [found[fitted[:, p], p, r]]
    ]


def _thetas(runs: Sequence[LookupRun], points: Mapping[str, Point]) -> tuple[FloatArray, BoolArray]:
    """(θ_on, θ_off) of every run and point, (U, P, 2), never an alarm where the run's condition has none; and where
    it has one, (U, P)."""
    thetas = np.full((len(runs), len(points), 2), np.inf)
    for p, point in enumerate(points.values()):
        for u, run in enumerate(runs):
            found = thresholds_of(point, run.facts.condition)
            if found is not None:
                thetas[u, p] = found["theta_on"], found["theta_off"]
    return thetas, np.isfinite(thetas[..., 0])


def _point(name: str, reaction_s: float, runs: Sequence[LookupRun], found: IntArray) -> dict[str, Any]:
    """One operating point at one reaction time from its look-ups, (U, fields)."""
    verdicts = np.bincount(found[found[:, VERDICT] >= 0, VERDICT], minlength=len(VERDICTS)).tolist()
    departures, saved = sum(verdicts), verdicts[SAVED]
    tick_s = np.array([run.tick_s for run in runs])
    onset, last_safe = np.array([run.compiled for run in runs], dtype=np.int64).reshape(-1, 6)[:, [0, 3]].T
    slack_ticks = _slack_ticks(onset, last_safe, found[:, DECISIVE], found[:, FIRST])
    slacks_s = (slack_ticks * tick_s)[(found[:, VERDICT] >= 0) & np.isfinite(slack_ticks)]
    taken_s, run_s = float(found[:, TAKEN_TICKS] @ tick_s), float(found[:, RUN_TICKS] @ tick_s)
    safe = found[:, VERDICT] < 0
    return {
        "point": name,
        "reaction_s": reaction_s,
        "departures": departures,
        **dict(zip(VERDICTS, verdicts, strict=True)),
        "held": int(found[:, HELD].sum()),
        "sg": proportion(saved, departures),
        "sg_held": proportion(int(found[:, HELD].sum()), departures),
        "ac": taken_s / run_s if run_s else None,
        "ac_oracle": saved * MIN_TAKEOVER_S / run_s if run_s else None,
        "disturbed": int(np.count_nonzero(found[safe, TAKEOVERS])),
        "safe_runs": int(safe.sum()),
        "beyond_first": int(found[:, BEYOND_FIRST].sum()),
        "slack_s": float(np.median(slacks_s)) if len(slacks_s) else None,
    }


def slack_s(run: LookupRun, found: Outcome) -> float | None:
    """t* − a − ρ, s: by how much the takeover was in time; negative: too late; None where no takeover met t*."""
    if run.rescue is None or run.rescue.last_safe_tick is None:
        return None
    place = (run.rescue.onset_tick, run.rescue.last_safe_tick, found.decisive_tick, found.first_tick)
    ticks = float(_slack_ticks(*(np.array([value]) for value in place))[0])
    return ticks * run.tick_s if np.isfinite(ticks) else None


def _slack_ticks(onset: IntArray, last_safe: IntArray, decisive: IntArray, first: IntArray) -> FloatArray:
    """t* − a − ρ in ticks, (U,), NaN where no takeover met t* or there is none (−1)."""
    start = np.where((decisive < 0) & (first > onset), first, decisive)
    return np.where((start >= 0) & (last_safe >= 0), last_safe - start, np.nan)


def departure_alarms(run: LookupRun, points: Mapping[str, tuple[Point, float]], reaction_s: float) -> dict[str, Any]:
    """What each monitor did in the 10 s before one departure.

    Args:
        run: that departed. points: monitor -> (operating point, declared latency, s). reaction_s: ρ.

    Returns:
        monitor -> ``verdict``, ``slack_s``, ``spans_s``: alarm episodes as [from, to] up to the departure.
    """
    row = run.rescue
    assert row is not None
    shown = {}
    for monitor, (point, latency_s) in points.items():
        alarm = _alarm(run, monitor, point, latency_s)
        found = outcome(run, alarm, reaction_s)
        spans = [
            [max(span.start * run.tick_s, row.onset_s - SHOWN_BEFORE_S), span.end * run.tick_s]
            for span in alarm_episodes(alarm[: row.onset_tick], run.tick_s)
            if span.end * run.tick_s > row.onset_s - SHOWN_BEFORE_S
        ]
        shown[monitor] = {
            "verdict": VERDICTS[found.verdict],
            "slack_s": slack_s(run, found),
            "spans_s": spans,
        }
    return shown


def _alarm(run: LookupRun, monitor: str, point: Mapping[str, float], latency_s: float) -> Any:
    return alarm_from_statistic(run.statistics[monitor], point["theta_on"], point["theta_off"], run.tick_s, latency_s)
