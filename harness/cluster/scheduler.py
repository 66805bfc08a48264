"""Hands episodes to workers, keeps every worker busy, and outlives whatever dies or hangs on the way.

A failed try (the simulator crashed, the worker died, nothing came back in time) is repeated with the same episode,
and so with the same seeds; after three tries the episode is recorded as lost to the infrastructure. The loss of a
whole node is nobody's try. Results are handed on as they finish.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ray
from ray.exceptions import RayError

from harness.cluster.attempt import AttemptResult, EpisodeTask
from harness.cluster.failed_tries import FailedTries
from harness.cluster.node_health import NodeHealth
from harness.cluster.slot import Slot, WorkerResources
from harness.cluster.stragglers import Stragglers
from harness.cluster.worker import Place, WorkerSettings
from harness.results.schema import EpisodeRecord

IN_FLIGHT_PER_WORKER = 2  # one runs, one waits, so that no worker ever waits for the driver
POLL_S = 0.25
STOP_TIMEOUT_S = 10.0
PLACING_TIMEOUT_S = 600.0
NODE_CHECK_S = 5.0


class NothingWorksError(RuntimeError):
    """The first episodes were all lost, or no worker could be placed: going on would only waste the night."""


@dataclass(frozen=True)
class HangLimit:
    """Wall-clock time one try may take before the worker itself is taken to hang: ``base_s`` + ``per_simulated_s`` ×
    duration. The worker's own deadlines for server and client are shorter."""

    base_s: float = 900.0
    per_simulated_s: float = 30.0

    def limit_s(self, task: EpisodeTask) -> float:
        """Seconds after which the worker is replaced."""
        return self.base_s + self.per_simulated_s * task.duration_s


class Observer:
    """Told what happens, on the driver, one call at a time. The base class ignores everything."""

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        """An episode is over, well or lost."""

    def failed_attempt(self, task: EpisodeTask, attempt: int, error: str) -> None:
        """A try failed; it is repeated unless it was the last one."""

    def node_drained(self, place: Place) -> None:
        """A node failed again and again and gets no more work."""

    def poll(self) -> None:
        """Called a few times per second."""


