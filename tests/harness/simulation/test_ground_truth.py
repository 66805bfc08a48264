"""Geometric truth against the formulas of the protocol."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agents.geometry import Route
from harness.simulation.ground_truth import Footprint, GroundTruth, LanePose
from harness.simulation.session import VehicleSnapshot

FOOTPRINT = Footprint(half_width_m=0.9, half_length_m=2.4)
SPACING_M = 0.25


def arc_route(radius_m: float, length_m: float = 60.0) -> Route:
    """A left bend that starts at the origin along +x."""
    s = np.arange(0.0, length_m, SPACING_M)
    heading = s / radius_m
    ones = np.ones_like(s)
    return Route(
        s_m=s,
        x_m=radius_m * np.sin(heading),
        y_m=radius_m * (1.0 - np.cos(heading)),
        z_m=0.0 * s,
        heading_rad=heading,
        curvature_1pm=ones / radius_m,
        lane_width_m=3.5 * ones,
        road_half_width_left_m=5.75 * ones,
        road_half_width_right_m=2.25 * ones,
        odd_mask=np.zeros(len(s), dtype=bool),
    )


def located(route: Route, s_m: float, offset_m: float, heading_error_deg: float, speed_mps: float = 10.0) -> LanePose:
    """The pose of a car at (s, d, ψ) of an arc, found again by the ground truth."""
    radius_m = 1.0 / route.curvature_1pm[0]
    angle = s_m / radius_m
    snapshot = VehicleSnapshot(
        frame=1,
        elapsed_s=0.05,
        x_m=(radius_m - offset_m) * math.sin(angle),
        y_m=radius_m - (radius_m - offset_m) * math.cos(angle),
        z_m=0.0,
        heading_rad=angle + math.radians(heading_error_deg),
        speed_mps=speed_mps,
        yaw_rate_dps=0.0,
        lateral_acceleration_mps2=0.0,
    )
    return GroundTruth(route, FOOTPRINT, s_m + 1.0, 0.05).locate(3, snapshot, 12.0, {"blur": 0.5})


@pytest.mark.parametrize("offset_m", [0.0, 0.6, -1.2, 3.5])
@pytest.mark.parametrize("heading_error_deg", [0.0, 5.0, -8.0])
def test_place_in_the_lane_is_found_again(offset_m: float, heading_error_deg: float) -> None:
    state = located(arc_route(50.0), 20.1, offset_m, heading_error_deg).state
    assert state.lateral_offset_m == pytest.approx(offset_m, abs=2e-3)
    assert state.heading_error_deg == pytest.approx(heading_error_deg, abs=0.05)
    assert state.tick == 3 and state.time_s == pytest.approx(0.15)
    assert state.swa_actual_deg == 12.0 and state.artifact_levels == {"blur": 0.5}
    across = 0.9 * math.cos(math.radians(heading_error_deg)) + 2.4 * abs(math.sin(math.radians(heading_error_deg)))
    assert state.lane_margin_m == pytest.approx(1.75 - abs(offset_m) - across, abs=5e-3)


def test_a_nose_turned_left_is_a_positive_heading_error_across_the_half_turn() -> None:
    """Headings are compared as directions: 179° and −179° are 2° apart."""
    route = arc_route(10.0, length_m=40.0)
    state = located(route, 10.0 * math.pi - 0.1, 0.0, 2.0).state
    assert state.heading_error_deg == pytest.approx(2.0, abs=0.1)


def test_the_margin_is_the_distance_of_the_nearest_corner_to_its_line() -> None:
    """Oracle: the four corners of the footprint, turned and shifted."""
    for offset_m in (-0.8, 0.0, 0.4):
        for heading_error_rad in (-2.5, -0.4, 0.0, 0.1, 1.2, math.pi):
            corners = np.array([[x, y] for x in (-2.4, 2.4) for y in (-0.9, 0.9)])
            across = corners[:, 0] * math.sin(heading_error_rad) + corners[:, 1] * math.cos(heading_error_rad)
            expected = 1.75 - float(np.abs(across + offset_m).max())
            assert FOOTPRINT.lane_margin_m(3.5, offset_m, heading_error_rad) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("offset_m", "off_road"), [(0.0, False), (5.7, False), (5.8, True), (-2.2, False), (-2.3, True)]
)
def test_off_road_is_beyond_the_paved_edge_of_its_side(offset_m: float, off_road: bool) -> None:
    assert located(arc_route(80.0), 20.0, offset_m, 0.0).off_road is off_road


def test_curvature_ahead_looks_two_seconds_of_travel() -> None:
    route = arc_route(50.0)
    route.curvature_1pm[:] = 0.0
    route.curvature_1pm[160:] = -0.02  # from 40 m on
    truth = GroundTruth(route, FOOTPRINT, 0.0, 0.05)
    for speed_mps, expected in ((8.0, 0.0), (20.5, -0.02)):
        snapshot = VehicleSnapshot(1, 0.05, 0.0, 0.0, 0.0, 0.0, speed_mps, 0.0, 0.0)
        assert truth.locate(0, snapshot, 0.0, {}).state.curvature_ahead_1pm == expected
