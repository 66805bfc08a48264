"""Scenes: decided by road, seed and pack, and really different between them."""

from __future__ import annotations

import dataclasses
import itertools

import carla
import numpy as np
import pytest

from embedded_carla.scene.build import build_scene
from embedded_carla.scene.lanes import OpenDriveError
from embedded_carla.scene.packs import PACKS, UnknownTexturePackError
from embedded_carla.scene.types import Scene
from tests.embedded_carla import drawing as d


def _build(seed: int = 11, pack: str = "summer") -> Scene:
    xodr = d.straight_xodr()
    return build_scene(xodr, carla.Map("straight", xodr), seed, pack)


def _arrays(part: object, name: str = "") -> dict[str, np.ndarray]:
    """All arrays inside a dataclass, by dotted name."""
    if isinstance(part, np.ndarray):
        return {name: part}
    if not dataclasses.is_dataclass(part):
        return {}
    fields = [_arrays(getattr(part, f.name), f"{name}.{f.name}") for f in dataclasses.fields(part)]
    return {key: value for found in fields for key, value in found.items()}


def test_the_same_seed_builds_the_same_scene() -> None:
    first, second = _arrays(_build()), _arrays(_build())
    assert len(first) > 15
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_another_seed_moves_scenery_and_redraws_textures_but_not_the_road() -> None:
    first, second = _build(11), _build(12)
    assert not np.array_equal(first.sprites.base, second.sprites.base)
    assert not np.array_equal(first.textures.texels, second.textures.texels)
    assert not np.array_equal(first.atlas.texels, second.atlas.texels)
    road = int((first.triangle_instance == 1).sum())
    np.testing.assert_array_equal(first.triangles[:road], second.triangles[:road])
    np.testing.assert_array_equal(first.vertices[first.triangles[:road]], second.vertices[second.triangles[:road]])


def test_every_pack_builds_and_looks_different() -> None:
    looks = {}
    for name in PACKS:
        carla_map, renderer = d.drawn(d.straight_xodr(), name)
        camera = d.lane_camera(carla_map, 30.0)
        picture, label = d.rgb(renderer, camera).astype(float), d.tags(renderer, camera)
        asphalt, soil = picture[label == d.ROAD], picture[label == d.TERRAIN]
        looks[name] = np.concatenate([asphalt.mean(axis=0), asphalt.std(axis=0), soil.mean(axis=0), soil.std(axis=0)])
    for (name, look), (other_name, other) in itertools.combinations(looks.items(), 2):
        assert np.abs(look - other).max() > 8.0, f"{name} looks like {other_name}"


def test_scenery_keeps_clear_of_the_road() -> None:
    carla_map, renderer = d.drawn(d.winding_xodr())
    sprites = renderer.scene.sprites
    plants = sprites.base[sprites.picture < 10]
    assert len(plants) > 20
    for x, y, _ in plants:
        at = carla.Location(float(x), float(y), 0.0)
        waypoint = carla_map.get_waypoint(at, project_to_road=True, lane_type=carla.LaneType.Driving)
        middle = waypoint.transform.location
        assert np.hypot(x - middle.x, y - middle.y) > 0.5 * waypoint.lane_width + 4.0


def test_unknown_packs_and_foreign_maps_are_named() -> None:
    with pytest.raises(UnknownTexturePackError, match="summer"):
        _build(pack="winter")
    with pytest.raises(OpenDriveError, match="same text"):
        build_scene(d.straight_xodr().replace('id="1"', 'id="77"'), carla.Map("m", d.straight_xodr()), 1, "summer")
