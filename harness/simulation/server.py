"""Start, watch and end one simulator server of any kind.

A server is always another process than the client: several calls of the carla client hold Python's global lock while
they wait, so a server thread beside them could never answer. It runs in a session (process group) of its own, dies
with the process that started it, and is killed as a group: nothing outlives a campaign.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from harness.simulation.errors import InfrastructureError
from harness.simulation.gpu_check import WrongGpuError, require_gpu
from harness.simulation.launch import Launch, LaunchError, launch_for
from harness.simulation.listeners import is_listener
from harness.simulation.ports import PortLease, lease_port_block
from harness.simulation.processes import resident_mb, tree
from harness.simulation.simulator import CARLA_KINDS, EMBEDDED, Simulator

REPOSITORY = Path(__file__).resolve().parents[2]
LAUNCHER = Path(__file__).with_name("launcher.py")
KEEPER = Path(__file__).with_name("keeper.py")
START_ATTEMPTS = 3
# A first start compiles the renderer, on a busy machine for minutes. A server that ends is noticed at once anyway.
START_TIMEOUT_S = 300.0
LOG_TAIL_BYTES = 64 * 1024
REMOVE_TIMEOUT_S = 30.0


class ServerStartError(InfrastructureError):
    """The server did not come up; the message holds the end of its log."""


class SimulatorServer:
    """One supervised server, used by one worker.

    ``start`` must be called on a thread that lives as long as the server: Linux sends the parent-death signal when
    the *thread* that started a process ends.
    """

    def __init__(
        self,
        simulator: Simulator = EMBEDDED,
        *,
        log_dir: Path,
        worker_index: int = 0,
        gpu: int | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
        launch: Callable[[int], Launch] | None = None,
    ) -> None:
        """Prepare a server without starting it.

        Args:
            simulator: what to start, or where to attach.
            log_dir: created if missing; each start writes ``server_NNN.log`` (stdout and stderr together).
            worker_index: chooses the endpoint of an ``attach`` simulator.
            gpu: index of the GPU that CARLA has to draw on; None to leave it to CARLA.
            start_timeout_s: wall-clock limit from launch to the first accepted connection.
            launch: gives the command for an rpc port, in place of the simulator's own.
        """
        self.simulator = simulator
        self.host = "127.0.0.1"
        self.port = 0
        self.starts = 0
        self._log_dir = log_dir
        self._gpu = gpu
        self._start_timeout_s = start_timeout_s
        self._launch_for = launch or self._simulators_launch
        self._launched: Launch | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lease: PortLease | None = None
        if simulator.kind == "attach":
            self.host, self.port = simulator.endpoints[worker_index % len(simulator.endpoints)]

    @property
    def pid(self) -> int | None:
        """Process id of the server and of its process group; None when not running or not ours."""
        return None if self._process is None else self._process.pid

    @property
    def log_path(self) -> Path:
        """Log of the latest start."""
        return self._log_dir / f"server_{self.starts:03d}.log"

    def start(self) -> tuple[str, int]:
        """Start the server and wait until it accepts connections.

        Returns:
            (host, rpc port).

        Raises:
            ServerStartError: it exited in every one of three tries, or ran without answering in time.
            LaunchError: the simulator is not installed on this host.
            WrongGpuError: it draws on another GPU than the one it was given.
            NoFreePortsError: the host has no free ports left.
        """
        if self._process is not None:
            self.stop()
        if self.simulator.kind == "attach":
            if not _accepts(self.host, self.port, timeout_s=5.0):
                raise ServerStartError(
                    f"nothing answers at {self.host}:{self.port}; start the simulator there or correct the address"
                )
            return self.host, self.port
        description = ""
        for _ in range(START_ATTEMPTS):  # a port may be taken by a stranger between the bind test and the launch
            self._launch()
            problem = self._wait_until_ready()
            if problem is None:
                self._check_gpu()
                return self.host, self.port
            exited = self._exit_status() is not None
            description = f"{problem}\n{self.log_text()[-2000:].strip()}"
            self.stop()
            if not exited:
                break
        raise ServerStartError(f"the {self.simulator} server did not start: {description}")

    def alive(self) -> bool:
        """True while the server process runs (attached: while it accepts connections)."""
        if self.simulator.kind == "attach":
            return _accepts(self.host, self.port, timeout_s=2.0)
        return self._process is not None and self._exit_status() is None

    def stop(self) -> None:
        """End the server with all it started and give the ports back. An attached server is left alone."""
        if self._process is not None:
            # The leader is not reaped before this kill, so its id and the group's belong to nobody else.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        if self._launched is not None and self._launched.remove:
            self._remove_container(self._launched.remove)
        self._launched = None
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def restart(self) -> tuple[str, int]:
        """Stop whatever is left and start again with a new log."""
        self.stop()
        return self.start()

    def resident_mb(self) -> float | None:
        """Memory of the server with all it started, MiB; None when it does not run or is not ours."""
        root = self._root_pid()
        return None if root is None else resident_mb(root)

    def log_size(self) -> int:
        """Bytes written to the current log so far; a mark for ``log_text``."""
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def log_text(self, from_byte: int = 0) -> str:
        """The current log from a mark on, at most its last 64 KiB."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as file:
            file.seek(max(from_byte, self.log_size() - LOG_TAIL_BYTES))
            return file.read().decode("utf-8", errors="replace")

    def __enter__(self) -> SimulatorServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _simulators_launch(self, port: int) -> Launch:
        # The name outlives this process in the engine's list, so it says whose it is and cannot be anybody else's.
        name = f"clh-{os.getpid()}-{port}-{secrets.token_hex(4)}"
        return launch_for(self.simulator, port, self._gpu, name)

    def _launch(self) -> None:
        self._lease = lease_port_block()
        self.port = self._lease.port
        try:
            self._launched = self._launch_for(self.port)
        except LaunchError:
            self.stop()
            raise
        self.starts += 1
        self._log_dir.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self._supervised(self._launched),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=REPOSITORY,
                env=child_environment(),
                start_new_session=True,
            )
        self._lease.note(self._process.pid, self._launched.remove)

    def _supervised(self, launch: Launch) -> list[str]:
        """The command line, tied to this process."""
        python = [sys.executable, "-I", "-S"]
        if self.simulator.kind == "embedded":  # one process that starts no others
            return [*python, str(LAUNCHER), str(os.getpid()), *launch.command]
        return [*python, str(KEEPER), str(os.getpid()), json.dumps(launch.remove), *launch.command]

    def _remove_container(self, command: Sequence[str]) -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired), self.log_path.open("ab") as log:
            subprocess.run(command, stdout=log, stderr=log, timeout=REMOVE_TIMEOUT_S, check=False)

    def _check_gpu(self) -> None:
        if self._gpu is None or self.simulator.kind not in CARLA_KINDS:
            return
        root = self._root_pid()
        try:
            require_gpu([process.pid for process in tree(root)] if root is not None else [], self._gpu)
        except WrongGpuError:
            self.stop()
            raise

    def _root_pid(self) -> int | None:
        """Where the server's processes start: a container's are no children of the engine's client."""
        if self._process is None or self._launched is None:
            return None
        if not self._launched.inspect:
            return self._process.pid
        done = subprocess.run(self._launched.inspect, capture_output=True, text=True, timeout=20, check=False)
        return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None

    def _wait_until_ready(self) -> str | None:
        """None once the server itself accepts connections, else what went wrong."""
        deadline = time.monotonic() + self._start_timeout_s
        pause_s = 0.02
        while time.monotonic() < deadline:
            status = self._exit_status()
            if status is not None:
                return f"it exited with status {status} before it was ready; its log ends:"
            if _accepts(self.host, self.port, timeout_s=0.5) and self._listens_itself():
                return None
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.25)
        return f"it accepted no connection within {self._start_timeout_s:g} s; its log ends:"

    def _listens_itself(self) -> bool:
        """False while a stranger answers on the port: ours will find it taken. True where nothing can be told."""
        root = self._root_pid()
        return root is None or is_listener([process.pid for process in tree(root)], self.port) is not False

    def _exit_status(self) -> int | None:
        """Exit status if the process has ended (negative: signal), without reaping it; None while it runs."""
        if self._process is None:
            return None
        try:
            result = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # reaped elsewhere (a parent that ignores SIGCHLD)
            return self._process.returncode or 0
        if result is None:
            return None
        return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status


def child_environment() -> dict[str, str]:
    """Environment for processes that run our own modules: everything importable here, one thread per library."""
    python_path = os.pathsep.join(dict.fromkeys([str(REPOSITORY), *filter(None, sys.path)]))
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
    return {**os.environ, **one_thread, "PYTHONUNBUFFERED": "1", "PYTHONPATH": python_path}


def _accepts(host: str, port: int, timeout_s: float) -> bool:
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False
