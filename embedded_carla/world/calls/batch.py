"""Batches of commands: each is done or fails by itself; a batch never fails as a whole."""

from __future__ import annotations

import struct
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.calls import motion_calls as motion
from embedded_carla.world.calls.actor_calls import set_location, set_simulate_physics, set_transform
from embedded_carla.world.calls.call import Call, Returns, existing_vehicle
from embedded_carla.world.calls.spawn import spawn
from embedded_carla.world.calls.traffic_calls import set_traffic_light_state
from embedded_carla.world.calls.vehicle_calls import (
    apply_ackermann_control,
    apply_control,
    apply_physics_control,
    set_autopilot,
    set_light_state,
)
from embedded_carla.world.calls.walker_calls import apply_walker_control, set_walker_state
from embedded_carla.world.world import World

MALFORMED = (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, struct.error)
"""What reading arguments of the wrong shape raises."""


def _show_telemetry(world: World, actor_id: int, _enabled: bool) -> None:
    """There is no window to show it in."""
    existing_vehicle(world, actor_id)


_ON_ACTOR: dict[int, Callable[..., None]] = {
    tables.COMMAND_APPLY_VEHICLE_CONTROL: apply_control,
    tables.COMMAND_APPLY_ACKERMANN_CONTROL: apply_ackermann_control,
    tables.COMMAND_APPLY_WALKER_CONTROL: apply_walker_control,
    tables.COMMAND_APPLY_PHYSICS_CONTROL: apply_physics_control,
    tables.COMMAND_APPLY_TRANSFORM: set_transform,
    tables.COMMAND_APPLY_WALKER_STATE: set_walker_state,
    tables.COMMAND_APPLY_TARGET_VELOCITY: motion.set_target_velocity,
    tables.COMMAND_APPLY_TARGET_ANGULAR_VELOCITY: motion.set_target_angular_velocity,
    tables.COMMAND_APPLY_IMPULSE: motion.add_impulse,
    tables.COMMAND_APPLY_FORCE: motion.add_force,
    tables.COMMAND_APPLY_ANGULAR_IMPULSE: motion.add_angular_impulse,
    tables.COMMAND_APPLY_TORQUE: motion.add_torque,
    tables.COMMAND_SET_SIMULATE_PHYSICS: set_simulate_physics,
    tables.COMMAND_SET_ENABLE_GRAVITY: motion.set_enable_gravity,
    tables.COMMAND_SET_AUTOPILOT: set_autopilot,
    tables.COMMAND_SHOW_DEBUG_TELEMETRY: _show_telemetry,
    tables.COMMAND_SET_VEHICLE_LIGHT_STATE: set_light_state,
    tables.COMMAND_APPLY_LOCATION: set_location,
    tables.COMMAND_SET_TRAFFIC_LIGHT_STATE: set_traffic_light_state,
}
"""Commands ``[actor id, argument ...]``."""


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
        except Exception as error:
            # A client's traffic manager ends its process when a batch fails as a whole.
            traceback.print_exc()
            results.append([[0, [f"internal error of the embedded server: {error!r}"]]])
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
    action(world, actor_id, *fields[1:])
    return actor_id
