"""Stand between a worker and a simulator that does not end by itself: CarlaUE4.sh, or a container engine's client.

Usage: ``python keeper.py PARENT_PID REMOVE_JSON COMMAND [ARGUMENT …]``. The kernel's parent-death signal reaches one
process, but CarlaUE4.sh is a shell whose child is the simulator, and a container belongs to its engine. So this
program stays: it starts the command, ends with it and its status, and when the worker dies it runs the command line
in REMOVE_JSON (a list, may be empty) and kills its whole process group.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

REMOVE_TIMEOUT_S = 30.0


def main() -> None:
    """Start the command, wait for the first of two ends: the command's or the worker's."""
    parent_pid, remove, command = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    parent = _handle(parent_pid)
    if parent is None or os.getppid() != parent_pid:
        sys.exit("keeper: the parent process is already gone")
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    launcher = Path(__file__).with_name("launcher.py")
    child = subprocess.Popen([sys.executable, "-I", "-S", str(launcher), str(os.getpid()), *command])
    handles = [parent, os.pidfd_open(child.pid)]
    ready, _, _ = select.select(handles, [], [])
    if parent in ready:
        _remove(remove)
        os.killpg(0, signal.SIGKILL)
    status = child.wait()
    _remove(remove)
    sys.exit(status if status >= 0 else 128 - status)


def _handle(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _remove(command: list[str]) -> None:
    if command:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=REMOVE_TIMEOUT_S, check=False)


if __name__ == "__main__":
    main()
