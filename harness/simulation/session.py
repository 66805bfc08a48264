"""One conversation with a simulator through the real `carla` client: load a world, place the car, tick.

The only module that knows CARLA's axes: everything it returns is right-handed, left and counter-clockwise positive.
"""

from __future__ import annotations

import contextlib
import math
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import carla
import cv2
import numpy as np

from agents.geometry import Route
from agents.protocol import Frame
from harness.simulation.errors import InfrastructureError, InvalidSimulationError

STEERING_RATIO = 16.0
LOAD_TIMEOUT_S = 100.0
"""The first world on a machine may have to compile the renderer's kernels, about a minute on an idle core."""
SPAWN_CLEARANCE_M = 0.3
CAMERA_BLUEPRINT = "sensor.camera.rgb"


@dataclass(frozen=True)
class VehicleSnapshot:
    """The car at one simulation frame; left and counter-clockwise positive, y = −CARLA y."""

    frame: int
    elapsed_s: float
    x_m: float
    y_m: float
    z_m: float
    heading_rad: float
    speed_mps: float
    yaw_rate_dps: float
    lateral_acceleration_mps2: float


@dataclass(frozen=True)
class CollisionEvent:
    """One contact of the ego car: the simulation frame it happened in and the type of what was hit."""

    frame: int
    other: str


@dataclass(frozen=True)
class CameraMount:
    """Where the camera sits on the car (CARLA's vehicle axes: x forward, z up) and its picture size."""

    width_px: int
    height_px: int
    fov_deg: float
    x_m: float
    z_m: float
    pitch_deg: float


