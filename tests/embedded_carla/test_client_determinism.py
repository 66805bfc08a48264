"""Same calls, same bytes: on a fresh server, and in a later episode of a used one."""

from __future__ import annotations

import hashlib

import carla

from tests.embedded_carla.conftest import RunningServer, fresh_world, start_server
from tests.embedded_carla.helpers import SMALL_PICTURE, spawn_car, spawn_sensor


def _drive(server: RunningServer, xodr: str) -> tuple[list[tuple[float, ...]], list[str], list[float]]:
    """States of two cars, hashes of pictures and collision impulses of a drive that ends in a crash."""
    world = fresh_world(server.connect(), xodr)
    world.set_weather(carla.WeatherParameters.MidRainyNoon)
    car, other = spawn_car(world), spawn_car(world, x_m=60.0)
    camera, pictures = spawn_sensor(world, car, "camera.rgb", SMALL_PICTURE)
    _sensor, hits = spawn_sensor(world, car, "other.collision")
    states, hashes = [], []
    for k in range(100):
        car.apply_control(carla.VehicleControl(throttle=0.9, steer=0.01 * (k % 7 - 3)))
        world.tick()
        hashes.append(hashlib.sha256(pictures.get(timeout=5.0).raw_data).hexdigest())
        stamp = world.get_snapshot().timestamp.elapsed_seconds
        for vehicle in (car, other):
            pose, velocity = vehicle.get_transform(), vehicle.get_velocity()
            states.append((stamp, pose.location.x, pose.location.y, pose.rotation.yaw, velocity.x, velocity.y))
    camera.stop()
    impulses = [event.normal_impulse.x for event in list(hits.queue)]
    return states, hashes, impulses


def test_identical_calls_give_identical_states_and_pictures(server: RunningServer, oval_xodr: str) -> None:
    first = _drive(server, oval_xodr)
    again = _drive(server, oval_xodr)
    other_server = start_server()
    try:
        elsewhere = _drive(other_server, oval_xodr)
    finally:
        other_server.stop()
    assert first[2], "the drive was meant to end in a crash"
    assert len(set(first[1])) > 50, "the pictures hardly change"
    assert first == again
    assert first == elsewhere
