"""One monitor on the rescue map: its SG-AC curves, its frozen operating points, its alarms before each departure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.evaluation.alarms import alarm_episodes, alarm_from_statistic
from harness.evaluation.rates import proportion
from harness.evaluation.rescue_lookup import LookupRun, Outcome, outcome
from harness.evaluation.rescue_sweep import sweep, thresholds_of
from harness.evaluation.safety_gain import MIN_TAKEOVER_S
from harness.evaluation.statistics.intervals import clopper_pearson
from harness.evaluation.stretches import ticks_at_least

SHOWN_BEFORE_S = 10.0
VERDICTS = ("saved", "late", "handed_back", "silent", "unsavable")


def curve(
    runs: Sequence[LookupRun], monitor: str, reactions_s: Sequence[float], latency_s: float
) -> list[dict[str, Any]]:
    """SG over AC for every threshold, one entry per reaction time; arrays of equal length, θ falling."""
    thetas = thresholds_of(runs, monitor)
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
    name: str,
    point: Mapping[str, float],
    reaction_s: float,
    latency_s: float,
) -> dict[str, Any]:
    """What became of every departure at one frozen operating point, and what it cost."""
    outcomes = [(run, outcome(run, _alarm(run, monitor, point, latency_s), reaction_s)) for run in runs]
    verdicts = Counter(verdict(run, found, reaction_s) for run, found in outcomes if run.rescue is not None)
    departures = sum(verdicts.values())
    slacks_s = [slack for run, found in outcomes if (slack := slack_s(run, found)) is not None]
    taken_s = sum(found.taken_ticks * run.tick_s for run, found in outcomes)
    run_s = sum(found.run_ticks * run.tick_s for run, found in outcomes)
    safe = [found for run, found in outcomes if run.rescue is None]
    return {
        "point": name,
        "reaction_s": reaction_s,
        "departures": departures,
        **{kind: verdicts[kind] for kind in VERDICTS},
        "sg": proportion(verdicts["saved"], departures),
        "ac": taken_s / run_s if run_s else None,
        "ac_oracle": verdicts["saved"] * MIN_TAKEOVER_S / run_s if run_s else None,
        "disturbed": sum(found.takeovers > 0 for found in safe),
        "safe_runs": len(safe),
        "beyond_first": sum(found.beyond_first for _, found in outcomes),
        "slack_s": None if not slacks_s else float(np.median(slacks_s)),
    }


def verdict(run: LookupRun, found: Outcome, reaction_s: float) -> str:
    """One of `VERDICTS`, for a run that departed.

    `handed_back`: a takeover ended before the departure and none came after it in time. `late`: the takeover came
    after t*, or its alarm came less than the reaction time before the departure.
    """
    row = run.rescue
    assert row is not None
    if found.saved:
        return "saved"
    if row.last_safe_tick is None:
        return "unsavable"
    if found.decisive_tick is not None:
        return "late"
    if found.first_tick is None or found.first_tick - ticks_at_least(reaction_s, run.tick_s) >= row.onset_tick:
        return "silent"
    return "late" if found.first_tick > row.onset_tick else "handed_back"


def slack_s(run: LookupRun, found: Outcome) -> float | None:
    """t* − a − ρ, s: by how much the takeover was in time; negative: too late; None where no takeover met t*."""
    row = run.rescue
    if row is None or row.last_safe_tick is None:
        return None
    start = found.decisive_tick
    if start is None and found.first_tick is not None and found.first_tick > row.onset_tick:
        start = found.first_tick
    return None if start is None else (row.last_safe_tick - start) * row.tick_s


def departure_alarms(
    run: LookupRun, points: Mapping[str, tuple[Mapping[str, float], float]], reaction_s: float
) -> dict[str, Any]:
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
            "verdict": verdict(run, found, reaction_s),
            "slack_s": slack_s(run, found),
            "spans_s": spans,
        }
    return shown


def _alarm(run: LookupRun, monitor: str, point: Mapping[str, float], latency_s: float) -> Any:
    return alarm_from_statistic(run.statistics[monitor], point["theta_on"], point["theta_off"], run.tick_s, latency_s)
