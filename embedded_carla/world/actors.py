"""Actors other than vehicles, and what all of them have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

from embedded_carla.sensors.camera import CameraSettings
from embedded_carla.sensors.imu import ImuNoise
from embedded_carla.sensors.instrument import Instrument
from embedded_carla.sensors.schedule import SensorSchedule
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.world.blueprints import Blueprint, Kind
from embedded_carla.world.pose import Pose, composed

_ZERO_MOTION = (0.0,) * 9


@dataclass(eq=False)
class Actor:
    """Something with an id and a pose.

    Attributes:
        description: ActorDescription as the client sent it: sent back unchanged.
        attributes: its values by name, defaults of the blueprint where the client sent none.
        token: 24 bytes of its stream, empty without one.
        parent: what it is fixed to, at ``relative``.
        collides: takes part in collisions.
        record: its 119 bytes of the episode state.
    """

    actor_id: int
    blueprint: Blueprint
    description: list[object]
    attributes: dict[str, str]
    token: bytes = b""
    parent: Actor | None = None
    relative: Pose | None = None
    pose: Pose = field(default_factory=Pose)
    collides: bool = False
    record: bytes = b""

    def __post_init__(self) -> None:
        self.follow_parent()
        self.refresh_record()

    @property
    def kind(self) -> Kind:
        """What the world does with it."""
        return self.blueprint.kind

    @property
    def bottom_z_m(self) -> float:
        """Height of the underside of its body: most stand on their origin."""
        return self.pose.z_m

    @property
    def velocity_mps(self) -> tuple[float, float, float]:
        """World axes; zero for what never moves by itself."""
        return 0.0, 0.0, 0.0

    def place(self, pose: Pose) -> None:
        """Put it somewhere: in the world, or relative to its parent if it has one."""
        if self.parent is None:
            self.pose = pose
        else:
            self.relative = pose
            self.follow_parent()
        self.refresh_record()

    def follow_parent(self) -> None:
        """Recompute the world pose of something attached."""
        if self.parent is not None and self.relative is not None:
            self.pose = composed(self.parent.pose, self.relative)

    def refresh_record(self) -> None:
        """Bring the packed record up to date with the pose."""
        kinematics = tables.ACTOR_KINEMATICS.pack(self.actor_id, tables.ACTOR_ACTIVE, *self.pose, *_ZERO_MOTION)
        self.record = kinematics + tables.EMPTY_UNION

    def bounding_box_to_wire(self) -> list[object]:
        """BoundingBox: it stands on the actor's origin."""
        half_size_m = list(self.blueprint.half_size_m)
        return [[0.0, 0.0, half_size_m[2]], half_size_m, [0.0, 0.0, 0.0], self.actor_id]

    def to_wire(self) -> list[object]:
        """Actor."""
        return [
            self.actor_id,
            0 if self.parent is None else self.parent.actor_id,
            self.description,
            self.bounding_box_to_wire(),
            bytes([self.blueprint.semantic_tag]),
            self.token,
        ]


@dataclass(eq=False)
class Sensor(Actor):
    """An actor with a stream.

    Attributes:
        stream_id: number of its stream, 0 for a sensor that the client computes itself.
        schedule: when it measures.
        camera: set for cameras; noise: set for IMUs; instrument: set for the rest of those with measurements.
    """

    stream_id: int = 0
    schedule: SensorSchedule = field(default_factory=SensorSchedule)
    camera: CameraSettings | None = None
    noise: ImuNoise | None = None
    instrument: Instrument | None = None

    def header(self, frame: int, time_s: float) -> bytes:
        """The 48 bytes in front of every message of this sensor."""
        assert self.blueprint.sensor_type is not None
        return tables.SENSOR_HEADER.pack(self.blueprint.sensor_type, frame, time_s, *self.pose)
