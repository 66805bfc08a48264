"""Run a command that dies with the process that started it.

Usage: ``python launcher.py PARENT_PID COMMAND [ARGUMENT …]``. Asks the kernel to kill this process when its
parent dies (Linux ``PR_SET_PDEATHSIG``), then becomes the command. A small program of its own rather than a
``preexec_fn``, because code between fork and exec can deadlock in a parent with many threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Tie this process to its parent, then exec the command."""
    parent_pid, command = int(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"launcher: prctl(PR_SET_PDEATHSIG) failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent_pid:  # the parent died before the request: no signal would ever come
        sys.exit("launcher: the parent process is already gone")
    # Ray blocks SIGINT in its workers and the mask is inherited; the server gets a clean one.
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
