"""Encodings, labels, movable bodies and refused settings."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_carla.render.camera import CameraError, camera_axes
from embedded_carla.render.pictures import encode_depth
from embedded_carla.render.types import BoxActor, CameraPose, Weather
from embedded_carla.scene.types import (
    MATERIAL_TAGS,
    TAG_POLE,
    TAG_ROAD_LINE,
    TAG_SKY,
    TAG_TERRAIN,
    TAG_VEGETATION,
    Material,
)
from tests.embedded_carla.drawn_roads import DrawnRoad, drawn, metres, road_xodr

WIDTH, HEIGHT, FOV_DEG = 320, 180, 90.0
LABELS = carla.CityObjectLabel


@pytest.fixture(scope="module")
def road() -> DrawnRoad:
    return drawn(road_xodr())


def _car(x_m: float = 40.0, actor_id: int = 1234, tag: int = 14) -> BoxActor:
    return BoxActor(actor_id, x_m, 1.75, 0.75, 0.0, 0.0, 2.0, 0.9, 0.75, (200, 20, 20), tag)


def test_labels_are_those_of_the_clients_enumeration() -> None:
    names = {Material.ASPHALT: LABELS.Roads, Material.SIDEWALK: LABELS.Sidewalks, Material.GRASS: LABELS.Terrain}
    names |= {Material.RAIL: LABELS.GuardRail, Material.FACADE: LABELS.Buildings, Material.BODY: LABELS.Car}
    assert all(MATERIAL_TAGS[material] == int(label) for material, label in names.items())
    drawn_tags = (TAG_POLE, TAG_VEGETATION, TAG_TERRAIN, TAG_SKY, TAG_ROAD_LINE)
    expected = (LABELS.Poles, LABELS.Vegetation, LABELS.Terrain, LABELS.Sky, LABELS.RoadLines)
    assert drawn_tags == tuple(int(label) for label in expected)


@given(st.floats(-80, 80), st.floats(-180, 180), st.floats(-180, 180))
def test_axes_are_those_of_the_clients_rotation_matrix(pitch_deg: float, yaw_deg: float, roll_deg: float) -> None:
    matrix = np.array(carla.Transform(carla.Location(), carla.Rotation(pitch_deg, yaw_deg, roll_deg)).get_matrix())
    assert np.allclose(camera_axes(CameraPose(0, 0, 0, pitch_deg, yaw_deg, roll_deg)), matrix[:3, :3].T, atol=1e-5)


@given(st.floats(0.1, 999.0))
def test_depth_survives_its_encoding(depth_m: float) -> None:
    out = np.empty((1, 2), np.uint32)
    encode_depth(out, np.array([[1.0 / depth_m, 0.0]], np.float32))
    decoded = metres(out.view(np.uint8).reshape(1, 2, 4))
    assert decoded[0, 0] == pytest.approx(depth_m, rel=2e-6, abs=1e-4)
    assert decoded[0, 1] == 1000.0


def test_pictures_are_opaque_bytes_of_the_asked_size(road: DrawnRoad) -> None:
    camera, renderer = road.camera(20.0), road.renderer
    gbuffer = renderer.view(camera, 333, 111, 70.0)
    pictures = [renderer.rgb_bgra(gbuffer, Weather(), camera), renderer.depth_bgra(gbuffer)]
    for picture in [*pictures, renderer.semantic_bgra(gbuffer), renderer.instance_bgra(gbuffer)]:
        assert picture.shape == (111, 333, 4)
        assert picture.dtype == np.uint8
    assert (pictures[1][..., 3] == 255).all()


def test_a_typical_view_holds_road_paint_plants_ground_and_sky(road: DrawnRoad) -> None:
    tags = road.renderer.semantic_bgra(road.renderer.view(road.camera(20.0), 640, 360, FOV_DEG))[..., 2]
    assert {1, TAG_ROAD_LINE, TAG_TERRAIN, TAG_SKY, TAG_VEGETATION, TAG_POLE} <= set(np.unique(tags).tolist())


def test_a_car_appears_where_the_pinhole_says_with_its_label_and_id(road: DrawnRoad) -> None:
    camera = CameraPose(20.0, 1.75, 1.4, 0.0, 0.0, 0.0)
    gbuffer = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG, [_car()])
    instance = road.renderer.instance_bgra(gbuffer)
    ids = instance[..., 1].astype(int) + 256 * instance[..., 0].astype(int)
    seen = (instance[..., 2] == 14) & (ids == 1234)
    rows, columns = np.nonzero(seen)
    focal = WIDTH / 2.0
    half_width_px = 0.9 / 18.0 * focal
    assert columns.min() == pytest.approx(WIDTH / 2 - half_width_px, abs=1.5)
    assert columns.max() == pytest.approx(WIDTH / 2 + half_width_px - 1, abs=1.5)
    assert rows.min() == pytest.approx(HEIGHT / 2 - (1.5 - 1.4) / 18.0 * focal, abs=1.5)
    depth = metres(road.renderer.depth_bgra(gbuffer))
    assert depth[seen].min() == pytest.approx(18.0, abs=0.1)
    assert (road.renderer.semantic_bgra(gbuffer)[..., 2][seen] == 14).all()


def test_the_nearer_car_hides_the_farther_one(road: DrawnRoad) -> None:
    camera = CameraPose(20.0, 1.75, 1.0, 0.0, 0.0, 0.0)
    for cars in ([_car(30.0, 1), _car(40.0, 2)], [_car(40.0, 2), _car(30.0, 1)]):
        instance = road.renderer.instance_bgra(road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG, cars))
        assert instance[HEIGHT // 2 + 3, WIDTH // 2, 1] == 1


def test_other_bodies_keep_their_label(road: DrawnRoad) -> None:
    camera = CameraPose(20.0, 1.75, 1.0, 0.0, 0.0, 0.0)
    gbuffer = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG, [_car(30.0, 7, tag=12)])
    assert 12 in road.renderer.semantic_bgra(gbuffer)[..., 2]


def test_the_body_that_holds_the_camera_is_not_drawn(road: DrawnRoad) -> None:
    camera = CameraPose(40.5, 1.75, 1.2, -5.0, 0.0, 0.0)
    with_car = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG, [_car()])
    without = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG)
    assert np.array_equal(with_car.inverse_depth, without.inverse_depth)


@pytest.mark.parametrize(
    ("width", "height", "fov_deg"), [(0, 10, 90.0), (10, 9000, 90.0), (64, 36, 180.0), (64, 36, 0.0)]
)
def test_impossible_cameras_are_refused(road: DrawnRoad, width: int, height: int, fov_deg: float) -> None:
    with pytest.raises(CameraError):
        road.renderer.view(road.camera(20.0), width, height, fov_deg)


def test_any_pose_draws(road: DrawnRoad) -> None:
    """Upside down, below the ground, straight up and down, far away: a picture, no crash, no undefined number."""
    poses = [(20, 1, 1.4, 90, 0, 0), (20, 1, 1.4, -90, 0, 0), (20, 1, -3, 0, 0, 0), (20, 1, 1.4, 0, 0, 180)]
    poses += [(20, 1, road.renderer.scene.plane_z_m, 0, 45, 0), (9e4, -9e4, 50, -20, 123, 70)]
    for pose in poses:
        camera = CameraPose(*(float(v) for v in pose))
        gbuffer = road.renderer.view(camera, 64, 36, FOV_DEG)
        assert np.isfinite(gbuffer.inverse_depth).all()
        assert math.isfinite(road.renderer.rgb_bgra(gbuffer, Weather(), camera).mean())
