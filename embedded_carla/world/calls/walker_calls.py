"""Calls about pedestrians."""

from __future__ import annotations

from typing import Any

from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.calls.actor_calls import set_transform
from embedded_carla.world.calls.call import Call, existing, void
from embedded_carla.world.pose import finite
from embedded_carla.world.walker import Walker, WalkerControl
from embedded_carla.world.world import World


def existing_walker(world: World, actor_id: int) -> Walker:
    """The walker with an id.

    Raises:
        CallFailedError: there is none, or it is no walker.
    """
    actor = existing(world, actor_id)
    if not isinstance(actor, Walker):
        raise CallFailedError(f"actor {actor_id} is a {actor.blueprint.blueprint_id}, not a walker")
    return actor


def apply_walker_control(world: World, actor_id: int, control: list[Any]) -> None:
    """Direction and speed, effective from the next tick on."""
    walker = existing_walker(world, actor_id)
    walker.control = WalkerControl.from_wire(control)
    walker.refresh_record()


def set_walker_state(world: World, actor_id: int, transform: list[Any], speed: float) -> None:
    """Place a walker that a client moves by itself; the speed is what its state then tells."""
    walker = existing_walker(world, actor_id)
    control = WalkerControl.from_wire([list(walker.control.direction), finite(speed), False])
    set_transform(world, actor_id, transform)
    if not walker.simulate_physics:  # the client tells where its feet are
        walker.pose = walker.pose._replace(z_m=walker.pose.z_m + walker.blueprint.half_size_m[2])
    walker.control = control
    walker.refresh_record()


def walker_calls(world: World) -> dict[str, Call]:
    """Walking."""
    return {"apply_control_to_walker": void(lambda actor_id, control: apply_walker_control(world, actor_id, control))}
