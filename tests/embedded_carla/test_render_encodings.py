"""Depth, class and instance pictures in CARLA's encodings."""

from __future__ import annotations

import carla
import numpy as np
import pytest

from embedded_carla.render.renderer import GBuffer, Renderer
from embedded_carla.render.types import BoxActor, CameraPose
from tests.embedded_carla import drawing as d

CAMERA = CameraPose(60.0, 1.75, 1.4, 0.0, 0.0, 0.0)
FRONT_M = 9.0
"""Distance of the box's face from the camera."""
BOX = BoxActor(300, 70.0, 1.75, 1.4, 0.0, 0.0, 1.0, 1.0, 0.5, (200, 30, 30), int(carla.CityObjectLabel.Pedestrians))
CENTRE = (d.HEIGHT // 2, d.WIDTH // 2)


@pytest.fixture(scope="module")
def view() -> tuple[Renderer, GBuffer]:
    _, renderer = d.drawn(d.straight_xodr())
    return renderer, renderer.view(CAMERA, d.WIDTH, d.HEIGHT, d.FOV_DEG, [BOX])


def test_depth_is_24_bit_with_the_low_byte_in_red(view: tuple[Renderer, GBuffer]) -> None:
    renderer, gbuffer = view
    picture = renderer.depth_bgra(gbuffer)
    assert picture.shape == (d.HEIGHT, d.WIDTH, 4) and picture.dtype == np.uint8
    assert d.decoded_depth_m(picture)[CENTRE] == pytest.approx(FRONT_M, abs=1e-3)
    assert d.decoded_depth_m(picture)[0, 0] == 1000.0
    assert (picture[0, 0] == 255).all()


def test_labels_are_carlas(view: tuple[Renderer, GBuffer]) -> None:
    renderer, gbuffer = view
    labels = renderer.semantic_bgra(gbuffer)
    assert labels[CENTRE][2] == int(carla.CityObjectLabel.Pedestrians)
    seen = set(np.unique(labels[..., 2]).tolist())
    wanted = carla.CityObjectLabel
    assert {int(wanted.Roads), int(wanted.RoadLines), int(wanted.Terrain), int(wanted.Sky)} <= seen
    assert seen <= {int(value) for value in wanted.values.values()}
    assert not labels[..., :2].any() and (labels[..., 3] == 255).all()


def test_instances_carry_the_label_and_the_actor(view: tuple[Renderer, GBuffer]) -> None:
    renderer, gbuffer = view
    instances = renderer.instance_bgra(gbuffer)
    blue, green, red, _ = (int(v) for v in instances[CENTRE])
    assert (red, green + 256 * blue) == (BOX.semantic_tag, BOX.actor_id)
    np.testing.assert_array_equal(instances[..., 2], renderer.semantic_bgra(gbuffer)[..., 2])


def test_a_box_covers_its_corners_projection(view: tuple[Renderer, GBuffer]) -> None:
    renderer, gbuffer = view
    rows, columns = np.nonzero(renderer.semantic_bgra(gbuffer)[..., 2] == BOX.semantic_tag)
    corners = np.array([[69.0, y, z] for y in (0.75, 2.75) for z in (0.9, 1.9)])
    where = d.to_pixels(CAMERA, corners)
    expected = [where[:, 0].min(), where[:, 0].max(), where[:, 1].min(), where[:, 1].max()]
    measured = [columns.min(), columns.max() + 1, rows.min(), rows.max() + 1]
    np.testing.assert_allclose(measured, expected, atol=0.51)


def test_the_body_that_holds_the_camera_is_not_drawn() -> None:
    _, renderer = d.drawn(d.straight_xodr())
    around = BoxActor(1, CAMERA.x_m, CAMERA.y_m, CAMERA.z_m, 10.0, 0.0, 2.4, 1.0, 0.7, (1, 2, 3), 14)
    empty = d.rgb(renderer, CAMERA)
    np.testing.assert_array_equal(d.rgb(renderer, CAMERA, actors=[around]), empty)
    assert (d.rgb(renderer, CAMERA, actors=[BOX]) != empty).any()


def test_bytes_lie_as_blue_green_red_alpha() -> None:
    _, renderer = d.drawn(d.straight_xodr())
    picture = renderer.rgb_bgra(renderer.view(CAMERA, d.WIDTH, d.HEIGHT, d.FOV_DEG, [BOX]), d.NOON, CAMERA)
    blue, _, red, _ = (int(v) for v in picture[CENTRE])
    assert red > 2 * blue
    sky = picture[:5].reshape(-1, 4).mean(axis=0)
    assert sky[0] > sky[2]
