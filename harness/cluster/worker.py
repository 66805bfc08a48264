"""The worker: one supervised server and one driving process; runs one episode after another."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray

from harness.cluster.attempt import AttemptResult, Blame, EpisodeExecutor
from harness.cluster.client_process import ClientDefectError, ClientLostError, ClientProcess, Deadlines
from harness.cluster.pulse import Stage
from harness.simulation.errors import InfrastructureError
from harness.simulation.launch import Launch
from harness.simulation.processes import same_process, stat_of
from harness.simulation.server import START_TIMEOUT_S, SimulatorServer
from harness.simulation.simulator import Simulator


@dataclass(frozen=True)
class Recycling:
    """When a server and its client are replaced by fresh ones: simulators grow with every world.

    Attributes:
        episodes: after so many.
        memory_mb: when server and client together hold more.
    """

    episodes: int = 200
    memory_mb: float = 12_000.0


@dataclass(frozen=True)
class WorkerSettings:
    """What every worker of a campaign shares.

    Attributes:
        simulator: which simulator each worker starts or attaches to.
        executor: how an episode is run on it.
        log_folder: logs and scratch files, one folder per worker below it; on the worker's own machine.
        start_timeout_s: wall-clock limit for a server to come up.
        deadlines: of the driving process.
        recycling: when server and client are replaced.
        launch: starts the server in place of the simulator's own command line.
    """

    simulator: Simulator
    executor: EpisodeExecutor
    log_folder: str
    start_timeout_s: float = START_TIMEOUT_S
    deadlines: Deadlines = field(default_factory=Deadlines)
    recycling: Recycling = field(default_factory=Recycling)
    launch: Callable[[int], Launch] | None = None


@dataclass(frozen=True)
class Place:
    """Where a worker runs: Ray's id of the node, and a name that a person can look for."""

    node_id: str
    host: str


class EpisodeWorker:
    """Runs attempts; becomes a Ray actor in the scheduler.

    Ray calls the methods of an actor on its main thread, which lives as long as the process: server and client may
    be tied to it.
    """

    def __init__(self, settings: WorkerSettings, index: int) -> None:
        """Prepare; server and client start with the first episode, so that their failure is that episode's try."""
        self._settings = settings
        folder = Path(settings.log_folder)
        _remove_folders_of_the_dead(folder)
        process = stat_of(os.getpid())
        assert process is not None
        self._folder = folder / f"worker_{index}_{process.pid}_{process.start}"
        self._server = SimulatorServer(
            settings.simulator,
            log_dir=self._folder,
            worker_index=index,
            gpu=_assigned_gpu(),
            start_timeout_s=settings.start_timeout_s,
            launch=settings.launch,
        )
        self._client: ClientProcess | None = None
        self._clients = 0
        self._version: str | None = None
        self._episodes = 0
        self._memory_mb: dict[str, float] = {}

    def where(self) -> Place:
        """Which node this worker is on; answering at all says that it has been placed."""
        node_id = ray.get_runtime_context().get_node_id() if ray.is_initialized() else ""
        return Place(node_id, socket.gethostname())

    def run(self, task: Any) -> AttemptResult:
        """Try one episode. Never raises for what can go wrong in a try; after a failure the next try gets a fresh
        server and a fresh client."""
        mark = 0
        try:
            if self._recycling_is_due() or not self._server.alive():
                self.stop()
            mark = self._server.log_size() if self._client is not None else 0
            record = self._connected().run(task)
        except ClientDefectError as error:
            return self._failed(f"{error} (unexpected, trace in the log)", mark, error.trace)
        except ClientLostError as error:
            return self._failed(str(error), mark, blame="agent" if error.hung_in is Stage.AGENT else "infrastructure")
        except (InfrastructureError, OSError) as error:
            return self._failed(f"{type(error).__name__}: {error}", mark)
        self._episodes += 1
        log = self._server.log_text(mark)
        return AttemptResult(record, None, log, self._version, memory_mb=self._measured_mb(), driven=self._episodes)

    def stop(self) -> None:
        """Disconnect, end the server and the client, and remove what they wrote when nobody can need it."""
        if self._client is not None:
            self._client.kill()
            self._client = None
        self._server.stop()
        self._version = None
        self._episodes = 0
        self._memory_mb = {}
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connected(self) -> ClientProcess:
        """The client, connected; started first and together with the server where they do not run."""
        if self._client is None:
            self._clients += 1
            settings = self._settings
            self._client = ClientProcess(settings.executor, self._folder, self._clients, settings.deadlines)
            address = self._server.start()
            self._client.wait_ready()
            self._version = self._client.open(*address)
        return self._client

    def _recycling_is_due(self) -> bool:
        if self._settings.simulator.kind == "attach":
            return False
        limits = self._settings.recycling
        return self._episodes >= limits.episodes or sum(self._memory_mb.values()) > limits.memory_mb

    def _measured_mb(self) -> dict[str, float]:
        server_mb = self._server.resident_mb()
        client_mb = None if self._client is None else self._client.resident_mb()
        measured = {"server": server_mb, "client": client_mb}
        self._memory_mb = {name: round(value, 1) for name, value in measured.items() if value is not None}
        return self._memory_mb

    def _failed(self, message: str, mark: int, trace: str = "", blame: Blame = "infrastructure") -> AttemptResult:
        state = "the server still ran" if self._server.alive() else "the server was dead"
        client_log = "" if self._client is None else self._client.log_text()
        said = [self._server.log_text(mark), client_log, trace, f"[worker] {message}; {state}\n"]
        version = self._version
        self.stop()
        return AttemptResult(None, f"{message} ({state})", "\n".join(filter(None, said)), version, blame)


def _assigned_gpu() -> int | None:
    """Index of the GPU that Ray gave this worker; None without one."""
    assigned = ray.get_gpu_ids() if ray.is_initialized() else []
    return int(assigned[0]) if assigned and str(assigned[0]).isdigit() else None


def _remove_folders_of_the_dead(log_folder: Path) -> None:
    """Folders of workers that were killed: nobody else removes them, and a night has many."""
    for folder in log_folder.glob("worker_*_*_*"):
        pid, start = folder.name.split("_")[2:]
        if not same_process(int(pid), int(start)):
            shutil.rmtree(folder, ignore_errors=True)