class Scheduler:
    """Runs a list of episodes on a number of workers of the connected Ray cluster."""

    def __init__(
        self,
        settings: WorkerSettings,
        workers: int,
        observer: Observer,
        hang_limit: HangLimit | None = None,
        resources: WorkerResources | None = None,
        stragglers: Stragglers | None = None,
        placing_timeout_s: float = PLACING_TIMEOUT_S,
        require_cluster: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare. ``require_cluster`` is called several times per second and raises when it is no use going on."""
        self._settings = settings
        self._workers = workers
        self._observer = observer
        self._hang_limit = hang_limit or HangLimit()
        self._resources = resources or WorkerResources()
        self._stragglers = stragglers or Stragglers()
        self._placing_timeout_s = placing_timeout_s
        self._require_cluster = require_cluster
        self._nodes = NodeHealth()
        self._failures = FailedTries()
        self._queue: deque[EpisodeTask] = deque()
        self._slots: list[Slot] = []
        self._done: set[str] = set()
        self._settings_ref: Any = None
        self._succeeded = 0
        self._last_placed = 0.0
        self._nodes_checked = 0.0

    def run(self, tasks: Sequence[EpisodeTask]) -> None:
        """Run every task once, successfully or until its tries are used up; each record goes to the observer.

        Raises:
            NothingWorksError: as many episodes as there are workers (at least three, or all) were lost and none
                succeeded, or no worker found a place in the cluster.
        """
        self._queue = deque(tasks)
        patience = min(max(3, self._workers), len(tasks))
        # One copy in each node's object store, however many workers: it may hold weights.
        self._settings_ref = ray.put(self._settings)
        self._last_placed = time.monotonic()
        self._slots = [self._new_slot(index) for index in range(min(self._workers, len(tasks)))]
        graceful = False
        try:
            while len(self._done) < len(tasks):
                self._require_cluster()
                self._fill()
                self._collect()
                self._replace_hanging()
                self._replace_lost()
                self._reissue_stragglers()
                self._require_a_place()
                self._observer.poll()
                if len(self._done) - self._succeeded >= patience and not self._succeeded:
                    raise NothingWorksError(
                        f"the first {len(self._done)} episodes were lost to the infrastructure, none succeeded. "
                        f"Last error: {self._failures.last_error}"
                    )
            graceful = True
        finally:
            self._stop_workers(graceful)

    def _fill(self) -> None:
        for depth in range(IN_FLIGHT_PER_WORKER):
            for slot in self._slots:
                if self._queue and slot.place is not None and len(slot.pending) == depth:
                    task = self._next_for(slot.place)
                    if task is not None:
                        slot.give(task)

    def _next_for(self, place: Place) -> EpisodeTask | None:
        """The first waiting episode that has not failed on this node, if there are other nodes to try it on."""
        elsewhere = {slot.place.node_id for slot in self._slots if slot.place is not None} - {place.node_id}
        for position, task in enumerate(self._queue):
            failed_on = self._nodes.failed_on(task.episode_id)
            if place.node_id not in failed_on or not elsewhere - failed_on:
                del self._queue[position]
                return task
        return None

    def _collect(self) -> None:
        heads = {slot.pending[0][0]: slot for slot in self._slots if slot.pending}
        placing = {slot.placing: slot for slot in self._slots if slot.placing is not None}
        waiting = [*heads, *placing]
        if not waiting:
            time.sleep(POLL_S)
            return
        ready, rest = ray.wait(waiting, num_returns=1, timeout=POLL_S)
        if ready and rest:  # and whatever else has come by now
            ready += ray.wait(rest, num_returns=len(rest), timeout=0)[0]
        for reference in ready:
            slot = placing.get(reference) or heads[reference]
            if self._slots[slot.index] is not slot:
                continue  # drained a moment ago: what it was given is in the queue again
            if reference in placing:
                self._placed(slot)
            else:
                self._take_result(slot, reference)

    def _placed(self, slot: Slot) -> None:
        try:
            slot.place = ray.get(slot.placing)
        except RayError as error:
            self._failures.last_error = f"a worker could not start ({type(error).__name__}): {error}"
            self._slots[slot.index] = self._new_slot(slot.index)
            return
        slot.placing = None
        self._last_placed = time.monotonic()
        assert slot.place is not None
        self._nodes.placed(slot.place)

    def _take_result(self, slot: Slot, reference: Any) -> None:
        try:
            result: AttemptResult = ray.get(reference)
        except RayError as error:
            self._replace(slot, f"the worker died ({type(error).__name__})")
            return
        _, task = slot.pending.popleft()
        wall_s, slot.head_since = time.monotonic() - slot.head_since, time.monotonic()
        if task.episode_id in self._done:  # the other copy of a straggler was faster
            return
        if result.record is not None:
            self._stragglers.note(wall_s)
            self._succeed(task, result, slot.place)
        else:
            self._fail(task, result, slot.place)

    def _replace_hanging(self) -> None:
        now = time.monotonic()
        for slot in list(self._slots):
            if slot.pending:
                limit_s = self._hang_limit.limit_s(slot.pending[0][1])
                if now - slot.head_since > limit_s:
                    self._replace(slot, f"no result within {limit_s:g} s: the worker hung")

    def _replace_lost(self) -> None:
        """Workers of nodes that have left: Ray may tell so of the node long before it does of each worker."""
        now = time.monotonic()
        if now - self._nodes_checked < NODE_CHECK_S:
            return
        self._nodes_checked = now
        present = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        for slot in list(self._slots):
            if slot.pending and slot.place is not None and slot.place.node_id not in present:
                self._replace(slot, "the worker was lost")

    def _reissue_stragglers(self) -> None:
        """Give what runs suspiciously long to a worker that has nothing to do; the first result counts."""
        idle = [slot for slot in self._slots if slot.place is not None and not slot.pending]
        if self._queue or not idle:
            return
        now = time.monotonic()
        running = [(slot.pending[0][1], now - slot.head_since) for slot in self._slots if slot.pending]
        for slot, task in zip(idle, self._stragglers.among(running, self._done, len(idle)), strict=False):
            slot.give(task)

    def _require_a_place(self) -> None:
        if any(slot.place is not None for slot in self._slots):
            self._last_placed = time.monotonic()
        elif time.monotonic() - self._last_placed > self._placing_timeout_s:
            raise NothingWorksError(
                f"no worker found a place in the cluster within {self._placing_timeout_s:g} s: each asks for "
                f"{self._resources}, the cluster has {ray.cluster_resources()}. {self._failures.last_error}"
            )

    def _replace(self, slot: Slot, error: str) -> None:
        """Kill a worker and give its place to a new one; what it was running has failed, what waited goes back."""
        slot.kill()
        _, running = slot.pending.popleft()
        self._queue.extendleft(task for _, task in reversed(slot.pending) if task.episode_id not in self._done)
        slot.pending.clear()
        self._slots[slot.index] = self._new_slot(slot.index)
        if running.episode_id in self._done:
            return
        if slot.place is not None and not _alive(slot.place):
            self._nodes.lost(slot.place)
            self._retry_after_node_loss(running, f"{error}: its node {slot.place.host} left the cluster")
        else:
            self._fail(running, AttemptResult(None, error, ""), slot.place)

    def _new_slot(self, index: int) -> Slot:
        return Slot.new(index, self._settings_ref, self._resources, self._nodes.drained)

    def _succeed(self, task: EpisodeTask, result: AttemptResult, place: Place | None) -> None:
        assert result.record is not None
        self._nodes.succeeded(place)
        self._done.add(task.episode_id)
        self._succeeded += 1
        attempts = self._failures.with_success(task, result)
        self._observer.finished(replace(result.record, attempts=attempts), result.server_version)

    def _fail(self, task: EpisodeTask, result: AttemptResult, place: Place | None) -> None:
        count = self._failures.add(task, result)
        self._observer.failed_attempt(task, count, str(result.error))
        if self._nodes.failed(place, task.episode_id) and place is not None:
            self._drain(place)
        self._retry_or_give_up(task)

    def _retry_after_node_loss(self, task: EpisodeTask, error: str) -> None:
        self._observer.failed_attempt(task, self._failures.add_node_loss(task, error), error)
        self._retry_or_give_up(task)

    def _retry_or_give_up(self, task: EpisodeTask) -> None:
        if self._given_elsewhere(task):
            return
        if self._failures.may_try_again(task):
            self._queue.appendleft(task)
            return
        self._done.add(task.episode_id)
        self._observer.finished(self._failures.lost_record(task), None)

    def _given_elsewhere(self, task: EpisodeTask) -> bool:
        """True while another copy of the episode runs or waits: the second one of a straggler."""
        given = {other.episode_id for slot in self._slots for _, other in slot.pending}
        return task.episode_id in given | {other.episode_id for other in self._queue}

    def _drain(self, place: Place) -> None:
        self._observer.node_drained(place)
        for slot in list(self._slots):
            if slot.place is not None and slot.place.node_id == place.node_id:
                slot.kill()
                waiting = [task for _, task in slot.pending if task.episode_id not in self._done]
                slot.pending.clear()
                self._slots[slot.index] = self._new_slot(slot.index)
                self._queue.extendleft(task for task in reversed(waiting) if not self._given_elsewhere(task))

    def _stop_workers(self, graceful: bool) -> None:
        """End all workers. After a failure or Ctrl-C they are killed at once; their servers die with them."""
        if graceful:
            idle = [slot for slot in self._slots if slot.place is not None and not slot.pending]
            stops = [slot.actor.stop.remote() for slot in idle]
            with contextlib.suppress(RayError):
                ray.wait(stops, num_returns=len(stops), timeout=STOP_TIMEOUT_S)
        for slot in self._slots:
            slot.kill()


def _alive(place: Place) -> bool:
    return any(node["NodeID"] == place.node_id and node["Alive"] for node in ray.nodes())
