"""Depth, class and instance pictures through the client library's own converters."""

from __future__ import annotations

import carla
import numpy as np
import numpy.typing as npt

from tests.embedded_carla.drawn_roads import metres
from tests.embedded_carla.helpers import SMALL_PICTURE, spawn_car, spawn_sensor

# carla.CityObjectLabel and CARLA's documented palette (R, G, B).
PALETTE = {1: (128, 64, 128), 10: (152, 251, 152), 11: (70, 130, 180), 14: (0, 0, 142), 24: (157, 234, 50)}


def _bgra(image: carla.Image) -> npt.NDArray[np.uint8]:
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4).copy()


def _one_picture_each(world: carla.World) -> tuple[carla.Image, carla.Image, carla.Image, carla.Actor]:
    """Depth, class and instance pictures of one tick, with a second car ahead."""
    car, ahead = spawn_car(world), spawn_car(world, x_m=32.0)
    kinds = ("depth", "semantic_segmentation", "instance_segmentation")
    cameras = [spawn_sensor(world, car, f"camera.{kind}", SMALL_PICTURE) for kind in kinds]
    world.tick()
    depth, semantic, instance = (pictures.get(timeout=5.0) for _, pictures in cameras)
    for camera, _ in cameras:
        camera.stop()
    return depth, semantic, instance, ahead


def test_pictures_decode_as_the_client_library_decodes_them(world: carla.World) -> None:
    depth, semantic, instance, ahead = _one_picture_each(world)
    assert len({depth.frame, semantic.frame, instance.frame}) == 1
    distances, tags, ids = metres(_bgra(depth)), _bgra(semantic)[..., 2], _bgra(instance)
    assert np.array_equal(tags, ids[..., 2])
    numbers = ids[..., 1].astype(int) + 256 * ids[..., 0].astype(int)
    car_ahead = (tags == int(carla.CityObjectLabel.Car)) & (numbers == ahead.id % 65536)
    assert car_ahead.sum() > 5
    assert 5.0 < distances[car_ahead].min() < 12.0
    assert (distances[tags == int(carla.CityObjectLabel.Sky)] == 1000.0).all()

    depth.convert(carla.ColorConverter.Depth)
    grey = _bgra(depth)[..., :3].astype(float)
    np.testing.assert_allclose(grey, np.repeat((distances * 0.255)[..., None], 3, axis=2), atol=1.01)

    semantic.convert(carla.ColorConverter.CityScapesPalette)
    colours = _bgra(semantic)[..., 2::-1]
    present = set(np.unique(tags).tolist())
    assert {1, 10, 11, 14} <= present
    for tag in present & set(PALETTE):
        assert (colours[tags == tag] == PALETTE[tag]).all(), f"label {tag}"
