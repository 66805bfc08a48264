"""From the world of a spec to a loaded simulator: generated road, OpenDRIVE file or one of the simulator's maps."""

from __future__ import annotations

from dataclasses import dataclass

from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.errors import ScenarioError
from harness.campaign.world_source import opendrive_text
from harness.simulation.errors import InfrastructureError, InvalidSimulationError
from harness.simulation.session import CarlaSession
from scenarios.roads.course import route_length_m

MAX_ROUTE_M = 5_000.0
PREVIEW_BEYOND_GOAL_M = 30.0


class NoMarkingsError(InfrastructureError):
    """A generated road on a simulator that draws none of its markings."""


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
        NoMarkingsError: a generated road on CARLA.
        InvalidSimulationError: the OpenDRIVE file is not the one the campaign was planned with.
    """
    world, start = spec.world, spec.world.start
    goal_m = spec.ego.v_max_mps * spec.duration_s
    try:
        text = opendrive_text(world)
    except ScenarioError as error:
        raise InvalidSimulationError(str(error)) from error
    if text is None:
        session.load_map(str(world.map_name), spec.tick_s)
    else:
        session.load_opendrive(text, spec.tick_s)
        if session.scene_version is None:
            raise NoMarkingsError(
                "this simulator is CARLA itself, which draws no lane markings on a generated road, so that there is "
                "nothing to keep to: use one of its towns (kind: map, map: Town04) or the embedded simulator"
            )
    if world.road is not None:
        goal_m = route_length_m(world.road) - start.s_m
    goal_m = min(goal_m, MAX_ROUTE_M)
    return RouteRequest(start.road_id, start.lane_id, start.s_m, goal_m + PREVIEW_BEYOND_GOAL_M, goal_m)
