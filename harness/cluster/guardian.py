"""Clean up after a driver that was killed: end every process of its cluster and remove the cluster's folder.

Usage: ``python guardian.py OWNER_PID FOLDER``. A driver that ends well leaves nothing to do. After ``kill -9`` the
workers and servers die by themselves at once, but two of Ray's helpers linger for a minute and nobody removes the
folder. Everything that a cluster starts inherits an environment variable that names its folder: so it is found.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

MARK = "HARNESS_CLUSTER_FOLDER"
POLL_S = 0.5
ROUNDS = 20  # a process may start another while it is being killed


def main() -> None:
    """Wait for the owner's end, then clean up."""
    owner_pid, folder = int(sys.argv[1]), sys.argv[2]
    while os.getppid() == owner_pid:
        time.sleep(POLL_S)
    for _ in range(ROUNDS):
        left = marked_processes(folder)
        if not left:
            break
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


def marked_processes(folder: str) -> list[int]:
    """Process ids that carry the mark of this cluster, this process excepted."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


if __name__ == "__main__":
    main()
