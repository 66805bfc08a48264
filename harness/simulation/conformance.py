"""Does a server answer every call that the harness makes of it? One short tour through all of them."""

from __future__ import annotations

import contextlib
import functools
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import carla

TIMEOUT_S = 60.0
TICK_S = 0.05


@dataclass(frozen=True)
class CallResult:
    """One call: what it is for in CARLA's words, and what came back (``problem`` is None if all is well)."""

    call: str
    answer: str
    problem: str | None


@dataclass
class ConformanceTour:
    """Runs calls one after another; a failed one is noted and the tour goes on as far as it can."""

    results: list[CallResult] = field(default_factory=list)

    def call(self, name: str, function: Callable[[], Any], describe: Callable[[Any], str] = lambda _: "ok") -> Any:
        """Make one call; None if it failed."""
        try:
            value = function()
            answer = describe(value)
        except Exception as error:
            self.results.append(CallResult(name, "", f"{type(error).__name__}: {error}"))
            return None
        self.results.append(CallResult(name, answer, None))
        return value


def check_conformance(host: str, port: int) -> tuple[list[CallResult], str | None]:
    """Make every call that the harness uses on a running server, on the map that it has loaded.

    Returns:
        One result per call, and the name of the loaded map (None if it could not be asked).
    """
    tour = ConformanceTour()
    client = tour.call("Client", lambda: carla.Client(host, port))
    if client is None:
        return tour.results, None
    client.set_timeout(TIMEOUT_S)
    tour.call("Client.get_client_version", client.get_client_version, str)
    if tour.call("Client.get_server_version", client.get_server_version, str) is None:
        return tour.results, None
    world = tour.call("Client.get_world", client.get_world)
    here = None if world is None else tour.call("World.get_map", world.get_map, lambda found: str(found.name))
    if here is None:
        return tour.results, None
    name = str(here.name).rpartition("/")[2]
    tour.call("Map.to_opendrive", here.to_opendrive, lambda text: f"{len(text)} characters")
    tour.call("Map.get_spawn_points", here.get_spawn_points, lambda points: f"{len(points)} points")
    _tour_of_a_world(tour, client, name)
    return tour.results, name


def _tour_of_a_world(tour: ConformanceTour, client: carla.Client, name: str) -> None:
    world = tour.call("Client.load_world", lambda: client.load_world(name))
    settings = None if world is None else tour.call("World.get_settings", world.get_settings)
    if settings is None:
        return
    settings.synchronous_mode, settings.fixed_delta_seconds = True, TICK_S
    settings.deterministic_ragdolls = True
    tour.call("World.apply_settings", lambda: world.apply_settings(settings), lambda frame: f"frame {frame}")
    tour.call("World.set_weather", lambda: world.set_weather(carla.WeatherParameters.ClearNoon))
    library = tour.call("World.get_blueprint_library", world.get_blueprint_library, lambda found: f"{len(found)}")
    if library is not None:
        with _actors(tour, world, library) as (car, images):
            if car is not None:
                _drive(tour, world, car, images)
    settings.synchronous_mode = False
    tour.call("World.apply_settings (asynchronous again)", lambda: world.apply_settings(settings))


@contextlib.contextmanager
def _actors(tour: ConformanceTour, world: Any, library: Any) -> Iterator[tuple[Any, queue.SimpleQueue[Any]]]:
    """A car with a camera and a collision sensor, removed at the end."""
    images: queue.SimpleQueue[Any] = queue.SimpleQueue()
    blueprint = tour.call("BlueprintLibrary.find", lambda: library.find("vehicle.tesla.model3"), lambda b: str(b.id))
    lanes = tour.call("Map.generate_waypoints", lambda: world.get_map().generate_waypoints(20.0), lambda w: f"{len(w)}")
    car = None
    if blueprint is not None and lanes:
        on_lane = lanes[0].transform
        pose = carla.Transform(on_lane.location + carla.Location(z=0.3), on_lane.rotation)
        car = tour.call(
            "World.spawn_actor (vehicle)", lambda: world.spawn_actor(blueprint, pose), lambda a: f"id {a.id}"
        )
    sensors = [] if car is None else _sensors(tour, world, library, car, images)
    try:
        yield car, images
    finally:
        for sensor in sensors:
            tour.call("Sensor.stop", sensor.stop)
            tour.call("Actor.destroy (sensor)", sensor.destroy)
        if car is not None:
            tour.call("Actor.destroy (vehicle)", car.destroy)


def _sensors(tour: ConformanceTour, world: Any, library: Any, car: Any, images: queue.SimpleQueue[Any]) -> list[Any]:
    mount, found = carla.Transform(carla.Location(x=1.2, z=1.4)), []
    listeners: dict[str, Callable[[Any], None]] = {
        "sensor.camera.rgb": images.put,
        "sensor.other.collision": lambda event: None,
    }
    for kind, listener in listeners.items():
        spawn = functools.partial(world.spawn_actor, library.find(kind), mount, attach_to=car)
        sensor = tour.call(f"World.spawn_actor ({kind})", spawn)
        if sensor is not None:
            tour.call(f"Sensor.listen ({kind})", functools.partial(sensor.listen, listener))
            found.append(sensor)
    return found


def _drive(tour: ConformanceTour, world: Any, car: Any, images: queue.SimpleQueue[Any]) -> None:
    tour.call("Vehicle.get_physics_control", car.get_physics_control, lambda p: f"{len(p.wheels)} wheels")
    frame = tour.call("World.tick", lambda: world.tick(TIMEOUT_S), lambda number: f"frame {number}")
    ahead = tour.call("Actor.get_transform", car.get_transform)  # known only after the first tick
    if ahead is None or frame is None:
        return
    forward = ahead.get_forward_vector()
    speed = carla.Vector3D(5.0 * forward.x, 5.0 * forward.y, 0.0)
    tour.call("Vehicle.set_target_velocity", lambda: car.set_target_velocity(speed))
    control = carla.VehicleControl(throttle=0.5, steer=0.1)
    frame = tour.call(
        "20 × apply_control and tick", lambda: _ticks(world, car, control), lambda number: f"frame {number}"
    )
    tour.call("World.get_snapshot of that frame", lambda: _required(world.get_snapshot().frame == frame, "other frame"))
    tour.call("WorldSnapshot.find", lambda: _required(world.get_snapshot().find(car.id) is not None, "car not found"))
    tour.call("Camera image of that frame", lambda: _image_of(images, frame), str)
    wheel = carla.VehicleWheelLocation.FL_Wheel
    tour.call("Vehicle.get_wheel_steer_angle", lambda: car.get_wheel_steer_angle(wheel), lambda deg: f"{deg:.2f}°")
    tour.call("the car moves", lambda: _moved(ahead.location, car.get_transform().location), str)


def _ticks(world: Any, car: Any, control: Any) -> int:
    frame = 0
    for _ in range(20):
        car.apply_control(control)
        frame = world.tick(TIMEOUT_S)
    return frame


def _moved(before: Any, now: Any) -> str:
    distance_m = before.distance(now)
    _required(distance_m > 0.5, f"moved only {distance_m:.2f} m")
    return f"{distance_m:.2f} m"


def _image_of(images: queue.SimpleQueue[Any], frame: int) -> str:
    while True:
        image = images.get(timeout=10.0)
        if image.frame == frame:
            return f"{image.width}×{image.height}"
        _required(image.frame < frame, f"image of frame {image.frame} instead of {frame}")


def _required(holds: bool, otherwise: str) -> str:
    if not holds:
        raise ValueError(otherwise)
    return "ok"
