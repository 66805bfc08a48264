"""Leases of free port blocks, so that many servers on one host never fight for a port.

A lease is an exclusive ``flock`` on a file in the host's temporary folder. The kernel drops it when its
holder dies, so there is nothing to reap. Ports are also test-bound, because other programs take them too.
"""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import tempfile
from pathlib import Path
from types import TracebackType

# Below Linux' ephemeral range (32768-60999) and above the ports Ray hands to its workers (10002-19999).
FIRST_PORT = 20000
LAST_PORT = 32000
BLOCK_SIZE = 3  # rpc, +1 stream, +2 secondary


class NoFreePortsError(RuntimeError):
    """No block of consecutive free ports is left on this host."""


class PortLease:
    """A block of ports held until ``release`` or the end of the process."""

    def __init__(self, port: int, lock_fd: int) -> None:
        self.port = port
        self._lock_fd: int | None = lock_fd

    def release(self) -> None:
        """Give the block back; safe to call twice."""
        if self._lock_fd is not None:
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
        if all(_can_bind(port + k) for k in range(block_size)):
            return PortLease(port, lock_fd)
        os.close(lock_fd)
    raise NoFreePortsError(
        f"no block of {block_size} free ports between {first_port} and {last_port} on this host; "
        "end other simulators (see `ss -ltnp`) or run fewer workers"
    )


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
        lock_fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        try:
            lock_fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
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


def _can_bind(port: int) -> bool:
    """True if nothing listens on ``port``; connections of the past in TIME_WAIT do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
