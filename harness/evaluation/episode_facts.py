"""What the paired analysis keeps of an episode once its tick table has been judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.evaluation.departures import GRADES, MAIN_GRADE, Departure, find_collisions, find_departures
from harness.evaluation.episode_data import EpisodeData

PairKey = tuple[str, str]


@dataclass(frozen=True)
class EpisodeFacts:
    """One episode without its ticks.

    Attributes:
        episode_id, world_id, mode, road, condition, outcome: as in the spec and the events.
        pair: (pair_id, agent): twins share it.
        end_reason: why the run ended, None where it never ran.
        failure_route_s_m: arc length of the first main-grade departure or agent error, None if neither.
        departed: it had a main-grade departure. agent_error: the agent failed.
        start_route_s_m, end_route_s_m: arc length at the start, and the largest reached.
        events_by_grade: number of events of each grade.
        minimum_lane_margin_m: closest to (negative: furthest over) the line, None without a tick or where missing.
        parameters: the point of the campaign's parameter space, empty where it has none.
        collisions, stuck: events of the two classes outside the lane headline.
        km, run_s, takeover_s: distance, simulated time, time the takeover driver held the wheel.
        takeovers: times the wheel changed hands to the takeover driver.
    """

    episode_id: str
    pair: PairKey
    world_id: str
    mode: str
    road: str
    condition: str
    outcome: str
    end_reason: str | None
    failure_route_s_m: float | None
    departed: bool
    agent_error: bool
    is_missing: bool
    start_route_s_m: float
    end_route_s_m: float
    collisions: int
    stuck: int
    km: float
    run_s: float
    takeover_s: float
    takeovers: int
    events_by_grade: Mapping[str, int] = field(default_factory=dict)
    minimum_lane_margin_m: float | None = None
    parameters: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """It departed or its agent failed: both count against the driver."""
        return self.departed or self.agent_error

    @property
    def driven_m(self) -> float:
        """Distance along the route until the first failure, or until the end."""
        end_m = self.end_route_s_m if self.failure_route_s_m is None else self.failure_route_s_m
        return max(0.0, end_m - self.start_route_s_m)


def facts_of(episode: EpisodeData) -> EpisodeFacts:
    """Judge one episode. Departures are derived from the ticks again, not read from ``events.json``."""
    empty = episode.tick_count == 0
    judged = not empty and not episode.is_missing
    departures = find_departures(episode.columns, episode.tick_s) if judged else []
    takeover = np.zeros(0, dtype=bool) if empty else episode.column("takeover").astype(bool)
    started = int(takeover[:1].sum()) + int((takeover[1:] & ~takeover[:-1]).sum())
    return EpisodeFacts(
        episode_id=episode.episode_id,
        pair=(episode.pair_id, agent_name(episode.spec)),
        world_id=episode.world_id,
        mode=episode.mode,
        road=episode.road,
        condition=episode.condition,
        outcome=episode.outcome,
        end_reason=episode.events.get("end_reason"),
        failure_route_s_m=_failure_route_s_m(episode, departures),
        departed=any(departure.grade == MAIN_GRADE for departure in departures),
        agent_error=episode.is_agent_error,
        is_missing=episode.is_missing,
        start_route_s_m=0.0 if empty else float(episode.column("route_s_m")[0]),
        end_route_s_m=0.0 if empty else float(episode.column("route_s_m").max()),
        collisions=0 if empty else len(find_collisions(episode.column("collision"), episode.tick_s)),
        stuck=len(episode.events.get("stuck") or []),
        km=episode.distance_m / 1000.0,
        run_s=episode.duration_s,
        takeover_s=float(takeover.sum()) * (0.0 if empty else episode.tick_s),
        takeovers=started,
        events_by_grade={g: sum(departure.grade == g for departure in departures) for g in GRADES},
        minimum_lane_margin_m=float(episode.column("lane_margin_m").min()) if judged else None,
        parameters=dict(episode.spec.get("parameters") or {}),
    )


def agent_name(spec: Mapping[str, Any]) -> str:
    """Identity of the agent in an episode spec: its name and weights hash; twins must share the agent."""
    agent = spec.get("agent", "")
    if isinstance(agent, Mapping):
        return f"{agent.get('name', '')}:{agent.get('weights_sha256') or ''}"
    return str(agent)


def _failure_route_s_m(episode: EpisodeData, departures: list[Departure]) -> float | None:
    for departure in departures:
        if departure.grade == MAIN_GRADE:
            return departure.onset_route_s_m
    if episode.is_agent_error:
        return float(episode.column("route_s_m")[-1]) if episode.tick_count else 0.0
    return None
