"""The rescue map in ``summary.json``: how much could be saved at all, and what each monitor's alarms were worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from agents.thresholds import DEFAULT_POINT
from harness.evaluation.alarms import DEBOUNCE_S
from harness.evaluation.departures import MAIN_GRADE, STUCK_SPEED_MPS
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.event_figures import missing_bounds
from harness.evaluation.rates import proportion
from harness.evaluation.rescue_lookup import LookupRun, earliest_takeover_tick
from harness.evaluation.rescue_monitors import curve, departure_alarms, point_figures
from harness.evaluation.rescue_table import RescueRow
from harness.evaluation.rescue_validity import TwinRun, twin_run, validity
from harness.evaluation.safety_gain import MIN_TAKEOVER_S, PASSED_BY_M, SHADOW, TAKEOVER_PREFIX
from harness.evaluation.stretches import ticks_at_least
from harness.evaluation.zones import HORIZON_S

REACTIONS_S = (0.5, 1.0, 1.5, 2.5)
MAIN_REACTION_S = 1.0


RescueTrace = LookupRun | TwinRun


def rescue_trace(episode: EpisodeData, facts: EpisodeFacts) -> RescueTrace | None:
    """What the map's figures need of one episode; None of those that are neither shadow nor takeover runs."""
    if facts.is_missing or facts.run_s == 0.0 or not episode.monitors:
        return None
    if facts.mode.startswith(TAKEOVER_PREFIX):
        return twin_run(episode, facts)
    if facts.mode != SHADOW:
        return None
    return LookupRun(
        facts=facts,
        ticks=len(episode.column("tick")),
        tick_s=episode.tick_s,
        statistics=episode.statistics,
        passing_ticks=_passing_ticks(episode),
    )


def _passing_ticks(episode: EpisodeData) -> int:
    """Ticks from the onset until 100 m further on, at the speed the car had then; 0 without a departure."""
    onset = next((departure.onset_tick for departure in episode.departures if departure.grade == MAIN_GRADE), None)
    if onset is None:
        return 0
    speed_mps = max(float(episode.column("speed_mps")[onset]), STUCK_SPEED_MPS)
    return ticks_at_least(PASSED_BY_M / speed_mps, episode.tick_s)


