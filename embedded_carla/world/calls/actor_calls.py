"""Calls about any actor."""

from __future__ import annotations

from typing import Any

from embedded_carla.world.actors import Actor
from embedded_carla.world.calls.call import Call, existing, value, void
from embedded_carla.world.calls.spawn import spawn
from embedded_carla.world.pose import Pose, pose_from_wire, vector_from_wire
from embedded_carla.world.vehicle import Vehicle
from embedded_carla.world.walker import Walker
from embedded_carla.world.world import World

NO_BOX = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0]
"""Answer for an actor that is gone: an error here would end the client's process."""


def set_transform(world: World, actor_id: int, transform: list[Any]) -> None:
    """Teleport an actor: in the world, or relative to its parent."""
    _place(world, existing(world, actor_id), pose_from_wire(transform))


def set_location(world: World, actor_id: int, location: list[Any]) -> None:
    """Teleport an actor without turning it."""
    actor = existing(world, actor_id)
    x_m, y_m, z_m = vector_from_wire(location)
    _place(world, actor, (actor.relative or actor.pose)._replace(x_m=x_m, y_m=y_m, z_m=z_m))


def _place(world: World, actor: Actor, pose: Pose) -> None:
    actor.place(pose)
    if isinstance(actor, Walker) or (isinstance(actor, Vehicle) and actor.moves):
        actor.put_on(world.map.surface)


def set_simulate_physics(world: World, actor_id: int, enabled: bool) -> None:
    """Let the model move a vehicle, or leave it where it is put; nothing to do for things that never move."""
    actor = existing(world, actor_id)
    if isinstance(actor, Walker):
        actor.simulate_physics = bool(enabled)
    elif isinstance(actor, Vehicle):
        actor.simulate_physics = bool(enabled)
        if not enabled:
            actor.stop()
        actor.refresh_record()


def actor_calls(world: World) -> dict[str, Call]:
    """Spawning, destroying, moving and looking up actors."""

    def set_collisions(actor_id: int, enabled: bool) -> None:
        existing(world, actor_id).collides = bool(enabled)

    def spawn_with_parent(
        description: list[Any], transform: list[Any], parent_id: int, _attachment: int, _socket: str = ""
    ) -> list[object]:
        return spawn(world, description, transform, parent_id).to_wire()

    def bounding_box(actor_id: int) -> list[object]:
        actor = world.actors.get(actor_id)
        return NO_BOX if actor is None else actor.bounding_box_to_wire()

    return {
        "get_spectator": value(lambda: world.spectator.to_wire()),
        "get_actors_by_id": value(lambda ids: [world.actors[i].to_wire() for i in ids if i in world.actors]),
        "spawn_actor": value(lambda description, transform: spawn(world, description, transform).to_wire()),
        "spawn_actor_with_parent": value(spawn_with_parent),
        "destroy_actor": value(lambda actor_id: world.remove(actor_id)),
        "get_actor_bounding_box": value(bounding_box),
        "set_actor_transform": void(lambda actor_id, transform: set_transform(world, actor_id, transform)),
        "set_actor_location": void(lambda actor_id, location: set_location(world, actor_id, location)),
        "set_actor_simulate_physics": void(lambda actor_id, on: set_simulate_physics(world, actor_id, on)),
        "set_actor_collisions": void(set_collisions),
    }
