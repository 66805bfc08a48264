"""Leases of free port blocks, so that many servers on one host never fight for a port.

A lease is an exclusive ``flock`` on a file in the host's temporary folder. The kernel drops it when its holder dies.
A note beside it names what the holder started, so that the next holder of the block can remove what a killed one left
behind; nothing that is not named in such a note is ever touched. Ports are test-bound too, because other programs
take them as well.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.simulation.errors import InfrastructureError
from harness.simulation.processes import same_process, stat_of

# Below Linux' ephemeral range (32768-60999) and above the ports Ray hands to its workers (10002-19999).
FIRST_PORT = 20000
LAST_PORT = 32000
BLOCK_SIZE = 4  # rpc, +1 stream, +2 secondary, +3 traffic manager
REAP_TIMEOUT_S = 30.0
REAPED_FREE_AFTER_S = 5.0


class NoFreePortsError(InfrastructureError):
    """No block of consecutive free ports is left on this host."""


class PortLease:
    """A block of ports held until ``release`` or the end of the process."""

    def __init__(self, port: int, lock_fd: int, note: Path) -> None:
        self.port = port
        self._lock_fd: int | None = lock_fd
        self._note = note

    @property
    def traffic_manager_port(self) -> int:
        """The block's last port: no two clients on a host may share a traffic manager."""
        return self.port + BLOCK_SIZE - 1

    def note(self, group_pid: int, remove: Sequence[str] = ()) -> None:
        """Write down what was started on this block.

        Args:
            group_pid: leader of the server's process group.
            remove: command line that ends its container; empty without one.
        """
        process = stat_of(group_pid)
        if process is not None:
            content = {"pid": group_pid, "start": process.start, "remove": list(remove)}
            self._note.unlink(missing_ok=True)
            descriptor = os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(content, file)

    def release(self) -> None:
        """Give the block back; safe to call twice."""
        if self._lock_fd is not None:
            self._note.unlink(missing_ok=True)
            os.close(self._lock_fd)
            self._lock_fd = None

    def __enter__(self) -> PortLease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lease_port_block(
    first_port: int = FIRST_PORT, last_port: int = LAST_PORT, block_size: int = BLOCK_SIZE
) -> PortLease:
    """Lease the first free block of ``block_size`` ports within [first_port, last_port].

    Raises:
        NoFreePortsError: every block is leased or in use.
    """
    folder = _lease_folder()
    for port in range(first_port, last_port - block_size + 2, block_size):
        lock_fd = _try_lock(folder / f"{port}.lock")
        if lock_fd is None:
            continue
        note = folder / f"{port}.{os.getuid()}.json"
        patience_s = REAPED_FREE_AFTER_S if _reap(note) else 0.0
        if _is_free(range(port, port + block_size), patience_s):
            return PortLease(port, lock_fd, note)
        os.close(lock_fd)
    raise NoFreePortsError(
        f"no block of {block_size} free ports between {first_port} and {last_port} on this host; "
        "end other simulators (see `ss -ltnp`) or run fewer workers"
    )


def reap_abandoned() -> None:
    """Remove what dead holders of any block left behind, as the next holder of each would; live ones are left alone."""
    folder = _lease_folder()
    for note in folder.glob(f"*.{os.getuid()}.json"):
        lock_fd = _try_lock(folder / f"{note.name.partition('.')[0]}.lock")
        if lock_fd is not None:
            _reap(note)
            os.close(lock_fd)


def _lease_folder() -> Path:
    """One folder for all users of the host, sticky like the temporary folder itself."""
    folder = Path(tempfile.gettempdir()) / "closed-loop-harness-ports"
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777 | stat.S_ISVTX)
    return folder


def _try_lock(path: Path) -> int | None:
    """Descriptor holding the exclusive lock of ``path``, or None if another process has it."""
    try:
        # First without O_CREAT: Linux refuses it on another user's file in a sticky folder.
        lock_fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        try:
            lock_fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            os.fchmod(lock_fd, 0o666)
        except PermissionError:
            return None
    except PermissionError:
        return None
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock_fd)
        return None
    return lock_fd


def _reap(note: Path) -> bool:
    """End what a killed holder of this block left running; True if there was something."""
    left = _noted(note)
    if left is None:
        return False
    if same_process(left["pid"], left["start"]):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(left["pid"], signal.SIGKILL)
    if left["remove"]:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(left["remove"], capture_output=True, timeout=REAP_TIMEOUT_S, check=False)
    note.unlink(missing_ok=True)
    return True


def _noted(note: Path) -> dict[str, Any] | None:
    """What the last holder noted; None without a note, or where another user wrote it: it names a command line."""
    try:
        descriptor = os.open(note, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(descriptor) as file:
        if os.fstat(descriptor).st_uid != os.getuid():
            return None
        try:
            left = json.load(file)
            remove = [str(part) for part in left["remove"]]
            return {"pid": int(left["pid"]), "start": int(left["start"]), "remove": remove}
        except (ValueError, KeyError, TypeError):
            return None


def _is_free(ports: Iterable[int], patience_s: float) -> bool:
    """True once every port can be bound; what was killed just now may hold them a moment longer."""
    deadline = time.monotonic() + patience_s
    wanted = list(ports)
    while not all(map(_can_bind, wanted)):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def _can_bind(port: int) -> bool:
    """True if nothing listens on ``port``; connections of the past in TIME_WAIT do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
