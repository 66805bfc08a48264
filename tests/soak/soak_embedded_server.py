"""Long runs of the embedded server: ``make soak``. Each prints its figures."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import carla
import msgpack
import pytest

from tests.embedded_carla.conftest import RunningServer, fresh_world, start_server
from tests.embedded_carla.fuzzing import flood, replies, resident_mb
from tests.embedded_carla.helpers import START, spawn_car, spawn_sensor

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks/results/embedded_server_soak.json"
MESSAGES = 100_000
TICKS = 100_000
CUES = 100
FLAT = 0.05


@pytest.fixture(scope="session")
def oval_xodr() -> str:
    """The shipped oval."""
    return (RESULTS.parents[2] / "embedded_carla/world/maps/Oval.xodr").read_text(encoding="utf-8")


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """A server of its own: memory is measured."""
    running = start_server()
    yield running
    running.stop()


def _store(**figures: float) -> None:
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"schema_version": 1}
    RESULTS.write_text(json.dumps(known | figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")


@pytest.mark.timeout(3600)
def test_a_hundred_thousand_nonsensical_messages(server: RunningServer, oval_xodr: str) -> None:
    client = server.connect()
    fresh_world(client, oval_xodr)
    flood("127.0.0.1", server.port, server.stream_port, seed=0, messages=5_000)
    before_mb = resident_mb(server.process.pid)
    assert flood("127.0.0.1", server.port, server.stream_port, seed=2, messages=MESSAGES) == MESSAGES
    after_mb = resident_mb(server.process.pid)
    _store(fuzz_messages=MESSAGES, fuzz_rss_before_mb=round(before_mb, 1), fuzz_rss_after_mb=round(after_mb, 1))
    assert server.process.poll() is None
    assert fresh_world(client, oval_xodr).tick() > 0
    assert after_mb < before_mb + 150.0


@pytest.mark.timeout(3600)
def test_memory_is_flat_over_a_hundred_thousand_ticks(server: RunningServer, oval_xodr: str) -> None:
    world = fresh_world(server.connect(), oval_xodr)
    car = spawn_car(world)
    _imu, measured = spawn_sensor(world, car, "other.imu")
    readings_mb = []
    # Cues without the client library, which would spin at a whole core; its listeners stay connected.
    with socket.create_connection(("127.0.0.1", server.port), timeout=120.0) as sock:
        for k in range(TICKS // CUES):
            if k % 10 == 0:  # back to the start of the straight
                car.set_transform(START)
                car.set_target_velocity(carla.Vector3D(3.0, 0.0, 0.0))
            requests = [msgpack.packb([0, number, "tick_cue", [[False]]]) for number in range(CUES)]
            sock.sendall(b"".join(requests))
            replies(sock, set(range(CUES)))
            while not measured.empty():
                measured.get()
            if (k + 1) % (5_000 // CUES) == 0:
                readings_mb.append(resident_mb(server.process.pid))
    warm_mb, last_mb = readings_mb[1], readings_mb[-1]
    _store(ticks=TICKS, ticks_rss_after_10k_mb=round(warm_mb, 1), ticks_rss_at_end_mb=round(last_mb, 1))
    assert world.get_snapshot().frame >= TICKS
    assert abs(last_mb - warm_mb) < FLAT * warm_mb