def rescue_figures(
    rows: Sequence[RescueRow], traces: Sequence[RescueTrace], unavoidable: set[str], campaign: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Everything a campaign's rescue map says; None without a map.

    Args:
        rows: the map.
        traces: of every shadow and takeover run.
        unavoidable: worlds in which nobody could have stayed in the lane; they are in no figure.
        campaign: content of ``campaign.json``; read here: ``thresholds`` and ``monitors``.
    """
    return _Figures(rows, traces, unavoidable, campaign).figures() if rows else None


class _Figures:
    def __init__(
        self,
        rows: Sequence[RescueRow],
        traces: Sequence[RescueTrace],
        unavoidable: set[str],
        campaign: Mapping[str, Any],
    ) -> None:
        by_id = {row.episode_id: row for row in rows}
        shadows = [run for run in traces if isinstance(run, LookupRun) and run.facts.world_id not in unavoidable]
        joined = [replace(run, rescue=by_id.get(run.facts.episode_id)) for run in shadows]
        self._departed = [run for run in joined if run.facts.departed]
        self._mapped = [run for run in self._departed if run.rescue is not None and run.rescue.known]
        self._safe = [run for run in joined if not run.facts.failed]
        self._twins = [run for run in traces if isinstance(run, TwinRun)]
        self._fitted: Mapping[str, Any] = (campaign.get("thresholds") or {}).get("monitors") or {}
        self._latency_s = {
            str(monitor["name"]): float(monitor.get("declared_latency_s") or 0.0)
            for monitor in campaign.get("monitors") or []
        }

    def figures(self) -> dict[str, Any]:
        runs = [*self._mapped, *self._safe]
        unknown = Counter(
            run.rescue.reason if run.rescue else "not mapped"
            for run in self._departed
            if run.rescue is None or not run.rescue.known
        )
        known = [run.rescue for run in self._departed if run.rescue is not None]
        return {
            "departures": len(self._departed),
            "mapped": len(self._mapped),
            "unmapped": dict(sorted(unknown.items())),
            "savable_bounds": missing_bounds(
                sum(row.last_safe_tick is not None for row in known if row.known),
                len(self._mapped),
                len(self._departed) - len(self._mapped),
            ),
            "safe_runs": len(self._safe),
            **savable_figures([row for row in known if row.known]),
            "validity": validity(known, runs, self._twins, self._latency_s),
            "oracle": [_oracle(runs, reaction_s) for reaction_s in REACTIONS_S],
            "monitors": [self._monitor(name, runs) for name in _monitors(runs)],
            "by_departure": [self._departure(run) for run in self._mapped],
        }

    def _monitor(self, monitor: str, runs: Sequence[LookupRun]) -> dict[str, Any]:
        scored = [run for run in runs if monitor in run.statistics]
        latency_s = self._latency_s.get(monitor, 0.0)
        points = {name: point for name, point in self._points(monitor).items() if point is not None}
        return {
            "name": monitor,
            "curves": curve(scored, monitor, REACTIONS_S, latency_s),
            "points": point_figures(scored, monitor, points, REACTIONS_S, latency_s),
        }

    def _departure(self, run: LookupRun) -> dict[str, Any]:
        row = run.rescue
        assert row is not None
        at = {
            name: (point, self._latency_s.get(name, 0.0))
            for name in run.statistics
            if (point := self._points(name).get(DEFAULT_POINT)) is not None
        }
        return {
            "episode_id": run.facts.episode_id,
            "road": run.facts.road,
            "condition": run.facts.condition,
            "onset_s": row.onset_s,
            "t_star_s": row.t_star_s,
            "k_star_s": row.k_star_s,
            "point": DEFAULT_POINT,
            "reaction_s": MAIN_REACTION_S,
            "alarms": departure_alarms(run, at, MAIN_REACTION_S),
        }

    def _points(self, monitor: str) -> Mapping[str, Mapping[str, Any] | None]:
        return (self._fitted.get(monitor) or {}).get("points") or {}


def savable_figures(rows: Sequence[RescueRow]) -> dict[str, Any]:
    """How much could be saved at all: by anybody, and by an alarm followed by each reaction time."""
    k_star_s = [row.k_star_s for row in rows if row.k_star_s is not None]
    return {
        "savable": proportion(len(k_star_s), len(rows)),
        "unsavable": len(rows) - len(k_star_s),
        "k_star_s": _quantiles(k_star_s),
        "savable_at": [
            {
                "reaction_s": reaction_s,
                "from_the_start": proportion(sum(_reachable(row, reaction_s) for row in rows), len(rows)),
                "horizon_s": HORIZON_S,
                "within_horizon": proportion(
                    sum(_reachable(row, reaction_s) and _within(row, reaction_s) for row in rows), len(rows)
                ),
            }
            for reaction_s in REACTIONS_S
        ],
    }


def _reachable(row: RescueRow, reaction_s: float) -> bool:
    """An alarm that is up from the first tick on is in time: no monitor can do more."""
    return row.saves(earliest_takeover_tick(reaction_s, DEBOUNCE_S, row.tick_s))


def _within(row: RescueRow, reaction_s: float) -> bool:
    """An alarm that begins one horizon before the departure is in time."""
    ahead = ticks_at_least(HORIZON_S, row.tick_s) - ticks_at_least(reaction_s, row.tick_s)
    return row.saves(row.onset_tick - ahead)


def _oracle(runs: Sequence[LookupRun], reaction_s: float) -> dict[str, Any]:
    """Perfect alarms: one takeover of 6 s that begins at t*, in each run that can be saved, and nowhere else."""
    taken_s = run_s = 0.0
    saved = 0
    for run in runs:
        row, ticks = run.rescue, run.ticks
        if row is not None and row.last_safe_tick is not None and _reachable(row, reaction_s):
            saved += 1
            ticks = run.rescued_ticks
            taken_s += min(ticks_at_least(MIN_TAKEOVER_S, run.tick_s), ticks - row.last_safe_tick) * run.tick_s
        run_s += ticks * run.tick_s
    departures = sum(run.rescue is not None for run in runs)
    return {
        "reaction_s": reaction_s,
        "sg": proportion(saved, departures),
        "ac": taken_s / run_s if run_s else None,
    }


def _monitors(runs: Sequence[LookupRun]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run.statistics))


def _quantiles(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95]).tolist()
    return {"p05": low, "p50": middle, "p95": high, "max": max(values)}
