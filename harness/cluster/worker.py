"""The worker: one process, one supervised server, one loaded agent; runs one episode after another."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cluster.attempt import AttemptResult, EpisodeExecutor
from harness.simulation.errors import InfrastructureError
from harness.simulation.server import START_TIMEOUT_S, Simulator, SimulatorServer


@dataclass(frozen=True)
class WorkerSettings:
    """What every worker of a campaign shares.

    Attributes:
        simulator: which simulator each worker starts or attaches to.
        executor: how an episode is run on it.
        log_folder: server logs, one folder per worker below it.
        start_timeout_s: wall-clock limit for a server to come up.
    """

    simulator: Simulator
    executor: EpisodeExecutor
    log_folder: str
    start_timeout_s: float = START_TIMEOUT_S


class EpisodeWorker:
    """Runs attempts; becomes a Ray actor in the scheduler.

    Ray calls the methods of an actor on its main thread, which lives as long as the process: the server
    may be tied to it.
    """

    def __init__(self, settings: WorkerSettings, index: int) -> None:
        """Prepare; the server starts with the first episode, so that its failure is that episode's
        attempt."""
        folder = Path(settings.log_folder) / f"worker_{index}_{os.getpid()}"
        self._server = SimulatorServer(
            settings.simulator,
            log_dir=folder,
            worker_index=index,
            start_timeout_s=settings.start_timeout_s,
        )
        self._executor = settings.executor
        self._version: str | None = None

    def run(self, task: Any) -> AttemptResult:
        """Try one episode. Never raises for what can go wrong in a try; after a failure the next try gets
        a fresh
        server."""
        mark = 0
        try:
            if self._version is None or not self._server.alive():
                self._close()
                self._version = self._executor.open(*self._server.start())
            else:
                mark = self._server.log_size()
            record = self._executor.run(task)
        except InfrastructureError as error:
            return self._failed(f"{type(error).__name__}: {error}", mark)
        except Exception as error:
            # A defect, ours or a plug-in's. Kept as a failed attempt with its trace: it must not end a
            # night's run.
            message = f"{type(error).__name__}: {error} (unexpected, trace in the log)"
            return self._failed(message, mark, traceback.format_exc())
        return AttemptResult(record, None, self._server.log_text(mark), self._version)

    def stop(self) -> None:
        """Disconnect and end the server."""
        self._close()

    def _failed(self, message: str, mark: int, trace: str = "") -> AttemptResult:
        alive = self._server.alive()
        state = "the server still ran" if alive else "the server was dead"
        log = "\n".join(filter(None, [self._server.log_text(mark), trace, f"[worker] {message}; {state}\n"]))
        version = self._version
        self._close()
        return AttemptResult(None, f"{message} ({state})", log, version)

    def _close(self) -> None:
        if self._version is not None:
            self._executor.close()
            self._version = None
        self._server.stop()
