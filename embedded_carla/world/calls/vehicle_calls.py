"""Calls about vehicles."""

from __future__ import annotations

import math
from typing import Any

from embedded_carla.world.ackermann import AckermannDriver, AckermannSettings, AckermannTarget
from embedded_carla.world.calls.call import Call, existing_vehicle, value, void
from embedded_carla.world.vehicle import Control, Vehicle
from embedded_carla.world.world import World

LONGEST_TABLE = 1000
LIGHT_FLAGS = 0xFFFF_FFFF


def apply_control(world: World, actor_id: int, control: list[Any]) -> None:
    """Pedals and wheel, effective from the next tick on; ends Ackermann control."""
    vehicle = existing_vehicle(world, actor_id)
    vehicle.control = Control.from_wire(control)
    world.orders.ackermann.pop(actor_id, None)
    if not vehicle.moves:  # no tick will do it
        vehicle.refresh_record()


def apply_ackermann_control(world: World, actor_id: int, control: list[Any]) -> None:
    """Steering angle, speed and acceleration, from the next tick on until pedals are applied."""
    existing_vehicle(world, actor_id)
    target = AckermannTarget.from_wire(control)
    driver = world.orders.ackermann.get(actor_id)
    if driver is None:
        settings = world.orders.ackermann_settings.get(actor_id, AckermannSettings())
        world.orders.ackermann[actor_id] = AckermannDriver(target, settings)
    else:
        driver.target = target


def apply_physics_control(world: World, actor_id: int, physics: list[Any]) -> None:
    """New parameters of a vehicle."""
    vehicle = existing_vehicle(world, actor_id)
    _check_numbers(physics)
    vehicle.apply_physics(physics)


def set_light_state(world: World, actor_id: int, flags: int) -> None:
    """Switch lamps; what is set is told to every client."""
    existing_vehicle(world, actor_id).lights = int(flags) & LIGHT_FLAGS


def set_autopilot(world: World, actor_id: int, _enabled: bool) -> None:
    """Nothing to do here: the traffic manager that drives the vehicle runs in a client."""
    existing_vehicle(world, actor_id)


def _check_numbers(values: list[Any]) -> None:
    """Nothing but finite numbers, however deep, and not many: what is kept here is read back by other clients."""
    if len(values) > LONGEST_TABLE:
        raise ValueError(f"a physics table has at most {LONGEST_TABLE} rows")
    for item in values:
        if isinstance(item, list):
            _check_numbers(item)
        elif not math.isfinite(item):
            raise ValueError("physics values must be finite numbers")


def vehicle_calls(world: World) -> dict[str, Call]:
    """Control and physics of vehicles."""

    def wheel_steer_angle(actor_id: int, wheel: int) -> float:
        return existing_vehicle(world, actor_id).wheel_steer_angle_deg(int(wheel))

    def ackermann_settings(actor_id: int) -> list[float]:
        existing_vehicle(world, actor_id)
        return world.orders.ackermann_settings.get(actor_id, AckermannSettings()).to_wire()

    def apply_ackermann_settings(actor_id: int, values: list[Any]) -> None:
        existing_vehicle(world, actor_id)
        settings = AckermannSettings.from_wire(values)
        world.orders.ackermann_settings[actor_id] = settings
        if actor_id in world.orders.ackermann:
            world.orders.ackermann[actor_id].settings = settings

    def light_states() -> list[list[int]]:
        return [[actor.actor_id, actor.lights] for actor in world.actors.values() if isinstance(actor, Vehicle)]

    return {
        "apply_control_to_vehicle": void(lambda actor_id, control: apply_control(world, actor_id, control)),
        "apply_ackermann_control_to_vehicle": void(lambda i, control: apply_ackermann_control(world, i, control)),
        "get_ackermann_controller_settings": value(ackermann_settings),
        "apply_ackermann_controller_settings": void(apply_ackermann_settings),
        "get_physics_control": value(lambda actor_id: existing_vehicle(world, actor_id).physics_to_wire()),
        "apply_physics_control": void(lambda actor_id, p: apply_physics_control(world, actor_id, p)),
        "get_wheel_steer_angle": value(wheel_steer_angle),
        "get_vehicle_light_state": value(lambda actor_id: [existing_vehicle(world, actor_id).lights]),
        "set_vehicle_light_state": void(lambda actor_id, state: set_light_state(world, actor_id, state[0])),
        "get_vehicle_light_states": value(light_states),
        "set_actor_autopilot": void(lambda actor_id, enabled: set_autopilot(world, actor_id, enabled)),
    }
