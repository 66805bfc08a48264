"""Own the process that talks to the simulator: give it work, watch its pulse, kill it when it hangs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from harness.cluster.attempt import EpisodeExecutor
from harness.cluster.client_main import DUMP_SIGNAL
from harness.cluster.pulse import Pulse, Stage
from harness.results.schema import EpisodeRecord
from harness.simulation.errors import InfrastructureError
from harness.simulation.processes import resident_mb
from harness.simulation.server import LAUNCHER, LOG_TAIL_BYTES, REPOSITORY, child_environment

POLL_S = 0.2
DUMP_TIME_S = 0.5


@dataclass(frozen=True)
class Deadlines:
    """Longest wall-clock times without a beat, s. The client library's own time-outs are shorter and come first.

    Attributes:
        start_s: from launch to ready (imports), and for one connection.
        load_s: from the request to the first tick: world, agent, monitors; a first world may compile the renderer.
        tick_s: from one tick to the next, and from the last one to the record.
    """

    start_s: float = 240.0
    load_s: float = 300.0
    tick_s: float = 90.0

    def limit_s(self, stage: Stage) -> float:
        """The deadline of a stage."""
        return {Stage.STARTING: self.start_s, Stage.LOADING: self.load_s}.get(stage, self.tick_s)


class ClientLostError(InfrastructureError):
    """The driving process died or hung, and is gone.

    Attributes:
        hung_in: stage in which it hung; None if it died.
    """

    def __init__(self, message: str, hung_in: Stage | None = None) -> None:
        super().__init__(message)
        self.hung_in = hung_in


class ClientDefectError(Exception):
    """Our code or a plug-in raised what it should not; ``trace`` holds where."""

    def __init__(self, message: str, trace: str) -> None:
        super().__init__(message)
        self.trace = trace


class ClientProcess:
    """One driving process. Start it on a thread that lives as long as it: it dies with that thread."""

    def __init__(self, executor: EpisodeExecutor, folder: Path, number: int, deadlines: Deadlines) -> None:
        """Start the process; `wait_ready` before the first request. ``folder`` takes its log and scratch files."""
        folder.mkdir(parents=True, exist_ok=True)
        self._log_path = folder / f"client_{number:03d}.log"
        self._deadlines = deadlines
        self._pulse = Pulse()
        ours, theirs = socket.socketpair()
        descriptors = (theirs.fileno(), self._pulse.descriptor)
        module = [sys.executable, "-m", "harness.cluster.client_main", *map(str, descriptors), str(folder)]
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *module],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=REPOSITORY,
                # What it makes for a moment, such as a clip, goes with the folder when it is killed meanwhile.
                env={**child_environment(), "TMPDIR": str(folder)},
                start_new_session=True,
                pass_fds=descriptors,
            )
        theirs.close()
        self._connection = Connection(ours.detach())
        with contextlib.suppress(OSError):  # it died already: noticed by the first wait
            self._connection.send(executor)

    @property
    def pid(self) -> int:
        """Process id, and id of its process group."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Wait until the executor is prepared.

        Raises:
            ClientLostError, ClientDefectError: it could not be.
        """
        self._receive(Stage.STARTING)

    def open(self, host: str, port: int) -> str:
        """Connect to a server; returns its version.

        Raises:
            InfrastructureError: no answer, or another version than the client library's.
            ClientDefectError: what is no fault of the infrastructure.
        """
        return str(self._request(Stage.STARTING, "open", host, port))

    def run(self, task: Any) -> EpisodeRecord:
        """Drive one episode.

        Raises:
            InfrastructureError: the simulator or the driving process failed.
            ClientDefectError: the attempt raised something else.
        """
        record: EpisodeRecord = self._request(Stage.LOADING, "run", task)
        return record

    def resident_mb(self) -> float:
        """Memory of the process and what it started, MiB."""
        return resident_mb(self.pid)

    def log_text(self) -> str:
        """The end of what it printed."""
        with contextlib.suppress(OSError), self._log_path.open("rb") as file:
            file.seek(max(0, self._log_path.stat().st_size - LOG_TAIL_BYTES))
            return file.read().decode("utf-8", errors="replace")
        return ""

    def kill(self) -> None:
        """End the process with all it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()
        self._pulse.close()

    def _request(self, stage: Stage, method: str, *arguments: Any) -> Any:
        self._pulse.beat(stage)
        try:
            self._connection.send((method, arguments))
        except OSError:
            raise self._died() from None
        return self._receive(stage)

    def _receive(self, stage: Stage) -> Any:
        last_beats, since = -1, time.monotonic()
        while True:
            try:
                if self._connection.poll(POLL_S):
                    kind, value = self._connection.recv()
                    break
            except (EOFError, OSError):
                raise self._died() from None
            beats, now_in = self._pulse.read()
            now = time.monotonic()
            if beats != last_beats:
                last_beats, since, stage = beats, now, now_in
            elif now - since > self._deadlines.limit_s(stage):
                raise self._hung(stage)
        if kind == "infrastructure":
            raise InfrastructureError(value)
        if kind == "defect":
            raise ClientDefectError(*value)
        return value

    def _died(self) -> ClientLostError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        status = self._process.returncode
        if status is not None and status < 0:
            how = f"was killed by signal {-status} ({signal.Signals(-status).name})"
            hint = "; out of memory?" if status == -signal.SIGKILL else ""
        else:
            how, hint = f"ended with status {status}", ""
        return ClientLostError(f"the driving process {how} in the middle of its work{hint}")

    def _hung(self, stage: Stage) -> ClientLostError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, DUMP_SIGNAL)
        time.sleep(DUMP_TIME_S)  # the trace goes to the log
        limit_s = self._deadlines.limit_s(stage)
        return ClientLostError(f"no progress within {limit_s:g} s while {stage.doing}: killed", stage)
