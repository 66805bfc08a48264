"""Reading a text in a short-lived process first: CARLA's reader ends the process that gives it certain broken texts."""

from __future__ import annotations

import faulthandler
import os
import resource
from collections.abc import Callable

CPU_LIMIT_S = 20


class CrashError(Exception):
    """What was tried ended its process."""


def require_survivable(action: Callable[[], object]) -> None:
    """Do something once in a copy of this process, for the case that it crashes. What it raises is not reported.

    Args:
        action: must leave no trace outside the process: the copy ends without cleaning up.

    Raises:
        CrashError: a signal ended the copy, or it took more than ``CPU_LIMIT_S`` of computing time.
    """
    process_id = os.fork()
    if process_id == 0:
        try:
            faulthandler.disable()  # a crash here is an answer, not news
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(process_id, 0)
    if os.WIFSIGNALED(status):
        raise CrashError(f"signal {os.WTERMSIG(status)}")
