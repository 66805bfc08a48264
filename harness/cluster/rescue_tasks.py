"""Which departures of a campaign are mapped, and how a worker maps one."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.campaign.episode_spec import EpisodeSpec, TakeoverSpec
from harness.campaign.identity import seed_for, short_hash
from harness.cluster.driving import DrivingExecutor
from harness.cluster.pulse import Stage
from harness.cluster.watched import TickBeat
from harness.evaluation.departures import MAIN_GRADE, find_departures
from harness.evaluation.episode_data import MISSING_OUTCOMES
from harness.evaluation.episode_facts import EpisodeFacts, facts_of
from harness.evaluation.rescue_table import RescueRow
from harness.evaluation.safety_gain import EXPERT, SHADOW
from harness.results.index import IndexEntry
from harness.results.reader import read_episode
from harness.results.schema import EpisodeRecord
from harness.simulation.errors import InfrastructureError
from harness.simulation.replay import RecordedRun
from harness.simulation.rescue import RESCUE_VERSION, map_departure
from harness.simulation.rescue_check import drive_takeover, planned_handover

GRID_SHARE = 0.05
CHECK_SHARE = 0.10


@dataclass(frozen=True)
class RescueTask:
    """One departure to be mapped.

    Attributes:
        run, facts: the shadow run. takeover: settings of the driver.
        with_grid: check monotonicity on the dense grid.
        with_check: drive one takeover in earnest, with camera and agent.
    """

    run: RecordedRun
    facts: EpisodeFacts
    takeover: TakeoverSpec
    with_grid: bool
    with_check: bool

    @property
    def episode_id(self) -> str:
        """Of the shadow run."""
        return self.run.spec.episode_id

    @property
    def duration_s(self) -> float:
        """Longest simulated duration of one drive, s."""
        return self.run.spec.duration_s

    @property
    def road(self) -> str:
        """Name of the road."""
        return self.run.spec.road

    @property
    def condition(self) -> str:
        """Name of the condition."""
        return self.run.spec.condition

    @property
    def mode(self) -> str:
        """For messages."""
        return "rescue map"

    def to_json(self) -> Mapping[str, Any]:
        """The spec of the shadow run."""
        return self.run.spec.to_json()


def map_id(takeover: TakeoverSpec) -> str:
    """Identity of a map: rows of another driver or another search do not belong into it."""
    return short_hash({"driver": takeover.driver, "version": RESCUE_VERSION})


def departures_to_map(folder: Path, entries: Mapping[str, IndexEntry]) -> list[str]:
    """Ids of the shadow runs that departed where somebody could have stayed in the lane, sorted."""
    shadows: list[tuple[str, str]] = []
    unavoidable: set[str] = set()
    for key, entry in entries.items():
        spec, events = _small_file(folder, entry, "spec.json"), _small_file(folder, entry, "events.json")
        departed = any(departure["grade"] == MAIN_GRADE for departure in events.get("departures") or [])
        if not departed or entry.outcome in MISSING_OUTCOMES:
            continue
        if spec["mode"] == EXPERT:
            unavoidable.add(spec["world_id"])
        elif spec["mode"] == SHADOW:
            shadows.append((key, spec["world_id"]))
    return sorted(key for key, world_id in shadows if world_id not in unavoidable)


def sampled(episode_ids: Sequence[str], share: float, role: str) -> set[str]:
    """A random share of the departures, at least one, the same in every run."""
    ranked = sorted(episode_ids, key=lambda episode_id: seed_for(episode_id, role))
    return set(ranked[: math.ceil(share * len(ranked))])


def rescue_task(
    folder: Path, entry: IndexEntry, takeover: TakeoverSpec, with_grid: bool, with_check: bool
) -> RescueTask:
    """Read one departure.

    Raises:
        CorruptResultError: a file is missing or does not match its hash.
    """
    episode = read_episode(folder, entry)
    departures = find_departures(episode.ticks, episode.tick_s)
    onset_tick = next(departure.onset_tick for departure in departures if departure.grade == MAIN_GRADE)
    run = RecordedRun.of(EpisodeSpec.from_json(dict(episode.spec)), episode.ticks, onset_tick)
    return RescueTask(run, facts_of(episode), takeover, with_grid, with_check)


@dataclass
class RescueExecutor(DrivingExecutor):
    """Maps departures with the same session, agents and servers that drive episodes."""

    def run(self, task: RescueTask) -> EpisodeRecord:  # type: ignore[override]
        """Map one departure; the row travels in the events of an otherwise empty record.

        Raises:
            InfrastructureError: the simulator failed.
            WeightsChangedError: the agent is not the one that departed.
        """
        if self._session is None:
            raise InfrastructureError("no connection to a simulator")
        self._pulse.beat(Stage.LOADING)
        run = dataclasses.replace(task.run, spec=self._local(task.run.spec))
        beat = TickBeat(self._pulse)
        found = map_departure(
            self._session, run, task.takeover.driver, task.with_grid, on_drive=lambda: beat.on_tick(None)
        )
        row = RescueRow(
            episode_id=found.episode_id,
            map_id=map_id(task.takeover),
            reason=found.reason,
            tick_s=run.spec.tick_s,
            onset_tick=found.onset_tick,
            last_safe_tick=found.last_safe_tick,
            replay_error_m=found.replay_error_m,
            rescued_ticks=found.rescued_ticks,
            probe_ticks=tuple(tick for tick, _ in found.probes),
            probe_saved=tuple(saved for _, saved in found.probes),
            grid_ticks=tuple(tick for tick, _ in found.grid),
            grid_saved=tuple(saved for _, saved in found.grid),
        )
        if task.with_check and row.known:
            row = self._checked(task, run, row)
        events = {"rescue": dataclasses.asdict(row)}
        nothing = pa.table({})
        return EpisodeRecord(task.episode_id, dict(task.to_json()), "completed", nothing, nothing, events)

    def _checked(self, task: RescueTask, run: RecordedRun, row: RescueRow) -> RescueRow:
        assert run.spec.agent is not None
        seed = seed_for(task.episode_id, "rescue_handover")
        tick = planned_handover(row.onset_tick, row.last_safe_tick, row.tick_s, seed)
        agent = self._agent(run.spec.agent)
        callbacks = [TickBeat(self._pulse)]
        real = drive_takeover(self._session, run.spec, task.facts, agent, tick, task.takeover, callbacks)
        return dataclasses.replace(row, check_tick=tick, check_saved=real.saved if real.resolved else None)


def _small_file(folder: Path, entry: IndexEntry, name: str) -> dict[str, Any]:
    path = next(file.path for file in entry.files if file.path.endswith(f"/{name}"))
    content: dict[str, Any] = json.loads((folder / path).read_bytes())
    return content
