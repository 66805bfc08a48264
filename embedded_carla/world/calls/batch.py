"""Batches of commands: each is done or fails by itself; a batch never fails as a whole."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.calls.actor_calls import (
    set_location,
    set_simulate_physics,
    set_target_velocity,
    set_transform,
)
from embedded_carla.world.calls.call import Call, Returns
from embedded_carla.world.calls.spawn import spawn
from embedded_carla.world.calls.vehicle_calls import apply_control, apply_physics_control
from embedded_carla.world.world import World

MALFORMED = (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, struct.error)
"""What reading arguments of the wrong shape raises."""

_ON_ACTOR: dict[int, Callable[[World, int, Any], None]] = {
    tables.COMMAND_APPLY_VEHICLE_CONTROL: apply_control,
    tables.COMMAND_APPLY_PHYSICS_CONTROL: apply_physics_control,
    tables.COMMAND_APPLY_TRANSFORM: set_transform,
    tables.COMMAND_APPLY_LOCATION: set_location,
    tables.COMMAND_APPLY_TARGET_VELOCITY: set_target_velocity,
    tables.COMMAND_SET_SIMULATE_PHYSICS: set_simulate_physics,
}


def batch_calls(world: World) -> dict[str, Call]:
    """``apply_batch``; whether it ends with a tick is the server's business."""
    return {"apply_batch": Call(lambda commands, _do_tick=False: _apply_all(world, commands), Returns.BARE)}


def _apply_all(world: World, commands: object) -> list[object]:
    results: list[object] = []
    for command in commands if isinstance(commands, list) else []:
        try:
            results.append([[1, _apply(world, command, 0)]])
        except CallFailedError as error:
            results.append([[0, [str(error)]]])
        except MALFORMED as error:
            results.append([[0, [f"malformed command: {error}"]]])
    return results


def _apply(world: World, command: Sequence[Any], new_actor_id: int) -> int:
    """Do one command ``[[index, fields]]``; returns the id of the actor it was about.

    Args:
        new_actor_id: stands in for the id of a command that follows a spawn, 0 for any other.
    """
    index, fields = command[0]
    if index == tables.COMMAND_SPAWN_ACTOR:
        description, transform, parent = fields[:3]
        parent_id = parent[1] if parent[0] else 0
        actor = spawn(world, description, transform, parent_id)
        for follow_up in fields[5] if len(fields) > 5 else []:
            _apply(world, follow_up, actor.actor_id)
        return actor.actor_id
    actor_id = new_actor_id or int(fields[0])
    if index == tables.COMMAND_DESTROY_ACTOR:
        if not world.remove(actor_id):
            raise CallFailedError(f"actor {actor_id} does not exist")
        return actor_id
    action = _ON_ACTOR.get(index)
    if action is None:
        raise CallFailedError(f"command {index} is not supported by the embedded server")
    action(world, actor_id, fields[1])
    return actor_id
