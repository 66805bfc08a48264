"""The command line: CARLA's own flags, of which the ports matter here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

_DESCRIPTION = """\
A small, deterministic server that speaks the network protocol of CARLA 0.9.16. Connect to it with the carla
client from another process:

    python -m embedded_carla -carla-rpc-port=2000
    python -c "import carla; print(carla.Client('127.0.0.1', 2000).get_world().get_map().name)"

It listens on the loopback interface only: the protocol knows no passwords. It is ready when it prints
'embedded_carla listening on 127.0.0.1:PORT'. SIGTERM or Ctrl-C ends it.
"""
_EPILOG = """\
Other flags of CarlaUE4.sh (-RenderOffScreen, -nosound, -quality-level=Low, -fps=20 ...) are accepted and
have no effect. Roads: send an OpenDRIVE text with client.generate_opendrive_world; <userData
code="texture_pack" value="..."/> and <userData code="scenery_seed" value="..."/> inside its <header> choose
the looks.
"""
HIGHEST_PORT = 65535


@dataclass(frozen=True)
class ServerOptions:
    """What the command line decides.

    Attributes:
        rpc_port: port for calls, 0 for any free one.
        stream_port: port for sensor data, 0 for any free one.
        die_with_parent: end when the process that started this one has ended.
    """

    rpc_port: int = 2000
    stream_port: int = 2001
    die_with_parent: bool = False


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: use 0..{HIGHEST_PORT}")
    return int(text)


def parse_options(arguments: Sequence[str]) -> ServerOptions:
    """Read the command line; exits with a message (status 2) when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m embedded_carla",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "-carla-rpc-port", "--carla-rpc-port", type=_port, default=2000, metavar="PORT", dest="rpc_port",
        help="port that clients connect to (default 2000; 0 = any free one, see the ready line)",
    )  # fmt: skip
    parser.add_argument(
        "-carla-streaming-port", "--carla-streaming-port", type=_port, default=None, metavar="PORT",
        dest="stream_port", help="port for sensor data (default: rpc port + 1)",
    )  # fmt: skip
    parser.add_argument(
        "--die-with-parent", action="store_true",
        help="end when the process that started this one has ended, however it ended",
    )  # fmt: skip
    known, others = parser.parse_known_args(arguments)
    if others:
        print(f"embedded_carla: no effect here: {' '.join(others)}", file=sys.stderr)
    stream_port = known.stream_port
    if stream_port is None:
        stream_port = known.rpc_port + 1 if known.rpc_port else 0
    if stream_port > HIGHEST_PORT:
        parser.error(f"no port is left for sensor data after {known.rpc_port}: choose a lower -carla-rpc-port")
    if stream_port == known.rpc_port != 0:
        parser.error("calls and sensor data need two different ports")
    return ServerOptions(known.rpc_port, stream_port, known.die_with_parent)
