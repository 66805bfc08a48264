"""Hands episodes to workers, keeps every worker busy, and outlives whatever dies or hangs on the way.

A failed try (the simulator crashed, the worker died, nothing came back in time) is repeated with the same
episode, and so with the same seeds; after three tries the episode is recorded as lost to the
infrastructure. Results are handed on as they finish.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import ray
from ray.exceptions import RayError

from harness.cluster.attempt import AttemptResult, EpisodeTask
from harness.cluster.worker import EpisodeWorker, WorkerSettings
from harness.results.schema import EpisodeRecord

ATTEMPT_BUDGET = 3
IN_FLIGHT_PER_WORKER = 2  # one runs, one waits, so that no worker ever waits for the driver
POLL_S = 0.25
STOP_TIMEOUT_S = 10.0


class NothingWorksError(RuntimeError):
    """The first episodes were all lost to the infrastructure: going on would only waste the night."""


@dataclass(frozen=True)
class HangLimit:
    """Wall-clock time one try may take: ``base_s`` (start of the server, loading) + ``per_simulated_s`` ×
    duration."""

    base_s: float = 420.0
    per_simulated_s: float = 10.0

    def limit_s(self, task: EpisodeTask) -> float:
        """Seconds after which the worker is taken to hang."""
        return self.base_s + self.per_simulated_s * task.duration_s


class Observer:
    """Told what happens, on the driver, one call at a time. The base class ignores everything."""

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        """An episode is over, well or lost."""

    def failed_attempt(self, task: EpisodeTask, attempt: int, error: str) -> None:
        """A try failed; it is repeated unless it was the last one."""

    def poll(self) -> None:
        """Called a few times per second."""


@dataclass
class _Slot:
    """One worker and what it was given: the first is running, the others wait."""

    index: int
    actor: Any
    pending: deque[tuple[Any, EpisodeTask]] = field(default_factory=deque)
    head_since: float = 0.0


class Scheduler:
    """Runs a list of episodes on a number of workers of the running Ray cluster."""

    def __init__(
        self, settings: WorkerSettings, workers: int, observer: Observer, hang_limit: HangLimit | None = None
    ) -> None:
        self._settings = settings
        self._workers = workers
        self._observer = observer
        self._hang_limit = hang_limit or HangLimit()
        self._actor_class = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(EpisodeWorker)
        self._queue: deque[EpisodeTask] = deque()
        self._failures: dict[str, list[dict[str, Any]]] = {}
        self._slots: list[_Slot] = []
        self._succeeded = 0
        self._lost = 0

    def run(self, tasks: Sequence[EpisodeTask]) -> None:
        """Run every task once, successfully or until its tries are used up; each record goes to the observer.

        Raises:
            NothingWorksError: as many episodes as there are workers (at least three, or all) were lost and
                none succeeded.
        """
        self._queue = deque(tasks)
        count = min(self._workers, len(tasks))
        patience = min(max(3, self._workers), len(tasks))
        self._slots = [_Slot(index, self._new_actor(index)) for index in range(count)]
        graceful = False
        try:
            while self._queue or any(slot.pending for slot in self._slots):
                self._fill()
                self._collect()
                self._replace_hanging()
                self._observer.poll()
                if self._lost >= patience and not self._succeeded:
                    raise NothingWorksError(
                        f"the first {self._lost} episodes were lost to the infrastructure, none succeeded. "
                        f"Last error: {self._last_error()}"
                    )
            graceful = True
        finally:
            self._stop_workers(graceful)

    def _fill(self) -> None:
        for depth in range(IN_FLIGHT_PER_WORKER):
            for slot in self._slots:
                if self._queue and len(slot.pending) == depth:
                    task = self._queue.popleft()
                    if not slot.pending:
                        slot.head_since = time.monotonic()
                    slot.pending.append((slot.actor.run.remote(task), task))

    def _collect(self) -> None:
        heads = {slot.pending[0][0]: slot for slot in self._slots if slot.pending}
        ready, _ = ray.wait(list(heads), num_returns=1, timeout=POLL_S)
        for reference in ready:
            slot = heads[reference]
            try:
                result: AttemptResult = ray.get(reference)
            except RayError as error:
                self._replace(slot, f"the worker died ({type(error).__name__})")
                continue
            _, task = slot.pending.popleft()
            slot.head_since = time.monotonic()
            if result.record is not None:
                self._succeed(task, result)
            else:
                self._fail(task, str(result.error), result.server_log)

    def _replace_hanging(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.pending:
                limit_s = self._hang_limit.limit_s(slot.pending[0][1])
                if now - slot.head_since > limit_s:
                    self._replace(slot, f"no result within {limit_s:g} s: the worker or its server hung")

    def _replace(self, slot: _Slot, error: str) -> None:
        """Kill a worker and give its place to a new one; what it was running has failed, what waited goes
        back."""
        _kill(slot.actor)
        _, running = slot.pending.popleft()
        self._queue.extendleft(task for _, task in reversed(slot.pending))
        slot.pending.clear()
        slot.actor = self._new_actor(slot.index)
        self._fail(running, error, "")

    def _new_actor(self, index: int) -> Any:
        return self._actor_class.remote(self._settings, index)

    def _succeed(self, task: EpisodeTask, result: AttemptResult) -> None:
        assert result.record is not None
        failures = self._failures.pop(task.episode_id, [])
        last = {"attempt": len(failures) + 1, "error": None, "server_log": result.server_log}
        self._succeeded += 1
        self._observer.finished(replace(result.record, attempts=[*failures, last]), result.server_version)

    def _fail(self, task: EpisodeTask, error: str, server_log: str) -> None:
        failures = self._failures.setdefault(task.episode_id, [])
        failures.append({"attempt": len(failures) + 1, "error": error, "server_log": server_log})
        self._observer.failed_attempt(task, len(failures), error)
        if len(failures) < ATTEMPT_BUDGET:
            self._queue.appendleft(task)
            return
        self._lost += 1
        self._observer.finished(lost_record(task, failures), None)

    def _last_error(self) -> str:
        return next((entry[-1]["error"] for entry in reversed(self._failures.values())), "none noted")

    def _stop_workers(self, graceful: bool) -> None:
        """End all workers. After a failure or Ctrl-C they are killed at once; their servers die with them."""
        if graceful:
            stops = [slot.actor.stop.remote() for slot in self._slots]
            with contextlib.suppress(RayError):
                ray.wait(stops, num_returns=len(stops), timeout=STOP_TIMEOUT_S)
        for slot in self._slots:
            _kill(slot.actor)


def lost_record(task: EpisodeTask, failures: Sequence[Mapping[str, Any]]) -> EpisodeRecord:
    """The record of an episode whose tries were all used up: no ticks, outcome ``infrastructure_error``."""
    message = f"{len(failures)} tries failed; the last one: {failures[-1]['error']}"
    return EpisodeRecord(
        episode_id=task.episode_id,
        spec=dict(task.to_json()),
        outcome="infrastructure_error",
        ticks=pa.table({}),
        timings=pa.table({}),
        events={"message": message, "end_reason": None},
        attempts=[dict(failure) for failure in failures],
    )


def _kill(actor: Any) -> None:
    with contextlib.suppress(RayError):
        ray.kill(actor, no_restart=True)
