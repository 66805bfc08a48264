"""May the look-ups be believed? Replay, monotonicity, and takeovers that were really driven (PROTOCOL §6.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.evaluation.alarms import alarm_from_statistic
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts, PairKey
from harness.evaluation.rates import proportion
from harness.evaluation.rescue_lookup import LookupRun, outcome
from harness.evaluation.rescue_table import RescueRow
from harness.evaluation.safety_gain import PASSED_BY_M, judge_pair
from harness.evaluation.stretches import BoolArray

REQUIRED_AGREEMENT = 0.98


@dataclass(frozen=True)
class TwinRun:
    """A takeover that the campaign drove, as far as a look-up is held against it.

    Attributes:
        facts: of the takeover run. monitor: whose alarm hands over, by the name its columns have.
        theta_on, theta_off, reaction_s: its operating point and reaction time.
        handed_back_route_s_m: arc length at which the driver first gave the wheel back; None: never.
    """

    facts: EpisodeFacts
    monitor: str
    theta_on: float
    theta_off: float
    reaction_s: float
    handed_back_route_s_m: float | None


def twin_run(episode: EpisodeData, facts: EpisodeFacts) -> TwinRun | None:
    """What is kept of a takeover run that was driven; None where its spec does not say when it took over."""
    point, takeover = episode.spec.get("thresholds"), episode.spec.get("takeover")
    if point is None or takeover is None:
        return None
    taken = episode.column("takeover").astype(bool)
    given_back = np.flatnonzero(taken[:-1] & ~taken[1:])
    route_s_m = episode.column("route_s_m")
    return TwinRun(
        facts=facts,
        monitor=episode.monitors[0],
        theta_on=float(point["theta_on"]),
        theta_off=float(point["theta_off"]),
        reaction_s=float(takeover["reaction_s"]),
        handed_back_route_s_m=float(route_s_m[given_back[0] + 1]) if len(given_back) else None,
    )


def validity(
    rows: Sequence[RescueRow],
    runs: Sequence[LookupRun],
    twins: Sequence[TwinRun],
    latency_s: Mapping[str, float],
) -> dict[str, Any]:
    """Every check of the map, as the report prints it.

    Args:
        rows: the map, departures that count.
        runs: shadow runs of which takeovers can be looked up.
        twins: the campaign's own takeovers.
        latency_s: declared latency by monitor.
    """
    known = [row for row in rows if row.known]
    grids = [row.monotone for row in known if row.monotone is not None]
    checks = [
        row.saves(row.check_tick) == row.check_saved
        for row in known
        if row.check_tick is not None and row.check_saved is not None
    ]
    errors_m = [row.replay_error_m for row in rows if row.replay_error_m is not None]
    return {
        "replayed": len(errors_m),
        "replay_error_m": max(errors_m, default=None),
        "monotone": proportion(sum(grids), len(grids)),
        "real_takeovers": proportion(sum(checks), len(checks)),
        "required_agreement": REQUIRED_AGREEMENT,
        "twins": _twin_agreement({run.facts.pair: run for run in runs}, twins, latency_s),
    }


def _twin_agreement(
    runs: Mapping[PairKey, LookupRun],
    twins: Sequence[TwinRun],
    latency_s: Mapping[str, float],
) -> dict[str, Any]:
    """The campaign's own twins of departures against their look-ups, and the time they really took over."""
    agree: dict[bool, list[bool]] = {True: [], False: []}
    harmed = safe_taken = 0
    seconds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    gains: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for twin in twins:
        run = runs.get(twin.facts.pair)
        if run is None or twin.monitor not in run.statistics:
            continue
        real = judge_pair(run.facts, twin.facts)
        looked_up = outcome(run, _alarm(run, twin, latency_s), twin.reaction_s)
        times = seconds[twin.facts.mode]
        for k, value in enumerate(
            (
                looked_up.taken_ticks * run.tick_s,
                looked_up.run_ticks * run.tick_s,
                twin.facts.takeover_s,
                twin.facts.run_s,
            )
        ):
            times[k] += value
        if not real.departed:
            safe_taken += twin.facts.takeovers > 0
            harmed += real.harmed
        elif real.resolved:
            agree[_held(run.facts, twin)].append(looked_up.saved == real.saved)
            counted = (1, looked_up.saved, looked_up.held, real.saved)
            gains[twin.facts.mode] = [a + b for a, b in zip(gains[twin.facts.mode], counted, strict=True)]
    return {
        "held": proportion(sum(agree[True]), len(agree[True])),
        "handed_back": proportion(sum(agree[False]), len(agree[False])),
        "all": proportion(sum(map(sum, agree.values())), sum(map(len, agree.values()))),
        "harmed": harmed,
        "safe_runs_taken_over": safe_taken,
        "saved": [
            {
                "mode": mode,
                "looked_up": proportion(saved, departures),
                "looked_up_held": proportion(held, departures),
                "driven": proportion(driven, departures),
            }
            for mode, (departures, saved, held, driven) in sorted(gains.items())
        ],
        "ac": [
            {
                "mode": mode,
                "looked_up": looked_s / run_s if run_s else None,
                "driven": taken_s / driven_s if driven_s else None,
            }
            for mode, (looked_s, run_s, taken_s, driven_s) in sorted(seconds.items())
        ],
    }


def _alarm(run: LookupRun, twin: TwinRun, latency_s: Mapping[str, float]) -> BoolArray:
    return alarm_from_statistic(
        run.statistics[twin.monitor], twin.theta_on, twin.theta_off, run.tick_s, latency_s.get(twin.monitor, 0.0)
    )


def _held(shadow: EpisodeFacts, twin: TwinRun) -> bool:
    """The driver kept the wheel until the place of the departure was passed, or nobody ever took it."""
    assert shadow.failure_route_s_m is not None
    back_m = twin.handed_back_route_s_m
    return back_m is None or back_m >= shadow.failure_route_s_m + PASSED_BY_M
