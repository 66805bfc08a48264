"""Clean up after a driver that was killed: end every process of its cluster and remove the cluster's folder.

Usage: ``python guardian.py OWNER_PID FOLDER``. A driver that ends well leaves nothing to do. After ``kill -9`` the
workers and servers die by themselves at once, but two of Ray's helpers linger for a minute and nobody removes the
folder or the notes of killed workers on their ports. While the owner lives its descendants are noted, because orphans
can no longer be told from strangers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
POLL_S = 1.0
CLEAR_TIMEOUT_S = 20.0

Processes = dict[int, str]
"""Process id -> start time since boot (together they are unique: ids are used again, ids with start times are not)."""


def main() -> None:
    """Watch the owner until it ends, then clean up."""
    owner_pid, folder = int(sys.argv[1]), sys.argv[2]
    noted: Processes = {}
    while os.getppid() == owner_pid:
        noted |= descendants(owner_pid)
        time.sleep(POLL_S)
    for pid, start in noted.items():
        if pid != os.getpid() and _stat(pid)[1] == start:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    clear_folder(folder)
    sys.path.insert(0, str(REPOSITORY))  # only now: most guardians are never needed
    from harness.simulation.ports import reap_abandoned

    reap_abandoned()


def clear_folder(folder: str, timeout_s: float = CLEAR_TIMEOUT_S) -> None:
    """Remove a folder and end whoever still has a file open in it: Ray's helpers may outlive it and write again.

    Args:
        folder: with a name that nobody else uses.
        timeout_s: after which what is left is left.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        users = [pid for pid in everyone if _uses(pid, folder)]
        for pid in users:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        if (not users and not Path(folder).exists()) or time.monotonic() > deadline:
            return
        time.sleep(0.05)


def _uses(pid: int, folder: str) -> bool:
    if pid == os.getpid():
        return False
    with contextlib.suppress(OSError):  # it has ended, or belongs to somebody else
        return any(str(link.readlink()).startswith(folder + "/") for link in Path(f"/proc/{pid}/fd").iterdir())
    return False


def descendants(root_pid: int) -> Processes:
    """Children, their children and so on, as they are now."""
    children: dict[int, list[int]] = {}
    starts: Processes = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent, starts[int(entry.name)] = _stat(int(entry.name))
            children.setdefault(parent, []).append(int(entry.name))
    found: Processes = {}
    queue = [root_pid]
    while queue:
        for pid in children.get(queue.pop(), []):
            found[pid] = starts[pid]
            queue.append(pid)
    return found


def _stat(pid: int) -> tuple[int, str]:
    """(parent, start time) of a process; (0, "") when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, ""
    return int(fields[1]), fields[19]


if __name__ == "__main__":
    main()
