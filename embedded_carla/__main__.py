"""``python -m embedded_carla``: start the server."""

from __future__ import annotations

import os
import signal
import socket
import sys
from types import FrameType
from typing import NoReturn

from embedded_carla.options import parse_options
from embedded_carla.server import Server

EXIT_PORT_TAKEN = 3


def main() -> None:
    """Parse, prepare, announce, serve."""
    options = parse_options(sys.argv[1:])
    parent_id = os.getppid()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    # Bound before the slow preparations: a taken port shows at once. Listening after them: ready means ready.
    rpc_socket = _bound(options.host, options.rpc_port, "-carla-rpc-port")
    stream_socket = _bound(options.host, options.stream_port, "-carla-streaming-port")
    server = Server(rpc_socket, stream_socket, options)
    server.warm_up()
    if options.die_with_parent:
        _follow_parent(server, parent_id)
    server.listen()
    print(f"embedded_carla listening on {options.host}:{rpc_socket.getsockname()[1]}", flush=True)
    server.run()


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    # At once: there is nothing to save, the kernel closes the sockets, and an interpreter that shuts down
    # slowly in the middle of a render would keep the port.
    os._exit(0)


def _bound(host: str, port: int, flag: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        print(
            f"embedded_carla: port {port} of {host} cannot be used ({error}): choose another with {flag}= or --host",
            file=sys.stderr,
        )
        sys.exit(EXIT_PORT_TAKEN)
    return sock


def _follow_parent(server: Server, parent_id: int) -> None:
    """End with the parent process.

    A process handle rather than the parent-death signal: that signal fires when the *thread* that started
    this process ends, which is not the end of its owner.
    """
    try:
        handle = os.pidfd_open(parent_id)
    except ProcessLookupError:
        os._exit(0)
    if os.getppid() != parent_id:  # it ended, and somebody else has its number
        os._exit(0)
    server.watch(handle, lambda _events: os._exit(0))


if __name__ == "__main__":
    main()
