"""From the world of a spec to a loaded simulator: generated road, OpenDRIVE file or one of the simulator's maps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness.campaign.episode_spec import EpisodeSpec, WorldSpec
from harness.simulation.errors import InvalidSimulationError
from harness.simulation.session import CarlaSession
from scenarios.roads.build import build_opendrive, route_length_m

MAX_ROUTE_M = 5_000.0
PREVIEW_BEYOND_GOAL_M = 30.0


@dataclass(frozen=True)
class RouteRequest:
    """Where the route starts on the loaded map, how far it may go, and which part of it is to be driven."""

    road_id: int
    lane_id: int
    s_m: float
    length_m: float
    goal_m: float


def load_world(session: CarlaSession, spec: EpisodeSpec) -> RouteRequest:
    """Load the spec's world into the simulator.

    Raises:
        InfrastructureError: the simulator failed.
        InvalidSimulationError: the OpenDRIVE file is not the one the campaign was planned with.
    """
    world, start = spec.world, spec.world.start
    goal_m = spec.ego.v_max_mps * spec.duration_s
    if world.map_name is not None:
        session.load_map(world.map_name, spec.tick_s)
    elif world.road is not None:
        session.load_opendrive(build_opendrive(world.road, world.scenery_seed), spec.tick_s)
        goal_m = route_length_m(world.road) - start.s_m
    else:
        session.load_opendrive(_file_text(world), spec.tick_s)
    goal_m = min(goal_m, MAX_ROUTE_M)
    return RouteRequest(start.road_id, start.lane_id, start.s_m, goal_m + PREVIEW_BEYOND_GOAL_M, goal_m)


def _file_text(world: WorldSpec) -> str:
    assert world.file is not None
    data = world.file.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if world.file_sha256 is not None and found != world.file_sha256:
        raise InvalidSimulationError(f"{world.file.name} changed since the campaign was planned (hash {found[:12]}…)")
    return data.decode("utf-8")
