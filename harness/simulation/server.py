"""Start, watch and end one simulator server.

A server is always another process than the client: several calls of the carla client hold Python's global
lock while they wait, so a server thread beside them could never answer. It runs in a session (process group)
of its own, dies with the process that started it, and is killed as a group: nothing outlives a campaign.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from harness.simulation.errors import InfrastructureError
from harness.simulation.ports import PortLease, lease_port_block

REPOSITORY = Path(__file__).resolve().parents[2]
LAUNCHER = Path(__file__).with_name("launcher.py")
START_ATTEMPTS = 3
# A first start compiles the renderer, on a busy machine for minutes. A server that ends is noticed at once anyway.
START_TIMEOUT_S = 300.0
LOG_TAIL_BYTES = 64 * 1024

SimulatorKind = Literal["embedded", "attach", "binary", "docker"]


class SimulatorNameError(ValueError):
    """The text given for the simulator cannot be understood."""


class SimulatorNotSupportedError(NotImplementedError):
    """A known kind of simulator that this version cannot start."""


class ServerStartError(InfrastructureError):
    """The server did not come up; the message holds the end of its log."""


@dataclass(frozen=True)
class Simulator:
    """Which simulator answers.

    Attributes:
        kind: how it is started.
        target: path of the binary or name of the image; empty otherwise.
        endpoints: (host, port) of servers that already run, for ``attach``.
    """

    kind: SimulatorKind
    target: str = ""
    endpoints: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        detail = self.target or ",".join(f"{host}:{port}" for host, port in self.endpoints)
        return f"{self.kind}:{detail}" if detail else self.kind


EMBEDDED = Simulator("embedded")


def parse_simulator(text: str) -> Simulator:
    """Read ``embedded``, ``attach:HOST:PORT[,HOST:PORT…]``, ``binary:PATH`` or ``docker:IMAGE``.

    Raises:
        SimulatorNameError: unknown kind, or a malformed address.
    """
    kind, _, rest = text.strip().partition(":")
    if kind == "embedded" and not rest:
        return EMBEDDED
    if kind == "attach" and rest:
        return Simulator("attach", endpoints=tuple(_parse_endpoint(part) for part in rest.split(",")))
    if kind == "binary" and rest:
        return Simulator("binary", target=rest)
    if kind == "docker" and rest:
        return Simulator("docker", target=rest)
    raise SimulatorNameError(
        f"simulator {text!r} not understood: use embedded, attach:HOST:PORT[,HOST:PORT…], binary:PATH or docker:IMAGE"
    )


def _parse_endpoint(text: str) -> tuple[str, int]:
    host, _, port_text = text.strip().rpartition(":")
    if not host or not port_text.isdigit() or not 0 < int(port_text) < 65536:
        raise SimulatorNameError(f"address {text!r} not understood: use HOST:PORT, for example 127.0.0.1:2000")
    return host, int(port_text)


def embedded_command(port: int) -> list[str]:
    """Command line of the embedded server on rpc port ``port``."""
    return [sys.executable, "-m", "embedded_carla", f"-carla-rpc-port={port}"]


class SimulatorServer:
    """One supervised server, used by one worker.

    ``start`` must be called on a thread that lives as long as the server: Linux sends the parent-death signal
    when the *thread* that started a process ends.
    """

    def __init__(
        self,
        simulator: Simulator = EMBEDDED,
        *,
        log_dir: Path,
        worker_index: int = 0,
        start_timeout_s: float = START_TIMEOUT_S,
        command: Callable[[int], list[str]] = embedded_command,
    ) -> None:
        """Prepare a server without starting it.

        Args:
            simulator: what to start, or where to attach.
            log_dir: created if missing; each start writes ``server_NNN.log`` (stdout and stderr together).
            worker_index: chooses the endpoint of an ``attach`` simulator.
            start_timeout_s: wall-clock limit from launch to the first accepted connection.
            command: gives the command line for an rpc port.

        Raises:
            SimulatorNotSupportedError: kind ``binary`` or ``docker``.
        """
        if simulator.kind in ("binary", "docker"):
            raise SimulatorNotSupportedError(
                f"starting {simulator} comes with the cluster work; "
                "start it yourself and use attach:HOST:PORT, or use the embedded simulator"
            )
        self.simulator = simulator
        self.host = "127.0.0.1"
        self.port = 0
        self.starts = 0
        self._log_dir = log_dir
        self._start_timeout_s = start_timeout_s
        self._command = command
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
        """Kill the server's whole process group and give the ports back. An attached server is left alone."""
        if self._process is not None:
            # The leader is not reaped before this kill, so its id and the group's belong to nobody else.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def restart(self) -> tuple[str, int]:
        """Stop whatever is left and start again with a new log."""
        self.stop()
        return self.start()

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

    def _launch(self) -> None:
        self._lease = lease_port_block()
        self.port = self._lease.port
        self.starts += 1
        self._log_dir.mkdir(parents=True, exist_ok=True)
        python_path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
        one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
        environment = {**os.environ, **one_thread, "PYTHONUNBUFFERED": "1", "PYTHONPATH": python_path}
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())]
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [*launcher, *self._command(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=REPOSITORY,
                env=environment,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> str | None:
        """None once the server accepts connections, else what went wrong."""
        deadline = time.monotonic() + self._start_timeout_s
        pause_s = 0.02
        while time.monotonic() < deadline:
            status = self._exit_status()
            if status is not None:
                return f"it exited with status {status} before it was ready; its log ends:"
            if _accepts(self.host, self.port, timeout_s=0.5):
                return None
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.25)
        return f"it accepted no connection within {self._start_timeout_s:g} s; its log ends:"

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


def _accepts(host: str, port: int, timeout_s: float) -> bool:
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False
