"""5,000 nonsensical messages; a hundred thousand are in ``tests/soak``."""

from __future__ import annotations

from tests.embedded_carla.conftest import fresh_world, start_server
from tests.embedded_carla.fuzzing import flood, resident_mb
from tests.embedded_carla.helpers import SMALL_PICTURE, spawn_car, spawn_sensor

MESSAGES = 5_000


def test_nonsense_is_answered_and_others_drive_on(oval_xodr: str) -> None:
    server = start_server()
    try:
        client = server.connect()
        world = fresh_world(client, oval_xodr)
        before_mb = resident_mb(server.process.pid)
        assert flood("127.0.0.1", server.port, server.stream_port, seed=1, messages=MESSAGES) == MESSAGES
        assert server.process.poll() is None
        assert resident_mb(server.process.pid) < before_mb + 150.0
        world = fresh_world(client, oval_xodr)
        car = spawn_car(world)
        camera, pictures = spawn_sensor(world, car, "camera.rgb", SMALL_PICTURE)
        for _ in range(10):
            frame = world.tick()
            assert pictures.get(timeout=20.0).frame == frame
        camera.stop()
    finally:
        server.stop()
