"""Calls about vehicles."""

from __future__ import annotations

import math
from typing import Any

from embedded_carla.world.calls.call import Call, existing_vehicle, value, void
from embedded_carla.world.vehicle import Control
from embedded_carla.world.world import World


def apply_control(world: World, actor_id: int, control: list[Any]) -> None:
    """Pedals and wheel, effective from the next tick on."""
    vehicle = existing_vehicle(world, actor_id)
    vehicle.control = Control.from_wire(control)
    if not vehicle.moves:  # no tick will do it
        vehicle.refresh_record()


def apply_physics_control(world: World, actor_id: int, physics: list[Any]) -> None:
    """New parameters of a vehicle."""
    vehicle = existing_vehicle(world, actor_id)
    _check_numbers(physics)
    vehicle.apply_physics(physics)


def _check_numbers(values: list[Any]) -> None:
    """Nothing but finite numbers, however deep: what is kept here is read back by other clients."""
    for item in values:
        if isinstance(item, list):
            _check_numbers(item)
        elif not math.isfinite(item):
            raise ValueError("physics values must be finite numbers")


def vehicle_calls(world: World) -> dict[str, Call]:
    """Control and physics of vehicles."""

    def wheel_steer_angle(actor_id: int, wheel: int) -> float:
        return existing_vehicle(world, actor_id).wheel_steer_angle_deg(int(wheel))

    return {
        "apply_control_to_vehicle": void(lambda actor_id, control: apply_control(world, actor_id, control)),
        "get_physics_control": value(lambda actor_id: existing_vehicle(world, actor_id).physics_to_wire()),
        "apply_physics_control": void(lambda actor_id, p: apply_physics_control(world, actor_id, p)),
        "get_wheel_steer_angle": value(wheel_steer_angle),
    }
