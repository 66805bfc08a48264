"""The command line: CARLA's own flags, and what is ours alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from embedded_carla.world.map_library import DEFAULT_MAP, available_maps

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
MOST_RENDER_THREADS = 64
_DESCRIPTION = """\
A small, deterministic server that speaks the network protocol of CARLA 0.9.16. Connect to it with the carla
client from another process:

    python -m embedded_carla -carla-rpc-port=2000
    python -c "import carla; print(carla.Client('127.0.0.1', 2000).get_world().get_map().name)"

It is ready when it prints 'embedded_carla listening on HOST:PORT'. SIGTERM or Ctrl-C ends it. The protocol
knows no passwords: whoever reaches the port can use the server, so it listens on the loopback interface
unless --host says otherwise.
"""
_EPILOG = """\
Scripts that load CARLA's towns by name: give each name one of this server's maps.

    python -m embedded_carla --map-alias Town03=Oval --map-alias Town10HD_Opt=Oval

Such a town has its own name and this server's roads: positions written into a script for the real town
mean other places here.

Roads of your own: send an OpenDRIVE text with client.generate_opendrive_world. In its <header>,
<userData code="texture_pack" value="..."/> and <userData code="scenery_seed" value="..."/> choose the looks.

Other flags of CarlaUE4.sh (-RenderOffScreen, -nosound, -quality-level=Low, -fps=20, -windowed, -ResX=800,
-graphicsadapter=0 ...) are accepted and have no effect. What of CARLA's interface works here, and how well:
docs/embedded_carla.md.
"""


@dataclass(frozen=True)
class ServerOptions:
    """What the command line decides.

    Attributes:
        host: address to listen on.
        rpc_port: port for calls, 0 for any free one.
        stream_port: port for sensor data, 0 for any free one.
        map_name: world at the start: a built-in map or an alias.
        map_aliases: further names under which built-in maps can be loaded.
        die_with_parent: end when the process that started this one has ended.
        render_threads: that colour a camera's picture together; the bytes do not depend on their number.
        recorder_folder: the only folder in which recordings are written and read; None: none are kept.
    """

    host: str = LOOPBACK
    rpc_port: int = 2000
    stream_port: int = 2001
    map_name: str = DEFAULT_MAP
    map_aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    die_with_parent: bool = False
    render_threads: int = 1
    recorder_folder: Path | None = None


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: use 0..{HIGHEST_PORT}")
    return int(text)


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_RENDER_THREADS:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of threads: use 1..{MOST_RENDER_THREADS}")
    return int(text)


def _folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"'{text}' is not a folder: make it first")
    return folder


def _alias(text: str) -> tuple[str, str]:
    name, equals, builtin = text.partition("=")
    if not (equals and name) or "/" in name:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=BUILTIN, for example Town03={DEFAULT_MAP}")
    if builtin not in available_maps():
        raise argparse.ArgumentTypeError(f"'{builtin}' is not a built-in map: use {', '.join(available_maps())}")
    return name, builtin


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m embedded_carla",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "map", nargs="?", default=DEFAULT_MAP, metavar="MAP",
        help=f"world at the start, a built-in map ({', '.join(available_maps())}) or an alias (default {DEFAULT_MAP})",
    )  # fmt: skip
    parser.add_argument(
        "-carla-rpc-port", "--carla-rpc-port", "-world-port", type=_port, default=2000, metavar="PORT",
        dest="rpc_port", help="port that clients connect to (default 2000; 0 = any free one, see the ready line)",
    )  # fmt: skip
    parser.add_argument(
        "-carla-streaming-port", "--carla-streaming-port", type=_port, default=None, metavar="PORT",
        dest="stream_port", help="port for sensor data (default: rpc port + 1)",
    )  # fmt: skip
    parser.add_argument(
        "--host", default=LOOPBACK, metavar="ADDRESS",
        help=f"IPv4 address to listen on (default {LOOPBACK}; 0.0.0.0 = every interface, only in a network you trust)",
    )  # fmt: skip
    parser.add_argument(
        "--map-alias", type=_alias, action="append", default=[], metavar="NAME=BUILTIN",
        help="load a built-in map under another name too; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--render-threads", type=_threads, default=1, metavar="N",
        help="threads that colour a picture together; its bytes stay the same (default 1: one server per core)",
    )  # fmt: skip
    parser.add_argument(
        "--die-with-parent", action="store_true",
        help="end when the process that started this one has ended, however it ended",
    )  # fmt: skip
    parser.add_argument(
        "--recorder-folder", type=_folder, default=None, metavar="FOLDER",
        help="existing folder in which clients may write and read recordings (default: none, they are refused)",
    )  # fmt: skip
    return parser


def parse_options(arguments: Sequence[str]) -> ServerOptions:
    """Read the command line; exits with a message (status 2) when it makes no sense."""
    parser = _parser()
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
    aliases = dict(known.map_alias)
    map_name = known.map.rsplit("/", 1)[-1]
    if map_name not in aliases and map_name not in available_maps():
        parser.error(
            f"no map '{known.map}': use {', '.join(available_maps())}, or name it with --map-alias {map_name}=BUILTIN"
        )
    return ServerOptions(
        known.host,
        known.rpc_port,
        stream_port,
        map_name,
        MappingProxyType(aliases),
        known.die_with_parent,
        known.render_threads,
        known.recorder_folder,
    )
