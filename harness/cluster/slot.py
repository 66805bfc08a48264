"""One place for a worker: the actor that fills it now, and the episodes it was given."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeLabelSchedulingStrategy, NotIn

from harness.cluster.attempt import EpisodeTask
from harness.cluster.worker import EpisodeWorker, Place

NODE_LABEL = "ray.io/node-id"


@dataclass(frozen=True)
class WorkerResources:
    """What each worker asks of Ray.

    Attributes:
        cpus, gpus: shares of a node's; a fraction of a GPU lets several workers use it.
        memory_bytes: reserved in Ray's books, 0 for none.
        custom: names of the cluster's own resources, such as slots for simulators.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    memory_bytes: int = 0
    custom: Mapping[str, float] = field(default_factory=dict)

    def options(self, avoid: Collection[str]) -> dict[str, Any]:
        """As options of a Ray actor; ``avoid`` holds ids of nodes that must not be used."""
        options: dict[str, Any] = {"num_cpus": self.cpus, "num_gpus": self.gpus, "resources": dict(self.custom)}
        if self.memory_bytes:
            options["memory"] = self.memory_bytes
        if avoid:
            options["scheduling_strategy"] = NodeLabelSchedulingStrategy(hard={NODE_LABEL: NotIn(*sorted(avoid))})
        return options


@dataclass
class Slot:
    """A worker and what it was given: the first is running, the others wait.

    Attributes:
        placing: answers with the worker's place once it runs; None when it has answered.
        place: where the worker runs; None until then, and so long it is given nothing.
        head_since: when the running episode became the first, monotonic clock.
    """

    index: int
    actor: Any
    placing: Any
    place: Place | None = None
    pending: deque[tuple[Any, EpisodeTask]] = field(default_factory=deque)
    head_since: float = 0.0

    @staticmethod
    def new(index: int, settings_ref: Any, resources: WorkerResources, avoid: Collection[str]) -> Slot:
        """A slot whose worker is being started somewhere."""
        actor_class = ray.remote(max_restarts=0, max_task_retries=0)(EpisodeWorker)
        actor = actor_class.options(**resources.options(avoid)).remote(settings_ref, index)
        return Slot(index, actor, actor.where.remote())  # type: ignore[attr-defined]

    def give(self, task: EpisodeTask) -> None:
        """Hand over one episode."""
        if not self.pending:
            self.head_since = time.monotonic()
        self.pending.append((self.actor.run.remote(task), task))

    def kill(self) -> None:
        """End the worker at once; its server and client die with it."""
        with contextlib.suppress(RayError):
            ray.kill(self.actor, no_restart=True)