class CarlaSession:
    """A connected `carla.Client` driving one ego car with one camera in synchronous mode.

    Raises:
        InfrastructureError: from every method, if the simulator does not answer as it must.
    """

    def __init__(self, host: str, port: int, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s
        self._client: carla.Client = self._guard("connecting", lambda: carla.Client(host, port))
        self._client.set_timeout(timeout_s)
        self.server_version: str = self._guard("asking for the version", self._client.get_server_version)
        client_version = self._client.get_client_version()
        if self.server_version.split("-")[0] != client_version.split("-")[0]:
            raise InfrastructureError(
                f"simulator speaks version {self.server_version}, the carla package is {client_version}: "
                "install the carla wheel of the simulator's version"
            )
        self._scene_version: int | None = None
        self._world: carla.World | None = None
        self._clean_map: tuple[str, float] | None = None
        self._dirty_map: tuple[str, float] | None = None
        self._ego: carla.Vehicle | None = None
        self._ego_was_seen = False
        self._sensors: list[carla.Sensor] = []
        self._images: queue.SimpleQueue[carla.Image] = queue.SimpleQueue()
        self._collisions: queue.SimpleQueue[CollisionEvent] = queue.SimpleQueue()
        self._max_steer_deg = 70.0

    @property
    def scene_version(self) -> int | None:
        """Version of the pictures, as the simulator of the loaded world tells it.

        None before the first world, and from simulators that tell none: only embedded_carla numbers its pictures.
        """
        return self._scene_version

    def load_opendrive(self, xodr: str, tick_s: float) -> None:
        """Replace the simulator's world by this OpenDRIVE road and switch to synchronous mode."""
        parameters = carla.OpendriveGenerationParameters()
        self._load(lambda: self._client.generate_opendrive_world(xodr, parameters), tick_s)

    def load_map(self, name: str, tick_s: float) -> None:
        """Load one of the simulator's own maps and switch to synchronous mode.

        A map that is loaded and was left as it came stays: loading a town takes CARLA ten seconds and some memory
        that it never gives back.
        """
        if self._clean_map == (name, tick_s) and self._world is not None:
            return
        self._load(lambda: self._client.load_world(name), tick_s)
        self._clean_map = (name, tick_s)

    def map(self) -> carla.Map:
        """The loaded world's map, as the client parses it."""
        return self._guard("reading the map", self._active_world().get_map)

    def set_weather(self, parameters: dict[str, float]) -> None:
        """Set CARLA's weather parameters by name; unnamed ones keep CARLA's default."""
        self._guard(
            "setting the weather",
            lambda: self._active_world().set_weather(carla.WeatherParameters(**parameters)),
        )

    def place_ego(
        self, blueprint_id: str, route: Route, start_s_m: float, speed_mps: float, camera: CameraMount | None
    ) -> None:
        """Spawn the ego car on the route's centre line at speed, with its collision sensor and, unless None, camera."""
        world = self._active_world()
        self._dirty_map, self._clean_map = self._clean_map, None  # until everything that is placed now has gone again
        library = self._guard("reading the blueprints", world.get_blueprint_library)
        blueprint = self._guard(f"looking for {blueprint_id}", lambda: library.find(blueprint_id))
        k = route.index(start_s_m)
        heading = float(route.heading_rad[k])
        pose = carla.Transform(
            carla.Location(x=float(route.x_m[k]), y=-float(route.y_m[k]), z=float(route.z_m[k]) + SPAWN_CLEARANCE_M),
            carla.Rotation(yaw=-math.degrees(heading)),
        )
        ego = self._guard(f"spawning {blueprint_id}", lambda: world.spawn_actor(blueprint, pose))
        self._ego, self._ego_was_seen = ego, False
        physics = self._guard("reading the physics", ego.get_physics_control)
        self._max_steer_deg = float(physics.wheels[0].max_steer_angle)
        if camera is not None:
            self._attach_camera(library, camera)
        self._attach_collision_sensor(library)
        velocity = carla.Vector3D(speed_mps * math.cos(heading), -speed_mps * math.sin(heading), 0.0)
        self._guard("launching the car", lambda: ego.set_target_velocity(velocity))

    def apply(self, swa_deg: float, throttle: float, brake: float) -> None:
        """Send the control that the next tick will use. ``swa_deg`` left positive; pedals 0..1."""
        steer = -(swa_deg / STEERING_RATIO) / self._max_steer_deg
        control = carla.VehicleControl(throttle=throttle, steer=min(1.0, max(-1.0, steer)), brake=brake)
        ego = self._car()
        self._guard("sending the control", lambda: ego.apply_control(control))

    def tick(self) -> tuple[VehicleSnapshot, Frame]:
        """Advance one step and wait for the camera image of exactly that frame.

        Returns:
            (state, raw frame uint8 RGB (H, W, 3)).

        Raises:
            InvalidSimulationError: the car has vanished.
        """
        frame_number = self.advance()
        snapshot = self._snapshot_of(frame_number)  # first: a car that has vanished took its camera along
        return snapshot, _to_rgb(self._image_of(frame_number))

    def step(self) -> VehicleSnapshot:
        """Advance one step of a car that was placed without a camera."""
        return self._snapshot_of(self.advance())

    def advance(self) -> int:
        """Advance one step and look at nothing. Returns the number of the new frame."""
        world = self._active_world()
        return int(self._guard("ticking", lambda: world.tick(self._timeout_s)))

    def road_wheel_swa_deg(self) -> float:
        """Steering wheel angle that the front wheels have reached, degrees, left positive."""
        ego = self._car()
        angle = self._guard(
            "reading the wheel angle", lambda: ego.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel)
        )
        return -float(angle) * STEERING_RATIO

    def take_collisions(self) -> list[CollisionEvent]:
        """Contacts reported since the last call. Each sensor has a stream of its own, so the report of a frame may
        come one call later than its picture: go by the event's frame."""
        hits = []
        with contextlib.suppress(queue.Empty):
            while True:
                hits.append(self._collisions.get_nowait())
        return hits

    def clear(self) -> None:
        """Remove the car and its sensors; the world stays."""
        actors = [*self._sensors, *([self._ego] if self._ego is not None else [])]
        for sensor in self._sensors:
            self._guard("stopping a sensor", sensor.stop)
        for actor in actors:
            self._guard("removing the car", actor.destroy)
        self._forget_actors()
        self._clean_map, self._dirty_map = self._dirty_map or self._clean_map, None

    def close(self) -> None:
        """Forget the simulator's objects. Does not stop the simulator."""
        self._forget_actors()
        self._world = None

    def _forget_actors(self) -> None:
        self._sensors, self._ego = [], None
        # New queues, not emptied ones: a late report of the old sensors must not reach the next episode.
        self._images, self._collisions = queue.SimpleQueue(), queue.SimpleQueue()

    def _load(self, load: Callable[[], carla.World], tick_s: float) -> None:
        self._forget_actors()
        self._clean_map = self._dirty_map = None
        self._client.set_timeout(LOAD_TIMEOUT_S)
        world = self._guard("loading a world", load)
        self._client.set_timeout(self._timeout_s)
        settings = self._guard("reading the settings", world.get_settings)
        settings.synchronous_mode = True
        settings.fixed_delta_seconds = tick_s
        settings.deterministic_ragdolls = True
        self._guard("switching to synchronous mode", lambda: world.apply_settings(settings))
        library = self._guard("reading the blueprints", world.get_blueprint_library)
        self._scene_version = self._guard("looking for the camera", lambda: _scene_version(library))
        self._world = world

    def _attach_camera(self, library: carla.BlueprintLibrary, camera: CameraMount) -> None:
        blueprint = library.find(CAMERA_BLUEPRINT)
        # The simulator's own lens effects stay off: sensor artifacts are ours to add, measured and seeded.
        off = {
            "enable_postprocess_effects": "false",
            "motion_blur_intensity": "0",
            "lens_flare_intensity": "0",
        }
        wanted = {
            "image_size_x": str(camera.width_px),
            "image_size_y": str(camera.height_px),
            "fov": str(camera.fov_deg),
        }
        for name, value in {**off, **wanted}.items():
            if blueprint.has_attribute(name):
                blueprint.set_attribute(name, value)
        mount = carla.Transform(carla.Location(x=camera.x_m, z=camera.z_m), carla.Rotation(pitch=camera.pitch_deg))
        sensor = self._attach(blueprint, mount)
        sensor.listen(self._images.put)

    def _attach_collision_sensor(self, library: carla.BlueprintLibrary) -> None:
        sensor = self._attach(library.find("sensor.other.collision"), carla.Transform())
        hits = self._collisions
        sensor.listen(lambda event: hits.put(CollisionEvent(event.frame, event.other_actor.type_id)))

    def _attach(self, blueprint: carla.ActorBlueprint, mount: carla.Transform) -> carla.Sensor:
        world = self._active_world()
        sensor = self._guard(
            f"spawning {blueprint.id}", lambda: world.spawn_actor(blueprint, mount, attach_to=self._ego)
        )
        self._sensors.append(sensor)
        return sensor

    def _snapshot_of(self, frame_number: int) -> VehicleSnapshot:
        snapshot = self._guard("reading the snapshot", self._active_world().get_snapshot)
        if snapshot.frame != frame_number:
            raise InfrastructureError(f"ticked frame {frame_number} but the snapshot is of frame {snapshot.frame}")
        actor = snapshot.find(self._car().id)
        if actor is None and not self._ego_was_seen:  # no episode has begun that could be judged: another try
            raise InfrastructureError("the ego car was spawned but never came into the simulator's world")
        if actor is None:
            raise InvalidSimulationError("the ego car is gone from the simulator's world")
        self._ego_was_seen = True
        return _vehicle_snapshot(actor, frame_number, snapshot.timestamp.elapsed_seconds)

    def _image_of(self, frame_number: int) -> carla.Image:
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                image = self._images.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise InfrastructureError(
                    f"no camera image of frame {frame_number} within {self._timeout_s} s"
                ) from None
            if image.frame == frame_number:
                return image
            if image.frame > frame_number:
                raise InfrastructureError(f"camera image of frame {frame_number} is missing; got frame {image.frame}")

    def _car(self) -> carla.Vehicle:
        if self._ego is None:
            raise InfrastructureError("no car is placed: call place_ego first")
        return self._ego

    def _active_world(self) -> carla.World:
        if self._world is None:
            raise InfrastructureError("no world is loaded: call load_opendrive or load_map first")
        return self._world

    def _guard(self, doing: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (RuntimeError, IndexError) as error:
            raise InfrastructureError(f"simulator failed while {doing}: {error}") from error


def _scene_version(library: carla.BlueprintLibrary) -> int | None:
    camera = library.find(CAMERA_BLUEPRINT)
    return int(camera.get_attribute("scene_version")) if camera.has_attribute("scene_version") else None


def _vehicle_snapshot(actor: carla.ActorSnapshot, frame: int, elapsed_s: float) -> VehicleSnapshot:
    transform, velocity = actor.get_transform(), actor.get_velocity()
    acceleration, angular = actor.get_acceleration(), actor.get_angular_velocity()
    heading = math.radians(-transform.rotation.yaw)
    left_x, left_y = -math.sin(heading), math.cos(heading)
    return VehicleSnapshot(
        frame=frame,
        elapsed_s=elapsed_s,
        x_m=transform.location.x,
        y_m=-transform.location.y,
        z_m=transform.location.z,
        heading_rad=heading,
        speed_mps=math.hypot(velocity.x, velocity.y),
        yaw_rate_dps=-angular.z,
        lateral_acceleration_mps2=acceleration.x * left_x - acceleration.y * left_y,
    )


def _to_rgb(image: carla.Image) -> Frame:
    bgra = np.frombuffer(image.raw_data, dtype=np.uint8).reshape(image.height, image.width, 4)
    return np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB), dtype=np.uint8)
