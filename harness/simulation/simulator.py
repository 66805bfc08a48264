"""Which simulator a campaign drives in: the text of ``--simulator`` and its parsed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

SimulatorKind = Literal["embedded", "attach", "binary", "docker", "podman", "apptainer"]
CONTAINER_KINDS = ("docker", "podman", "apptainer")
CARLA_KINDS = ("binary", *CONTAINER_KINDS)
"""Kinds that start CARLA itself, which draws on a GPU."""
USAGE = "use embedded, binary:PATH, docker:IMAGE, podman:IMAGE, apptainer:IMAGE or attach:HOST:PORT[,HOST:PORT…]"


class SimulatorNameError(ValueError):
    """The text given for the simulator cannot be understood."""


@dataclass(frozen=True)
class Simulator:
    """Which simulator answers.

    Attributes:
        kind: how it is started.
        target: path of the binary or name of the image; empty otherwise.
        endpoints: (host, port) of servers that already run, for ``attach``.
    """

    kind: SimulatorKind
    target: str = ""
    endpoints: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        detail = self.target or ",".join(f"{host}:{port}" for host, port in self.endpoints)
        return f"{self.kind}:{detail}" if detail else self.kind


EMBEDDED = Simulator("embedded")


def parse_simulator(text: str) -> Simulator:
    """Read the text of ``--simulator`` or of a scenario's ``simulator`` key.

    Raises:
        SimulatorNameError: unknown kind, a missing path or image, or a malformed address.
    """
    kind, _, rest = text.strip().partition(":")
    if kind == "embedded" and not rest:
        return EMBEDDED
    if kind == "attach" and rest:
        return Simulator("attach", endpoints=tuple(_parse_endpoint(part) for part in rest.split(",")))
    if kind in CARLA_KINDS and rest:
        return Simulator(_kind(kind), target=rest)
    raise SimulatorNameError(f"simulator {text!r} not understood: {USAGE}")


def _kind(text: str) -> SimulatorKind:
    return next(kind for kind in get_args(SimulatorKind) if kind == text)


def _parse_endpoint(text: str) -> tuple[str, int]:
    host, _, port_text = text.strip().rpartition(":")
    if not host or not port_text.isdigit() or not 0 < int(port_text) < 65536:
        raise SimulatorNameError(f"address {text!r} not understood: use HOST:PORT, for example 127.0.0.1:2000")
    return host, int(port_text)
