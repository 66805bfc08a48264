"""Poses, boxes and friction against independent oracles."""

from __future__ import annotations

import math

import carla
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_carla.world.boxes import Box, overlap
from embedded_carla.world.pose import Pose, composed, rotation_matrix, wrapped_deg
from embedded_carla.world.weather import CLEAR_NOON, road_friction

angles = st.floats(-80.0, 80.0)
lengths = st.floats(-20.0, 20.0)
poses = st.builds(Pose, lengths, lengths, lengths, angles, st.floats(-179.0, 179.0), angles)


def _carla_matrix(pose: Pose) -> np.ndarray:
    location, rotation = carla.Location(*pose[:3]), carla.Rotation(*pose[3:])
    return np.array(carla.Transform(location, rotation).get_matrix())


@settings(max_examples=60, deadline=None)
@given(poses, poses)
def test_composition_is_the_product_of_carlas_matrices(parent: Pose, relative: Pose) -> None:
    expected = _carla_matrix(parent) @ _carla_matrix(relative)
    result = composed(parent, relative)
    assert np.allclose(result[:3], expected[:3, 3], atol=1e-3)
    assert np.allclose(rotation_matrix(result), expected[:3, :3], atol=1e-4)


def test_level_parent_takes_the_short_way_to_the_same_pose() -> None:
    parent, relative = Pose(3.0, -2.0, 0.5, 0.0, 135.0, 0.0), Pose(1.5, 0.2, 1.4, -8.0, 100.0, 3.0)
    expected = _carla_matrix(parent) @ _carla_matrix(relative)
    result = composed(parent, relative)
    assert np.allclose(result[:3], expected[:3, 3], atol=1e-4)
    assert np.allclose(rotation_matrix(result), expected[:3, :3], atol=1e-5)
    assert result.yaw_deg == pytest.approx(-125.0)


@given(st.floats(-1e5, 1e5))
def test_wrapped_angle_is_the_same_direction_in_range(angle_deg: float) -> None:
    wrapped = wrapped_deg(angle_deg)
    assert -180.0 < wrapped <= 180.0
    assert math.cos(math.radians(wrapped - angle_deg)) == pytest.approx(1.0, abs=1e-9)


boxes = st.builds(
    Box,
    st.floats(-4, 4),
    st.floats(-4, 4),
    st.just(0.0),
    st.floats(-180, 180),
    st.floats(0.5, 3),
    st.floats(0.5, 3),
    st.just(1.0),
)


def _common_area_m2(a: Box, b: Box) -> float:
    polygons = [np.array(box.corners(), dtype=np.float32) for box in (a, b)]
    return float(cv2.intersectConvexConvex(polygons[0], polygons[1])[0])


@settings(max_examples=200, deadline=None)
@given(boxes, boxes)
def test_boxes_overlap_where_their_polygons_do(a: Box, b: Box) -> None:
    area_m2, found = _common_area_m2(a, b), overlap(a, b)
    if area_m2 > 1e-3:
        assert found is not None
    if found is None or found.depth_m < 1e-3:
        return
    # Moving the second box by the depth along the normal parts them, by half of it does not.
    for share, parted in ((1.001, True), (0.5, False)):
        dx, dy = (share * found.depth_m * n for n in found.normal)
        moved = Box(b.x_m + dx, b.y_m + dy, *[getattr(b, name) for name in Box.__slots__[2:]])
        assert (overlap(a, moved) is None) is parted


def test_boxes_on_different_levels_do_not_touch() -> None:
    ground = Box(0.0, 0.0, 0.0, 0.0, 2.0, 1.0, 0.7)
    bridge = Box(0.0, 0.0, 5.0, 0.0, 2.0, 1.0, 0.7)
    assert overlap(ground, bridge) is None


def test_friction_falls_with_water_and_never_below_its_floor() -> None:
    def friction(**changes: float) -> float:
        values = list(CLEAR_NOON)
        for name, value in changes.items():
            values[{"deposits": 2, "wetness": 9}[name]] = value
        return road_friction(tuple(values))

    assert friction() == 1.0
    assert friction(wetness=50.0) == pytest.approx(0.85)
    assert friction(deposits=100.0, wetness=20.0) == pytest.approx(0.7)
    assert friction(wetness=1000.0) == pytest.approx(0.7)
