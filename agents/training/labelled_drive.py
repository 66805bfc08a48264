"""The label expert drives, undisturbed, and every picture comes with the semantic labels of the same view."""

from __future__ import annotations

import dataclasses
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import carla
import numpy as np
import numpy.typing as npt

from agents.geometry import Route
from agents.label_expert import LabelExpert
from agents.protocol import DrivingState, Frame
from agents.speed_controller import SpeedController
from harness.campaign.episode_spec import CameraSpec, EpisodeSpec
from harness.simulation.errors import InfrastructureError
from harness.simulation.ground_truth import GroundTruth
from harness.simulation.preparation import START_S_M, place_car, set_stage
from harness.simulation.session import CarlaSession

SEMANTIC_BLUEPRINT = "sensor.camera.semantic_segmentation"
_TAG_CHANNEL = 2  # of BGRA: CARLA writes the tag into red
WAIT_S = 30.0

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class LabelledTick:
    """One tick: the ideal picture uint8 RGB (H, W, 3), its tags uint8 (H, W), the state with the expert's answer."""

    picture: Frame
    labels: Labels
    state: DrivingState


class SemanticCamera:
    """A second camera in the place of the driving one, over a client of its own, so that the session stays as it is.

    Raises:
        InfrastructureError: the simulator has no car to mount it on.
    """

    def __init__(self, world: carla.World, camera: CameraSpec) -> None:
        car = _only_car(world)
        blueprint = world.get_blueprint_library().find(SEMANTIC_BLUEPRINT)
        sizes = {"image_size_x": camera.width_px, "image_size_y": camera.height_px, "fov": camera.fov_deg}
        for name, value in sizes.items():
            blueprint.set_attribute(name, str(value))
        mount = carla.Transform(carla.Location(x=camera.x_m, z=camera.z_m), carla.Rotation(pitch=camera.pitch_deg))
        self._images: queue.SimpleQueue[carla.Image] = queue.SimpleQueue()
        self._sensor: Any = world.spawn_actor(blueprint, mount, attach_to=car)
        self._sensor.listen(self._images.put)

    def __enter__(self) -> SemanticCamera:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._sensor.stop()
        self._sensor.destroy()

    def labels_of(self, frame: int) -> Labels:
        """Tags (H, W) of one simulation frame.

        Raises:
            InfrastructureError: that picture never came.
        """
        while True:
            try:
                image = self._images.get(timeout=WAIT_S)
            except queue.Empty:
                raise InfrastructureError(f"no semantic picture of frame {frame} within {WAIT_S} s") from None
            if image.frame == frame:
                pixels = np.frombuffer(image.raw_data, dtype=np.uint8).reshape(image.height, image.width, 4)
                return pixels[..., _TAG_CHANNEL].copy()
            if image.frame > frame:
                raise InfrastructureError(f"semantic picture of frame {frame} is missing; got frame {image.frame}")


def _only_car(world: carla.World) -> carla.Actor:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        cars = world.get_actors().filter("vehicle.*")
        if len(cars) == 1:
            return cars[0]
        time.sleep(0.01)
    raise InfrastructureError(f"{len(cars)} cars are there instead of the one that carries the camera")


def labelled_drive(
    host: str,
    port: int,
    spec: EpisodeSpec,
    furnish: Callable[[carla.World, Route], None] | None = None,
) -> Iterator[LabelledTick]:
    """Drive an episode's road with the label expert.

    Args:
        host, port: of a running simulator, used by nobody else.
        spec: world, ego, camera and length of the drive; agent, monitors and sensor schedule play no part.
        furnish: called once before the first tick, to put something on the road.

    Yields:
        Every tick up to the end of the route or of the time.
    """
    session = CarlaSession(host, port)
    stage = set_stage(session, spec)
    place_car(session, spec, stage.route, with_camera=True)
    world = carla.Client(host, port, 1).get_world()
    truth = GroundTruth(stage.route, stage.footprint, START_S_M, spec.tick_s)
    expert, speed = LabelExpert(), SpeedController()
    session.advance()  # a new car is told to other clients with the next tick
    with SemanticCamera(world, spec.camera) as semantic:
        if furnish is not None:
            furnish(world, stage.route)
        for tick in range(round(spec.duration_s / spec.tick_s)):
            snapshot, picture = session.tick()
            pose = truth.locate(tick, snapshot, session.road_wheel_swa_deg(), {})
            swa_deg = expert.swa_deg(pose.state, stage.route)
            state = dataclasses.replace(pose.state, swa_label_deg=swa_deg)
            limits = (spec.ego.v_max_mps, spec.ego.lateral_acceleration_mps2)
            throttle, brake, _ = speed.control(stage.route, state, *limits, spec.tick_s)
            session.apply(swa_deg, throttle, brake)
            yield LabelledTick(picture, semantic.labels_of(snapshot.frame), state)
            if state.route_s_m >= stage.goal_s_m:
                break
    session.clear()
    session.close()
