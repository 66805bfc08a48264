"""Calls that move actors otherwise than by pedals: velocities, impulses, forces, gravity."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from embedded_carla.world.calls.call import Call, existing, existing_vehicle, void
from embedded_carla.world.motion_orders import give_impulse, keep_velocity, set_motion
from embedded_carla.world.pose import vector_from_wire
from embedded_carla.world.vehicle import Vector, Vehicle
from embedded_carla.world.world import World

Order = Callable[[World, int, Any], None]
_NO_TURN: Vector = (0.0, 0.0, 0.0)


def set_target_velocity(world: World, actor_id: int, velocity: list[Any]) -> None:
    """Give a vehicle a velocity, world axes."""
    vehicle = existing_vehicle(world, actor_id)
    vx_mps, vy_mps, _ = vector_from_wire(velocity)
    set_motion(vehicle, vx_mps, vy_mps)


def set_target_angular_velocity(world: World, actor_id: int, velocity_dps: list[Any]) -> None:
    """Give a vehicle a yaw rate, deg/s."""
    vehicle = existing_vehicle(world, actor_id)
    vx_mps, vy_mps, _ = vehicle.velocity_mps
    set_motion(vehicle, vx_mps, vy_mps, math.radians(vector_from_wire(velocity_dps)[2]))


def add_impulse(world: World, actor_id: int, impulse: list[Any]) -> None:
    """Impulse on the centre of gravity, N s."""
    give_impulse(existing_vehicle(world, actor_id), vector_from_wire(impulse), 0.0)


def add_angular_impulse(world: World, actor_id: int, impulse: list[Any]) -> None:
    """Angular impulse, kg m^2 deg/s as CARLA counts it."""
    give_impulse(existing_vehicle(world, actor_id), _NO_TURN, math.radians(vector_from_wire(impulse)[2]))


def add_force(world: World, actor_id: int, force: list[Any]) -> None:
    """Force on the centre of gravity during the next tick, N."""
    world.orders.push(existing_vehicle(world, actor_id).actor_id, vector_from_wire(force), 0.0)


def add_torque(world: World, actor_id: int, torque: list[Any]) -> None:
    """Torque during the next tick, N m."""
    world.orders.push(existing_vehicle(world, actor_id).actor_id, _NO_TURN, vector_from_wire(torque)[2])


def set_enable_gravity(world: World, actor_id: int, enabled: bool) -> None:
    """Without gravity a vehicle's tyres carry no load and grip nothing; other actors never fall anyway."""
    actor = existing(world, actor_id)
    if enabled or not isinstance(actor, Vehicle):
        world.orders.weightless.discard(actor_id)
    else:
        world.orders.weightless.add(actor_id)


def motion_calls(world: World) -> dict[str, Call]:
    """Velocities, impulses and forces."""

    def order(function: Order) -> Call:
        return void(lambda actor_id, argument: function(world, actor_id, argument))

    def enable_constant_velocity(actor_id: int, velocity: list[Any]) -> None:
        vehicle = existing_vehicle(world, actor_id)
        wanted = vector_from_wire(velocity)
        keep_velocity(vehicle, wanted)
        world.orders.constant_velocity_mps[vehicle.actor_id] = wanted

    def disable_constant_velocity(actor_id: int) -> None:
        world.orders.constant_velocity_mps.pop(existing(world, actor_id).actor_id, None)

    def add_impulse_at(actor_id: int, impulse: list[Any], location: list[Any]) -> None:
        give_impulse(existing_vehicle(world, actor_id), vector_from_wire(impulse), 0.0, vector_from_wire(location))

    def add_force_at(actor_id: int, force: list[Any], location: list[Any]) -> None:
        vehicle = existing_vehicle(world, actor_id)
        pushed, at = vector_from_wire(force), vector_from_wire(location)
        torque_nm = (at[0] - vehicle.pose.x_m) * pushed[1] - (at[1] - vehicle.pose.y_m) * pushed[0]
        world.orders.push(vehicle.actor_id, pushed, torque_nm)

    return {
        "set_actor_target_velocity": order(set_target_velocity),
        "set_actor_target_angular_velocity": order(set_target_angular_velocity),
        "enable_actor_constant_velocity": void(enable_constant_velocity),
        "disable_actor_constant_velocity": void(disable_constant_velocity),
        "add_actor_impulse": order(add_impulse),
        "add_actor_impulse_at_location": void(add_impulse_at),
        "add_actor_angular_impulse": order(add_angular_impulse),
        "add_actor_force": order(add_force),
        "add_actor_force_at_location": void(add_force_at),
        "add_actor_torque": order(add_torque),
        "set_actor_enable_gravity": order(set_enable_gravity),
    }
