"""The sky's cube: faces are painted when needed, and never too late; land on the horizon has its labels."""

from __future__ import annotations

import numpy as np
import pytest

from embedded_carla.render.camera import ray_table
from embedded_carla.render.sky import faces_in_view
from embedded_carla.render.types import CameraPose, Weather
from embedded_carla.scene.types import TAG_SKY, TAG_TERRAIN, TAG_VEGETATION
from tests.embedded_carla.drawn_roads import drawn, metres, rays, road_xodr

WIDTH, HEIGHT = 96, 54


def _poses() -> list[CameraPose]:
    rng = np.random.default_rng(5)
    angles = rng.uniform([-90, -180, -180], [90, 180, 180], (40, 3))
    return [CameraPose(20.0, 1.75, 1.4, float(p), float(y), float(r)) for p, y, r in angles]


@pytest.mark.parametrize("fov_deg", [30.0, 90.0, 150.0])
def test_every_face_that_a_pixel_looks_at_is_painted(fov_deg: float) -> None:
    for camera in _poses():
        x, y, z = np.moveaxis(rays(camera, WIDTH, HEIGHT, fov_deg), -1, 0)
        side = np.where(np.abs(x) >= np.abs(y), np.where(x > 0, 0, 2), np.where(y > 0, 1, 3))
        up = z > np.maximum(np.abs(x), np.abs(y))
        # Rays below the horizon never reach the sky.
        needed = set(np.where(up, 4, side)[z > 0].tolist())
        assert needed <= set(faces_in_view(ray_table(camera, WIDTH, HEIGHT, fov_deg), WIDTH, HEIGHT))


def test_every_pixel_is_painted_and_opaque_whatever_was_looked_at_before() -> None:
    drawn.cache_clear()
    road = drawn(road_xodr())
    for camera in _poses():
        view = road.renderer.view(camera, WIDTH, HEIGHT, 120.0)
        assert (road.renderer.rgb_bgra(view, Weather(), camera)[..., 3] == 255).all()


def test_hills_and_woods_on_the_horizon_are_land_in_both_pictures() -> None:
    road = drawn(road_xodr(), pack="alpine")
    camera = CameraPose(20.0, 1.75, 1.4, 4.0, 30.0, 0.0)
    view = road.renderer.view(camera, 640, 360, 90.0)
    tags, depth = road.renderer.semantic_bgra(view)[..., 2], metres(road.renderer.depth_bgra(view))
    z = rays(camera, 640, 360, 90.0)[..., 2]
    beyond = (view.inverse_depth == 0.0) & (z > 0.0)
    assert {TAG_SKY, TAG_TERRAIN, TAG_VEGETATION} == set(np.unique(tags[beyond]).tolist())
    assert (depth[beyond] == 1000.0).all()
    # From the horizon upwards each column shows land first, then sky.
    for column in range(0, 640, 16):
        labels = tags[:, column][beyond[:, column]][::-1]
        land = labels != TAG_SKY
        assert not land[np.argmin(land) :].any()
    # What is called land is darker than what is called sky.
    picture = road.renderer.rgb_bgra(view, Weather(), camera)[..., :3].mean(axis=2)
    assert picture[beyond & (tags != TAG_SKY)].mean() < 0.9 * picture[beyond & (tags == TAG_SKY)].mean()
