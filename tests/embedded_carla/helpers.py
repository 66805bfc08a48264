"""Spawning and looking, as a user of the client library would."""

from __future__ import annotations

import queue
from typing import Any

import carla

TESLA = "vehicle.tesla.model3"
START = carla.Transform(carla.Location(x=20.0, y=1.75, z=0.3))
"""In the right lane of the oval's first straight, heading along +x."""


def spawn_car(world: carla.World, x_m: float = 20.0, y_m: float = 1.75, yaw_deg: float = 0.0) -> carla.Vehicle:
    """A Tesla on the oval's first straight."""
    pose = carla.Transform(carla.Location(x=x_m, y=y_m, z=0.3), carla.Rotation(yaw=yaw_deg))
    return world.spawn_actor(world.get_blueprint_library().find(TESLA), pose)


def spawn_sensor(
    world: carla.World, parent: carla.Actor | None, kind: str, attributes: dict[str, str] | None = None
) -> tuple[carla.Sensor, queue.Queue[Any]]:
    """A sensor behind the windscreen and the queue that it fills."""
    blueprint = world.get_blueprint_library().find(f"sensor.{kind}")
    for name, value in (attributes or {}).items():
        blueprint.set_attribute(name, value)
    mount = carla.Transform(carla.Location(x=1.0, z=1.4))
    sensor = world.spawn_actor(blueprint, mount, attach_to=parent)
    received: queue.Queue[Any] = queue.Queue()
    sensor.listen(received.put)
    return sensor, received


def drained(events: queue.Queue[Any], wait_s: float = 0.5) -> list[Any]:
    """Everything that arrives, until nothing has for a while."""
    found = []
    while True:
        try:
            found.append(events.get(timeout=wait_s))
        except queue.Empty:
            return found


SMALL_PICTURE = {"image_size_x": "64", "image_size_y": "36"}
