"""What happened in an episode, as `events.json` holds it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from harness.evaluation.departures import find_departures, find_stuck
from harness.results.schema import EPISODE_SCHEMA_VERSION
from harness.simulation.supervisor import Takeover


class EndReason(enum.StrEnum):
    """Why an episode ended."""

    ROUTE_END = "route_end"
    DURATION = "duration"
    DEPARTURE = "departure"
    COLLISION = "collision"
    STUCK = "stuck"
    AGENT_ERROR = "agent_error"
    INVALID = "invalid"


@dataclass
class EpisodeEvents:
    """Events noted while the loop runs; departures are derived from the finished tick table."""

    end_reason: EndReason = EndReason.DURATION
    collisions: list[dict[str, Any]] = field(default_factory=list)
    monitor_faults: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def first_collision_s(self) -> float | None:
        """Simulation time of the first collision."""
        return min((collision["time_s"] for collision in self.collisions), default=None)

    def add_collision(self, time_s: float, other: str) -> None:
        """Note a contact and the type of what was hit."""
        self.collisions.append({"time_s": time_s, "other": other})

    def add_monitor_fault(self, monitor: str, time_s: float, message: str) -> None:
        """Count a monitor's failure; the first message is kept."""
        entry = self.monitor_faults.setdefault(monitor, {"ticks": 0, "first_s": time_s, "message": message})
        entry["ticks"] += 1

    def to_json(
        self,
        ticks: pa.Table,
        tick_s: float,
        outcome: str,
        message: str,
        takeovers: Sequence[Takeover],
        simulator: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Content of `events.json` (docs/architecture.md §5)."""
        columns = {name: ticks[name].to_numpy() for name in ticks.column_names}
        has_rows = ticks.num_rows > 0
        departures = find_departures(columns, tick_s) if has_rows else []
        stuck = find_stuck(columns["speed_mps"], columns["target_speed_mps"], tick_s) if has_rows else []
        taken = np.flatnonzero(columns["takeover"]) if has_rows else np.array([], dtype=int)
        return {
            "schema_version": EPISODE_SCHEMA_VERSION,
            "outcome": outcome,
            "message": message,
            "end_reason": str(self.end_reason),
            "duration_s": round(ticks.num_rows * tick_s, 9),
            "distance_m": float(np.sum(columns["speed_mps"], dtype=np.float64) * tick_s) if has_rows else 0.0,
            "departures": [departure.to_json() for departure in departures],
            "collisions": sorted(self.collisions, key=lambda collision: (collision["time_s"], collision["other"])),
            "stuck": [{"onset_s": float(columns["time_s"][stretch.start])} for stretch in stuck],
            "takeovers": [{"alarm_s": t.alarm_s, "start_s": t.start_s, "end_s": t.end_s} for t in takeovers],
            "first_takeover_tick": int(taken[0]) if taken.size else None,
            "monitor_faults": self.monitor_faults,
            "simulator": dict(simulator),
        }
