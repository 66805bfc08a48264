"""Small executors and tasks for scheduling tests: arithmetic instead of driving, real processes around it."""

from __future__ import annotations

import ctypes
import os
import signal
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from harness.cluster.pulse import Pulse, Stage
from harness.results.schema import EpisodeRecord, tick_schema, timing_schema
from harness.simulation.errors import InfrastructureError
from tests.harness.results.records import table

ROWS = 20


@dataclass(frozen=True)
class Task:
    """One task; ``trouble`` says what goes wrong on its first ``trouble_tries`` tries."""

    episode_id: str
    duration_s: float = 1.0
    trouble: str = ""
    trouble_tries: int = 1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class ArithmeticExecutor:
    """Answers each task with a table that depends on the task alone.

    Attributes:
        folder: where tries are counted and noted, because a killed worker remembers nothing.
        task_s: wall-clock time a task takes.
        bad_node: nothing works where the environment has this name for the node.
    """

    folder: str
    task_s: float = 0.0
    bad_node: str | None = None
    _pulse: Any = None

    def prepare(self, pulse: Pulse, folder: Path) -> None:
        self._pulse = pulse

    def open(self, host: str, port: int) -> str:
        return "0.9.16-arithmetic"

    def run(self, task: Task) -> EpisodeRecord:
        if self.bad_node is not None and os.environ.get("TEST_NODE") == self.bad_node:
            raise InfrastructureError("no graphics driver on this node")
        notes = Path(self.folder) / task.episode_id
        with notes.open("a") as file:
            file.write(f"{os.getpid()}\n")
        if task.trouble and len(notes.read_text().split()) <= task.trouble_tries:
            cause_trouble(task.trouble)
        self._pulse.beat(Stage.TICKING)
        time.sleep(self.task_s)
        ticks = table(tick_schema(), ROWS)
        seed = int.from_bytes(task.episode_id.encode(), "little")
        position = ticks.schema.get_field_index("x_m")
        ticks = ticks.set_column(position, "x_m", pa.array(np.random.default_rng(seed).random(ROWS)))
        return EpisodeRecord(
            task.episode_id,
            task.to_json(),
            "completed",
            ticks,
            table(timing_schema(), ROWS),
            {"departures": []},
        )


class WhereaboutsExecutor:
    """Answers with the folder for temporary files in place of a server's version."""

    def prepare(self, pulse: Pulse, folder: Path) -> None:
        pass

    def open(self, host: str, port: int) -> str:
        return tempfile.gettempdir()

    def run(self, task: Task) -> EpisodeRecord:
        raise NotImplementedError


def cause_trouble(kind: str) -> None:
    """Fail in one of the ways simulators and workers fail."""
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif kind == "hang":  # inside C with Python's global lock held, as a stuck client library does
        ctypes.PyDLL(None).sleep(600)
    elif kind == "infrastructure":
        raise InfrastructureError("no image of frame 7 within 10 s")
    elif kind == "defect":
        raise ZeroDivisionError("a defect in a plug-in")


def tries(folder: Path, task: Task) -> list[int]:
    """Process ids of the workers that tried a task, in order."""
    return [int(line) for line in (folder / task.episode_id).read_text().split()]
