"""CARLA's own map reader is the oracle of every built road."""

from __future__ import annotations

import itertools
import math

import carla
import numpy as np
import pytest

from scenarios.roads.build import build_opendrive
from scenarios.roads.centre_line import CLEARANCE_M, RUN_OUT_M, clothoid_length_m, length_m
from scenarios.roads.course import pieces, route_length_m
from scenarios.roads.description import CurveRoad, Markings, WindingRoad


def curve_road(**changes: object) -> CurveRoad:
    fields: dict[str, object] = {
        "kind": "curves",
        "name": "road",
        "segments": [{"straight_m": 40}, {"radius_m": 50, "angle_deg": 90}],
    }
    return CurveRoad.model_validate(fields | changes)


def centre_points(world: carla.Map, s_m: np.ndarray, lane: int = -1) -> np.ndarray:
    """Lane centre points, right-handed: (N, 2)."""
    waypoints = [world.get_waypoint_xodr(1, lane, float(s)) for s in s_m]
    return np.array([(w.transform.location.x, -w.transform.location.y) for w in waypoints])


def fitted_radius_m(points: np.ndarray) -> float:
    """Algebraic circle fit (Kasa)."""
    a = np.column_stack([points, np.ones(len(points))])
    solution, *_ = np.linalg.lstsq(a, -(points**2).sum(axis=1), rcond=None)
    return float(math.sqrt((solution[0] ** 2 + solution[1] ** 2) / 4 - solution[2]))


