"""How many workers, and what each of them asks for: from cores, memory, GPUs and the cluster's own slots."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.cluster.slot import WorkerResources
from harness.results.provenance import hardware, usable_cores
from harness.simulation.processes import available_memory_bytes
from harness.simulation.simulator import CARLA_KINDS, Simulator

SIMULATOR_SLOT = "carla_slot"
"""Custom resource of nodes that limit their CARLA servers: ``ray start --resources='{"carla_slot": 2}'``."""
GIB = 2**30
# Measured: embedded server 0.4 GiB, driving process 0.5, Ray's worker 0.1. CARLA's own need is what its makers state.
WORKER_BYTES = {"embedded": int(1.5 * GIB), "attach": int(1.0 * GIB)}
CARLA_WORKER_BYTES = 8 * GIB


@dataclass(frozen=True)
class NodeOffer:
    """What a node has for workers, in Ray's units."""

    cpus: float
    memory_bytes: float
    gpus: float = 0.0
    slots: float | None = None


@dataclass(frozen=True)
class Size:
    """A number of workers and what each one asks for."""

    workers: int
    resources: WorkerResources

    def at_most(self, episodes: int) -> Size:
        """No more workers than there are episodes."""
        return replace(self, workers=max(1, min(self.workers, episodes)))


class NoRoomError(RuntimeError):
    """No node has room for a single worker; the message says what is short."""


def this_host() -> NodeOffer:
    """What this machine has now."""
    return NodeOffer(usable_cores(), available_memory_bytes(), len(hardware()["gpus"]))


def offers(nodes: Sequence[Mapping[str, object]]) -> list[NodeOffer]:
    """What the living nodes of a cluster have, from ``ray.nodes()``."""
    found = []
    for node in nodes:
        if node["Alive"]:
            has: Mapping[str, float] = node["Resources"]  # type: ignore[assignment]
            slots = has.get(SIMULATOR_SLOT)
            found.append(NodeOffer(has.get("CPU", 0.0), has.get("memory", 0.0), has.get("GPU", 0.0), slots))
    return found


def size_workers(nodes: Sequence[NodeOffer], simulator: Simulator, wanted: int | None, device: str) -> Size:
    """As many workers as the nodes can hold, or as many as wanted.

    One core per worker, and memory, which it books: nobody else of the cluster is promised the same. GPUs are divided
    among the workers of their node where CARLA draws on them or networks may use them. A number that was asked for is
    kept, even where there is no memory to book for so many, except that an attached simulator serves one worker per
    endpoint.

    Raises:
        NoRoomError: nothing was asked for and no node can hold a worker.
    """
    worker_bytes = WORKER_BYTES.get(simulator.kind, CARLA_WORKER_BYTES)
    slotted = simulator.kind in CARLA_KINDS and any(node.slots is not None for node in nodes)
    room = sum(_room(node, worker_bytes, slotted) for node in nodes)
    if wanted is None and room == 0:
        raise NoRoomError(
            f"no node has a free core, {worker_bytes / GIB:g} GiB of memory"
            + (f" and a {SIMULATOR_SLOT}" if slotted else "")
            + " for a worker; free some, or set --workers to try all the same"
        )
    workers = wanted or room
    if simulator.kind == "attach":
        workers = min(workers, len(simulator.endpoints))
    gpus = sum(node.gpus for node in nodes)
    uses_gpu = gpus > 0 and (simulator.kind in CARLA_KINDS or device != "cpu")
    # Rounded down: shares of one GPU must not add up to more than it.
    share = math.floor(min(1.0, gpus / workers) * 100) / 100 if uses_gpu else 0.0
    custom = {SIMULATOR_SLOT: 1.0} if slotted else {}
    booked_bytes = worker_bytes if workers <= room else 0
    return Size(workers, WorkerResources(cpus=1.0, gpus=share, memory_bytes=booked_bytes, custom=custom))


def _room(node: NodeOffer, worker_bytes: int, slotted: bool) -> int:
    room = min(int(node.cpus), int(node.memory_bytes // worker_bytes))
    return min(room, int(node.slots or 0)) if slotted else room
