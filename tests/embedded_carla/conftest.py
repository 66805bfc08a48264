"""A real server process and the real client of it."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import carla
import msgpack
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 280.0
"""The first start on a machine compiles the kernels."""


@dataclass
class RunningServer:
    """A server process and the port it announced."""

    process: subprocess.Popen[str]
    port: int

    @property
    def stream_port(self) -> int:
        """Port of the streams, out of the token of the world's."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20.0) as sock:
            sock.sendall(msgpack.packb([0, 1, "get_episode_info", [[False]]]))
            token = msgpack.unpackb(sock.recv(65536))[3][0][1][1][0]
        return int.from_bytes(token[4:6], "little")

    def connect(self) -> carla.Client:
        """A client of it."""
        client = carla.Client("127.0.0.1", self.port)
        client.set_timeout(20.0)
        return client

    def stop(self) -> None:
        """End it and wait."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def start_server(*flags: str) -> RunningServer:
    """Start a server on free ports and wait for its ready line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "embedded_carla", "-carla-rpc-port=0", *flags],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and select.select([process.stdout], [], [], 1.0)[0] == []:
        pass
    line = process.stdout.readline()
    assert line.startswith("embedded_carla listening on 127.0.0.1:"), f"the server said {line!r}"
    return RunningServer(process, int(line.rsplit(":", 1)[1]))


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """One server for all tests that leave it usable."""
    running = start_server()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def oval_xodr() -> str:
    """The shipped map: two lanes, straights of 200 m, bends of 60 m radius."""
    return (REPOSITORY / "embedded_carla/world/maps/Oval.xodr").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def client(server: RunningServer) -> carla.Client:
    """One client for all tests."""
    return server.connect()


def fresh_world(client: carla.Client, xodr: str) -> carla.World:
    """A new synchronous episode on a road."""
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = 0.05
    world.apply_settings(settings)
    return client.generate_opendrive_world(xodr, carla.OpendriveGenerationParameters(), False)


@pytest.fixture
def world(client: carla.Client, oval_xodr: str) -> carla.World:
    """A new synchronous episode on the oval, tick 0.05 s."""
    return fresh_world(client, oval_xodr)