@pytest.mark.parametrize("radius_m", [20.0, 30.0, 50.0, 120.0, 300.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_arc_radius_within_two_centimetres(radius_m: float, sign: int) -> None:
    angle_deg = sign * 60.0
    road = curve_road(segments=[{"straight_m": 30}, {"radius_m": radius_m, "angle_deg": angle_deg}])
    world = carla.Map("road", build_opendrive(road, 0))
    clothoid_m = clothoid_length_m(radius_m, math.radians(60))
    arc_m = math.radians(60) * radius_m - clothoid_m
    s_m = np.linspace(30 + clothoid_m + 0.1, 30 + clothoid_m + arc_m - 0.1, 40)
    # Lane -1 lies right of the reference line: outside of a left bend.
    assert fitted_radius_m(centre_points(world, s_m)) == pytest.approx(radius_m + sign * 1.75, abs=0.02)


def test_length_turn_and_run_out() -> None:
    road = curve_road()
    world = carla.Map("road", build_opendrive(road, 0))
    expected_m = 40 + math.radians(90) * 50 + 17.5 + RUN_OUT_M  # clothoids turn half as fast
    assert length_m(pieces(road)) == pytest.approx(expected_m, abs=1e-9)
    assert route_length_m(road) == pytest.approx(expected_m - RUN_OUT_M)
    assert world.get_waypoint_xodr(1, -1, expected_m - 0.01) is not None
    assert world.get_waypoint_xodr(1, -1, expected_m + 0.01) is None
    end = world.get_waypoint_xodr(1, -1, expected_m - 1.0).transform
    assert end.rotation.yaw % 360 == pytest.approx(270, abs=0.01)
    step_m = 0.05
    points = centre_points(world, np.arange(0, expected_m, step_m), lane=1)
    # Lane 1 is inside the left bend: shorter than the reference line by offset × turn.
    travelled_m = np.hypot(*np.diff(points, axis=0).T).sum()
    assert travelled_m == pytest.approx(expected_m - 1.75 * math.radians(90), abs=0.1)


def test_position_after_a_bend_matches_fresnel_integration() -> None:
    road = curve_road()
    world = carla.Map("road", build_opendrive(road, 0))
    s_m, step_m = 0.0, 0.001
    x_m = y_m = heading = 0.0
    chain = pieces(road)
    for piece in chain[:-1]:
        count = round(piece.length_m / step_m)
        h = piece.length_m / count
        middle = (np.arange(count) + 0.5) * h
        rate = (piece.curvature_end_1pm - piece.curvature_start_1pm) / piece.length_m
        headings = heading + piece.curvature_start_1pm * middle + rate * middle**2 / 2
        x_m += float(np.cos(headings).sum() * h)
        y_m += float(np.sin(headings).sum() * h)
        heading += piece.length_m * (piece.curvature_start_1pm + piece.curvature_end_1pm) / 2
        s_m += piece.length_m
    expected = (x_m + 1.75 * math.sin(heading), y_m - 1.75 * math.cos(heading))
    assert centre_points(world, np.array([s_m]))[0] == pytest.approx(expected, abs=0.02)


def test_lanes_widths_types_and_markings() -> None:
    road = curve_road(
        lane_width_m=3.2,
        shoulder_m=0.75,
        markings=Markings(centre="solid broken", edge="broken", centre_color="yellow"),
    )
    world = carla.Map("road", build_opendrive(road, 0))
    for s_m in (1.0, 50.0, 110.0):
        ego = world.get_waypoint_xodr(1, -1, s_m)
        assert ego.lane_width == pytest.approx(3.2, abs=0.02)
        assert ego.lane_type == carla.LaneType.Driving
        assert ego.left_lane_marking.type == carla.LaneMarkingType.SolidBroken
        assert ego.left_lane_marking.color == carla.LaneMarkingColor.Yellow
        assert ego.right_lane_marking.type == carla.LaneMarkingType.Broken
        shoulder = world.get_waypoint_xodr(1, -2, s_m)
        assert (shoulder.lane_type, shoulder.lane_width) == (
            carla.LaneType.Shoulder,
            pytest.approx(0.75, abs=0.02),
        )
        oncoming = world.get_waypoint_xodr(1, 1, s_m)
        turned = abs(oncoming.transform.rotation.yaw - ego.transform.rotation.yaw) % 360
        assert turned == pytest.approx(180, abs=0.1)


def test_curvature_is_continuous() -> None:
    road = curve_road(segments=[{"radius_m": 30, "angle_deg": 80}, {"radius_m": 40, "angle_deg": -5}])
    chain = pieces(road)
    assert chain[0].length_m == 25.0
    for before, after in itertools.pairwise(chain):
        assert before.curvature_end_1pm == after.curvature_start_1pm


def test_two_lanes_per_direction() -> None:
    world = carla.Map("road", build_opendrive(curve_road(lanes_per_direction=2), 0))
    ego = world.get_waypoint_xodr(1, -1, 5.0)
    assert ego.right_lane_marking.type == carla.LaneMarkingType.Broken
    outer = ego.get_right_lane()
    assert (outer.lane_id, outer.right_lane_marking.type) == (-2, carla.LaneMarkingType.Solid)


@pytest.mark.parametrize("seed", range(12))
def test_winding_roads_are_clear_of_themselves_as_carla_sees_them(seed: int) -> None:
    road = WindingRoad(kind="winding", name="w", seed=seed, length_m=600, radius_m=(30, 150))
    world = carla.Map("w", build_opendrive(road, 0))
    assert route_length_m(road) == pytest.approx(600, abs=1.0)
    points = centre_points(world, np.arange(0.0, 640.0, 2.0))
    apart = round(math.pi / 2 * (road.width_m + CLEARANCE_M) * 1.1 / 2.0)
    distances = np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1))
    upper = distances[np.triu_indices(len(points), k=apart)]
    # Both points are in the same lane, up to a lane's offset nearer than their centre lines.
    assert upper.min() > road.width_m + CLEARANCE_M - 2 * 1.75 - 0.1
    for piece in pieces(road):
        curvature = max(abs(piece.curvature_start_1pm), abs(piece.curvature_end_1pm))
        assert curvature == 0 or 1 / 150 - 1e-9 <= curvature <= 1 / 30 + 1e-9
