"""The process that talks to the simulator: carla client, agent and monitors, and nothing of Ray.

Usage: ``python -m harness.cluster.client_main SOCKET_FD PULSE_FD FOLDER``, started by `client_process`. A call of the
carla client that never returns holds Python's global lock, so neither a thread nor a signal handler of this process
could end it; its parent can.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from harness.cluster.attempt import EpisodeExecutor
from harness.cluster.pulse import Pulse
from harness.simulation.errors import InfrastructureError

DUMP_SIGNAL = signal.SIGUSR1
"""Asks for a stack trace on standard error, which works in the middle of a C++ call too."""


def main() -> None:
    """Receive an executor, then answer one request after another until the parent hangs up."""
    connection, pulse, folder = Connection(int(sys.argv[1])), Pulse(int(sys.argv[2])), Path(sys.argv[3])
    faulthandler.enable()
    faulthandler.register(DUMP_SIGNAL, all_threads=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's affair
    executor: EpisodeExecutor = connection.recv()
    connection.send(_answer(executor.prepare, pulse, folder))
    while True:
        try:
            method, arguments = connection.recv()
        except EOFError:
            return
        connection.send(_answer(getattr(executor, method), *arguments))


def _answer(function: Any, *arguments: Any) -> tuple[str, Any]:
    """(kind, value): ``ok``, ``infrastructure`` with a message, or ``defect`` with message and trace."""
    try:
        return "ok", function(*arguments)
    except InfrastructureError as error:
        return "infrastructure", f"{type(error).__name__}: {error}"
    except Exception as error:
        # A defect, ours or a plug-in's. Kept as a failed attempt with its trace: it must not end a night's run.
        return "defect", (f"{type(error).__name__}: {error}", traceback.format_exc())


if __name__ == "__main__":
    main()
