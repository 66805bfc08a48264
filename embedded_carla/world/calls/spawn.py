"""Making an actor from a client's description."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from embedded_carla.sensors.camera import CameraSettings
from embedded_carla.sensors.gnss import Gnss
from embedded_carla.sensors.imu import ImuNoise
from embedded_carla.sensors.instrument import Instrument
from embedded_carla.sensors.lidar import Lidar
from embedded_carla.sensors.obstacle import Obstacle
from embedded_carla.sensors.radar import Radar
from embedded_carla.sensors.schedule import SensorSchedule
from embedded_carla.vehicle import catalogue
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.actors import Actor, Sensor
from embedded_carla.world.blueprints import BY_ID, Blueprint, Kind
from embedded_carla.world.boxes import Box
from embedded_carla.world.calls.call import existing
from embedded_carla.world.friction_zones import FrictionZone
from embedded_carla.world.pose import Pose, finite, pose_from_wire
from embedded_carla.world.vehicle import Vehicle
from embedded_carla.world.walker import Walker
from embedded_carla.world.world import World

MOST_ACTORS = 10_000
MOST_ATTRIBUTES = 200
LONGEST_ATTRIBUTE = 1000
BODIES = (Kind.VEHICLE, Kind.PROP, Kind.WALKER)
ATTRIBUTE_TYPES = range(tables.ATTRIBUTE_BOOL, tables.ATTRIBUTE_RGB + 1)
INSTRUMENTS: dict[str, Callable[[Mapping[str, str]], Instrument]] = {
    "sensor.lidar.ray_cast": Lidar.from_attributes,
    "sensor.lidar.ray_cast_semantic": Lidar.semantic_from_attributes,
    "sensor.other.radar": Radar.from_attributes,
    "sensor.other.gnss": Gnss.from_attributes,
    "sensor.other.obstacle": Obstacle.from_attributes,
}


def spawn(
    world: World, description: Sequence[Any], transform: Sequence[Any], parent_id: int = 0, needs_room: bool = True
) -> Actor:
    """Put a new actor into the world.

    Args:
        description: ActorDescription ``[uid, blueprint id, [[name, type, value], ...]]``.
        transform: where, relative to the parent if there is one.
        parent_id: what it is fixed to, 0 for nothing.
        needs_room: refuse a body where another one stands.

    Raises:
        CallFailedError: unknown blueprint, bad attribute, missing parent, or no room for the body.
    """
    blueprint_id = str(description[1])
    uid, sent = int(description[0]), [[str(name), int(kind), str(text)] for name, kind, text in description[2]]
    _check_description(world, uid, sent)
    blueprint = BY_ID.get(blueprint_id)
    if blueprint is None:
        raise CallFailedError(f"blueprint '{blueprint_id}' is not in this server's library")
    attributes = {attribute.name: attribute.value for attribute in blueprint.attributes}
    attributes.update({str(name): str(text) for name, _, text in sent})
    pose = pose_from_wire(transform)
    parent = existing(world, parent_id) if parent_id else None
    try:
        if needs_room and parent is None and blueprint.kind in BODIES:
            _refuse_if_occupied(world, blueprint, pose)
        actor = _make(world, blueprint, [uid, blueprint_id, sent], attributes, parent, pose)
    except ValueError as error:
        raise CallFailedError(f"cannot spawn {blueprint_id}: {error}") from error
    return world.add(actor)


def _check_description(world: World, uid: int, sent: list[list[Any]]) -> None:
    """It is kept and read back by other clients: it must fit their types, and the memory."""
    if len(world.actors) >= MOST_ACTORS:
        raise CallFailedError(f"the world has {MOST_ACTORS} actors: no more can be spawned")
    if not 0 <= uid < 1 << 32 or len(sent) > MOST_ATTRIBUTES:
        raise CallFailedError("not a description that a blueprint library gives")
    for name, kind, text in sent:
        if kind not in ATTRIBUTE_TYPES or len(name) + len(text) > LONGEST_ATTRIBUTE:
            raise CallFailedError(f"attribute {name[:50]!r} has no such type, or is too long")


def _make(
    world: World,
    blueprint: Blueprint,
    description: list[object],
    attributes: dict[str, str],
    parent: Actor | None,
    pose: Pose,
) -> Actor:
    common: dict[str, Any] = {
        "attributes": attributes,
        "parent": parent,
        "relative": pose if parent else None,
    }
    if blueprint.kind in BODIES:
        _read_colour(attributes)
        if parent is None:
            common["collides"] = True
    if blueprint.kind is Kind.VEHICLE:
        vehicle = Vehicle(
            world.new_actor_id(),
            blueprint,
            description,
            **common,
            parameters=catalogue.BY_ID[blueprint.blueprint_id].parameters,
            sticky_control=attributes["sticky_control"].lower() != "false",
        )
        if parent is None:
            vehicle.place(pose)
            vehicle.put_on(world.map.surface)
            vehicle.refresh_record()
            _ = world.scenery.obstacles  # build now: the time belongs to the spawn, not to the first tick
        return vehicle
    if blueprint.kind is Kind.FRICTION_ZONE:
        zone = FrictionZone(world.new_actor_id(), blueprint, description, pose=pose, **common)
        zone.read_attributes()
        return zone
    if blueprint.kind is Kind.WALKER:
        walker = Walker(world.new_actor_id(), blueprint, description, pose=pose, **common)
        walker.put_on(world.map.surface)
        return walker
    if blueprint.kind in (Kind.PROP, Kind.CONTROLLER):
        return Actor(world.new_actor_id(), blueprint, description, pose=pose, **common)
    camera = noise = instrument = None
    if blueprint.kind is Kind.CAMERA:
        camera = CameraSettings.from_attributes(attributes)
        _ = world.scenery.renderer  # build now: the time belongs to the spawn, not to the first tick
    elif blueprint.kind is Kind.IMU:
        noise = ImuNoise.from_attributes(attributes)
    elif blueprint.kind is Kind.INSTRUMENT:
        instrument = INSTRUMENTS[blueprint.blueprint_id](attributes)
        _ = world.scenery.rays
    elif parent is None:
        raise ValueError("it must be attached to a vehicle")
    stream_id, token = (0, b"") if blueprint.kind is Kind.LANE_INVASION else world.new_stream()
    return Sensor(
        world.new_actor_id(),
        blueprint,
        description,
        token=token,
        pose=pose,
        **common,
        stream_id=stream_id,
        schedule=SensorSchedule(max(finite(attributes.get("sensor_tick", "0")), 0.0)),
        camera=camera,
        noise=noise,
        instrument=instrument,
    )


def _refuse_if_occupied(world: World, blueprint: Blueprint, pose: Pose) -> None:
    z_m = pose.z_m
    if blueprint.kind in (Kind.VEHICLE, Kind.WALKER):  # it will stand on the road, whatever height was asked for
        z_m, _ = world.map.surface.height_and_pitch(*pose[:3], pose.yaw_deg)
    box = Box(pose.x_m, pose.y_m, z_m, pose.yaw_deg, *blueprint.half_size_m)
    obstacle = world.obstacle_at(box)
    if obstacle is not None:
        name = f"{obstacle.blueprint.blueprint_id} (actor {obstacle.actor_id})"
        raise CallFailedError(f"Spawn failed because of collision at spawn position: {name} stands there")


def _read_colour(attributes: dict[str, str]) -> None:
    colour = attributes.get("color")
    if colour is not None and (len(colour.split(",")) != 3 or not colour.replace(",", "").isdecimal()):
        raise ValueError(f"color must be 'r,g,b', got '{colour}'")
