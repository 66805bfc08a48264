"""The calls that clients make: one table from method name to function."""

from __future__ import annotations

from embedded_carla.world.calls.actor_calls import actor_calls
from embedded_carla.world.calls.batch import batch_calls
from embedded_carla.world.calls.call import Call
from embedded_carla.world.calls.environment_calls import environment_calls
from embedded_carla.world.calls.vehicle_calls import vehicle_calls
from embedded_carla.world.world import World


def call_table(world: World) -> dict[str, Call]:
    """Every supported method that only concerns the world; ticking, loading and streams belong to the
    server."""
    return {**environment_calls(world), **actor_calls(world), **vehicle_calls(world), **batch_calls(world)}
