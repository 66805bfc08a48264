"""The route against `carla.Map` itself, on roads whose geometry is known in closed form."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from harness.simulation.route import RouteError, build_route
from harness.simulation.session import CarlaSession
from scenarios.roads.build import build_opendrive
from scenarios.roads.course import EGO_LANE_ID, ROAD_ID
from scenarios.roads.description import CurveRoad
from tests.harness.simulation.episodes import drive, episode

START_S_M = 4.0
LENGTH_M = 150.0
LANE_OFFSET_M = 1.75
"""The ego's lane runs half a lane to the right of the road's reference line."""


def road_map(radius_m: float, angle_deg: float, **changes: object) -> carla.Map:
    bend = {"radius_m": radius_m, "angle_deg": angle_deg}
    road = CurveRoad.model_validate(
        {"kind": "curves", "name": "road", "segments": [{"straight_m": 40}, bend, {"straight_m": 30}], **changes}
    )
    return carla.Map("road", build_opendrive(road, 0))


@pytest.mark.parametrize(("radius_m", "angle_deg"), [(50.0, 90.0), (30.0, -120.0), (300.0, 20.0)])
def test_waypoints_of_the_lane_lie_on_the_route(radius_m: float, angle_deg: float) -> None:
    carla_map = road_map(radius_m, angle_deg)
    route = build_route(carla_map, ROAD_ID, EGO_LANE_ID, START_S_M, LENGTH_M)
    s_m = 0.0
    for road_s_m in np.arange(START_S_M, 130.0, 0.7):
        transform = carla_map.get_waypoint_xodr(ROAD_ID, EGO_LANE_ID, float(road_s_m)).transform
        s_m, offset_m = route.project(transform.location.x, -transform.location.y, s_m)
        assert abs(offset_m) < 0.01
        heading_rad = route.heading_rad[route.index(s_m)]
        turn = math.remainder(heading_rad + math.radians(transform.rotation.yaw), math.tau)
        assert abs(turn) <= 0.5 * route.spacing_m / (radius_m - LANE_OFFSET_M) + 1e-4


@pytest.mark.parametrize("offset_m", [0.5, -0.5, 3.5, -1.7])
def test_a_point_left_of_the_lane_reads_positive_however_far_off(offset_m: float) -> None:
    """3.5 m off is the centre of the next lane, where a nearest-lane query reads 0."""
    carla_map = road_map(50.0, 90.0)
    route = build_route(carla_map, ROAD_ID, EGO_LANE_ID, START_S_M, LENGTH_M)
    for road_s_m in (10.0, 60.0, 90.0):
        transform = carla_map.get_waypoint_xodr(ROAD_ID, EGO_LANE_ID, road_s_m).transform
        right = transform.get_right_vector()
        x_m = transform.location.x - offset_m * right.x
        y_m = -(transform.location.y - offset_m * right.y)
        _, read_m = route.project(x_m, y_m, road_s_m - START_S_M)
        assert read_m == pytest.approx(offset_m, abs=0.01)


@pytest.mark.parametrize("angle_deg", [90.0, -90.0])
def test_the_curvature_of_an_arc_is_that_of_its_radius(angle_deg: float) -> None:
    route = build_route(road_map(50.0, angle_deg), ROAD_ID, EGO_LANE_ID, START_S_M, LENGTH_M)
    lane_radius_m = 50.0 + math.copysign(LANE_OFFSET_M, angle_deg)
    sharpest = route.curvature_1pm[np.argmax(np.abs(route.curvature_1pm))]
    arc = np.abs(route.curvature_1pm) > 0.98 / lane_radius_m
    assert np.count_nonzero(arc) * route.spacing_m > 40.0
    assert np.median(route.curvature_1pm[arc]) == pytest.approx(math.copysign(1.0 / lane_radius_m, angle_deg), rel=0.01)
    assert sharpest == pytest.approx(math.copysign(1.0 / lane_radius_m, angle_deg), rel=0.01)


def test_arc_length_is_that_of_the_lane() -> None:
    """A lane at distance c to the right of its road is c·Δθ longer in a left bend, shorter in a right one."""
    for angle_deg in (90.0, -90.0):
        straight = build_route(road_map(50.0, angle_deg), ROAD_ID, EGO_LANE_ID, START_S_M, 30.0)
        whole = build_route(road_map(50.0, angle_deg), ROAD_ID, EGO_LANE_ID, START_S_M, LENGTH_M)
        beyond = road_map(50.0, angle_deg).get_waypoint_xodr(ROAD_ID, EGO_LANE_ID, 150.0).transform.location
        s_m, _ = whole.project(beyond.x, -beyond.y, whole.length_m - 5.0)
        assert straight.length_m == pytest.approx(30.0, abs=0.3)
        assert s_m == pytest.approx(150.0 - START_S_M + LANE_OFFSET_M * math.radians(angle_deg), abs=0.05)


@pytest.mark.parametrize(("lanes", "shoulder_m"), [(1, 0.5), (2, 0.0), (3, 1.5)])
def test_paved_half_widths_reach_across_both_directions_and_the_shoulders(lanes: int, shoulder_m: float) -> None:
    carla_map = road_map(100.0, 45.0, lanes_per_direction=lanes, shoulder_m=shoulder_m)
    route = build_route(carla_map, ROAD_ID, EGO_LANE_ID, START_S_M, LENGTH_M)
    assert route.lane_width_m == pytest.approx(3.5)
    assert route.road_half_width_left_m == pytest.approx(1.75 + lanes * 3.5 + shoulder_m)
    assert route.road_half_width_right_m == pytest.approx(1.75 + (lanes - 1) * 3.5 + shoulder_m)


def test_missing_markings_are_outside_the_domain() -> None:
    marked = build_route(road_map(100.0, 45.0), ROAD_ID, EGO_LANE_ID, START_S_M, LENGTH_M)
    bare = build_route(road_map(100.0, 45.0, markings={"edge": "none"}), ROAD_ID, EGO_LANE_ID, START_S_M, LENGTH_M)
    assert not marked.odd_mask.any()
    assert bare.odd_mask.all()


def test_a_lane_that_is_not_there_is_refused() -> None:
    with pytest.raises(RouteError, match="road 1, lane -9"):
        build_route(road_map(100.0, 45.0), ROAD_ID, -9, START_S_M, LENGTH_M)
    with pytest.raises(RouteError, match="20 m needed"):
        build_route(road_map(100.0, 45.0), ROAD_ID, EGO_LANE_ID, START_S_M, 10.0)


def test_an_episode_on_a_lane_that_is_not_there_is_invalid(session: CarlaSession) -> None:
    spec = episode()
    start = spec.world.start.model_copy(update={"lane_id": -9})
    record = drive(session, spec.model_copy(update={"world": spec.world.model_copy(update={"start": start})}))
    assert record.outcome == "invalid"
    assert record.events["end_reason"] == "invalid"
    assert "lane -9" in record.events["message"]
    assert record.ticks.num_rows == 0
