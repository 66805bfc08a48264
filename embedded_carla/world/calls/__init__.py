"""The calls that clients make: one table from method name to function."""

from __future__ import annotations

from pathlib import Path

from embedded_carla.world.calls.actor_calls import actor_calls
from embedded_carla.world.calls.batch import batch_calls
from embedded_carla.world.calls.call import Call
from embedded_carla.world.calls.environment_calls import environment_calls
from embedded_carla.world.calls.geometry_calls import geometry_calls
from embedded_carla.world.calls.motion_calls import motion_calls
from embedded_carla.world.calls.recorder_calls import recorder_calls
from embedded_carla.world.calls.traffic_calls import traffic_calls
from embedded_carla.world.calls.vehicle_calls import vehicle_calls
from embedded_carla.world.calls.walker_calls import walker_calls
from embedded_carla.world.calls.without_effect import calls_without_effect
from embedded_carla.world.world import World

_TABLES = (
    environment_calls,
    actor_calls,
    motion_calls,
    vehicle_calls,
    walker_calls,
    traffic_calls,
    geometry_calls,
    batch_calls,
    calls_without_effect,
)


def call_table(world: World, recorder_folder: Path | None = None) -> dict[str, Call]:
    """Every known method that only concerns the world; ticking, loading and streams belong to the server.

    Args:
        recorder_folder: where recordings lie; None: there are none.
    """
    calls = {name: call for table in _TABLES for name, call in table(world).items()}
    return {**calls, **recorder_calls(world, recorder_folder)}
