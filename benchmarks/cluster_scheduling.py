"""What scheduling and storing cost: episodes that do nothing over many slots, and records of ordinary size on disk.

Scheduler, Ray, messages and records are real; simulator and client are left out. The clock starts when every slot has
its worker: until then nobody gets past the gate.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray

from benchmarks.clocks import Watch
from harness.cluster import slot
from harness.cluster.attempt import AttemptResult
from harness.cluster.local_ray import local_cluster
from harness.cluster.scheduler import Observer, Scheduler
from harness.cluster.slot import WorkerResources
from harness.cluster.worker import Place, WorkerSettings
from harness.results.schema import EpisodeRecord, tick_schema, timing_schema
from harness.results.store import CampaignStore
from harness.simulation.simulator import EMBEDDED

ROWS = 400
GATE_POLL_S = 0.1


class IdleTask:
    """An episode that does nothing."""

    duration_s = 1.0

    def __init__(self, number: int) -> None:
        self.episode_id = f"{number:016x}"

    def to_json(self) -> dict[str, Any]:
        """Its spec."""
        return {"episode_id": self.episode_id}


@dataclass(frozen=True)
class Gate:
    """Opens when as many workers as there are slots stand before it."""

    folder: str
    slots: int

    def pass_through(self, index: int) -> None:
        """Wait for all others."""
        folder = Path(self.folder)
        (folder / str(index)).touch()
        while sum(1 for _ in folder.iterdir()) < self.slots:
            time.sleep(GATE_POLL_S)


class IdleWorker:
    """Answers at once, with a record of ordinary size."""

    def __init__(self, settings: WorkerSettings, index: int) -> None:
        self._gate: Gate | None = settings.executor  # type: ignore[assignment]
        self._index = index
        self._record = idle_record(IdleTask(0))

    def where(self) -> Place:
        """The node of this process: a worker whose node is not among the cluster's is taken for lost."""
        return Place(ray.get_runtime_context().get_node_id(), "host")

    def run(self, task: IdleTask) -> AttemptResult:
        """A finished episode."""
        if self._gate is not None:
            self._gate.pass_through(self._index)
            self._gate = None
        return AttemptResult(replace(self._record, episode_id=task.episode_id, spec=task.to_json()), None, "")

    def stop(self) -> None:
        """Nothing to stop."""


def idle_record(task: IdleTask) -> EpisodeRecord:
    """A record with as many rows and columns as an ordinary one, without content."""
    ticks = pa.table({column.name: pa.nulls(ROWS, column.type) for column in tick_schema(["m"])})
    timings = pa.table({column.name: pa.nulls(ROWS, column.type) for column in timing_schema(["m"])})
    return EpisodeRecord(task.episode_id, task.to_json(), "completed", ticks, timings, {"departures": []})


class _Count(Observer):
    """Counts results from the first one on."""

    def __init__(self) -> None:
        self.measured = 0
        self.watch: Watch | None = None

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        """One more."""
        if self.watch is None:
            self.watch = Watch(with_children=True)
        else:
            self.measured += 1


def scheduling(episodes: int, slots: int) -> dict[str, Any]:
    """Episodes per second through scheduler and Ray, storing left out; processor time of the driver and of all."""
    slot.EpisodeWorker = IdleWorker  # type: ignore[misc, assignment]
    count = _Count()
    with local_cluster(1) as folder:
        (folder / "gate").mkdir()
        gate = Gate(str(folder / "gate"), slots)
        settings = WorkerSettings(EMBEDDED, gate, str(folder))  # type: ignore[arg-type]
        tasks = [IdleTask(number) for number in range(episodes)]
        times: dict[str, float] = {}

        class _Scheduler(Scheduler):
            def _stop_workers(self, graceful: bool) -> None:
                if count.watch is not None:
                    times.update(count.watch.times())  # while the workers, whose time counts, still live
                super()._stop_workers(graceful)

        _Scheduler(settings, slots, count, resources=WorkerResources(cpus=0.0)).run(tasks)  # type: ignore[arg-type]
    rate = round(count.measured / times["wall_s"], 1)
    return {"episodes": episodes, "slots": slots, "measured": count.measured, "episodes_per_s": rate, **times}


def storing(episodes: int) -> dict[str, Any]:
    """Records per second that the driver stores, each on disk before the next one."""
    with tempfile.TemporaryDirectory() as folder, CampaignStore.create(Path(folder) / "campaign") as store:
        records = [idle_record(IdleTask(number)) for number in range(episodes)]
        watch = Watch()
        for record in records:
            store.add_episode(record)
        times = watch.times()
    return {"episodes": episodes, "episodes_per_s": round(episodes / times["wall_s"], 1), **times}
