"""The scene's geometry against the client's map, and what seed and texture pack decide."""

from __future__ import annotations

import math
from dataclasses import fields

import carla
import numpy as np
import pytest

from embedded_carla.scene.build import build_scene
from embedded_carla.scene.packs import PACKS, UnknownTexturePackError
from embedded_carla.scene.sprites import Picture
from embedded_carla.scene.types import Scene
from tests.embedded_carla.drawn_roads import SOLID_EDGES, road_xodr

XODR = road_xodr(1 / 60, length_m=120.0)


def _scene(xodr: str = XODR, seed: int = 3, pack: str = "summer") -> Scene:
    return build_scene(xodr, carla.Map("t", xodr), seed, pack)


def _arrays(scene: Scene) -> dict[str, np.ndarray]:
    groups = (scene, scene.sprites, scene.atlas, scene.textures)
    values = {f"{type(g).__name__}.{f.name}": getattr(g, f.name) for g in groups for f in fields(g)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _border_vertices(scene: Scene) -> np.ndarray:
    """Mask of vertices on a lane border: v = 0 on the ground (walls use v for height)."""
    ground = np.all(scene.surfaces[:, 13:] == 0, axis=1)[scene.triangle_surface]
    mask = np.zeros(len(scene.vertices), bool)
    mask[scene.triangles[ground]] = True
    return mask & (scene.surface_coordinates[:, 1] == 0.0)


def test_same_arguments_same_scene() -> None:
    first, second = _arrays(_scene()), _arrays(_scene())
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_arrays_are_contiguous_and_32_bit() -> None:
    for name, value in _arrays(_scene()).items():
        assert value.flags.c_contiguous, name
        assert value.dtype in (np.float32, np.int32, np.uint32, np.uint8), name


def test_seed_moves_scenery_and_texture_but_not_the_road() -> None:
    first, second = _scene(seed=1), _scene(seed=2)
    assert first.sprites.base.tobytes() != second.sprites.base.tobytes()
    assert first.textures.texels.tobytes() != second.textures.texels.tobytes()
    ground = np.all(first.surfaces[:, 13:] == 0, axis=1)[first.triangle_surface]
    count = int(ground.sum())
    assert np.array_equal(first.vertices[first.triangles[:count]], second.vertices[second.triangles[:count]])


def test_all_packs_build_and_differ() -> None:
    looks = {_scene(pack=pack).material_colours.tobytes() for pack in PACKS}
    assert len(looks) == len(PACKS) == 8
    assert _scene(pack="default").material_colours.tobytes() == _scene(pack="summer").material_colours.tobytes()
    with pytest.raises(UnknownTexturePackError, match="summer"):
        _scene(pack="sumer")


@pytest.mark.parametrize("curvature_1pm", [0.0, 1 / 30, -1 / 100])
def test_border_vertices_lie_on_the_clients_lane_borders(curvature_1pm: float) -> None:
    xodr = road_xodr(curvature_1pm, length_m=80.0)
    carla_map, scene = carla.Map("t", xodr), _scene(xodr)
    on_border = np.flatnonzero(_border_vertices(scene))
    assert len(on_border) > 40
    for k in on_border[:: max(len(on_border) // 60, 1)]:
        s_m = float(np.clip(scene.surface_coordinates[k, 0], 1e-3, 80.0 - 1e-3))
        distances = []
        for lane_id in (-2, -1, 1, 2):
            waypoint = carla_map.get_waypoint_xodr(1, lane_id, s_m)
            place, half = waypoint.transform.location, 0.5 * waypoint.lane_width
            yaw = math.radians(waypoint.transform.rotation.yaw)
            for side in (-half, half):
                x, y = place.x - math.sin(yaw) * side, place.y + math.cos(yaw) * side
                distances.append(math.hypot(x - scene.vertices[k, 0], y - scene.vertices[k, 1]))
        # The last vertices reach 5 cm beyond the end, so that pieces overlap.
        assert min(distances) < (0.06 if s_m > 79.9 else 0.002)


def test_chords_stay_within_a_centimetre_of_the_arc() -> None:
    scene = _scene(road_xodr(1 / 30, length_m=80.0))
    border = _border_vertices(scene)
    corners = scene.triangles[np.all(border[scene.triangles[:, [0, 2]]], axis=1)]
    middle = scene.vertices[corners[:, [0, 2]]].mean(axis=1)
    radius = np.hypot(middle[:, 0], middle[:, 1] + 30.0)
    nearest = np.array([25.75, 26.5, 30.0, 33.5, 34.25])
    assert np.abs(radius[:, None] - nearest).min(axis=1).max() < 0.012


def test_plants_and_houses_keep_four_metres_from_the_road() -> None:
    for seed in range(4):
        scene = _scene(seed=seed)
        plants = scene.sprites.picture < Picture.MARKER_POST
        assert plants.sum() > 5
        from_centre = np.abs(np.hypot(scene.sprites.base[plants, 0], scene.sprites.base[plants, 1] + 60.0) - 60.0)
        beside = scene.sprites.base[plants, 0] > 0.0
        assert from_centre[beside].min() >= 4.25 + 4.0
        walls = scene.surfaces[scene.triangle_surface, 0] >= 6
        corners = scene.vertices[scene.triangles[walls].ravel()]
        if len(corners):
            assert np.abs(np.hypot(corners[:, 0], corners[:, 1] + 60.0) - 60.0).min() >= 4.25 + 4.0


def test_tiles_hold_all_triangles_and_their_spheres_hold_all_vertices() -> None:
    scene = _scene()
    ranges = scene.tile_triangles
    assert ranges[0, 0] == 0 and ranges[-1, 1] == len(scene.triangles)
    assert np.array_equal(ranges[1:, 0], ranges[:-1, 1])
    for k, (low, high) in enumerate(scene.tile_vertices):
        reach = np.linalg.norm(scene.vertices[low:high] - scene.tile_centre[k], axis=1)
        assert reach.max() <= scene.tile_radius[k]
        used = scene.triangles[ranges[k, 0] : ranges[k, 1]]
        assert used.min() >= low and used.max() < high


def test_paint_follows_the_marks_along_the_road() -> None:
    edge = SOLID_EDGES + '<roadMark sOffset="70" type="broken" color="yellow" width="0.2"/>'
    scene = _scene(road_xodr(length_m=120.0, edge=edge))
    first = scene.surface_coordinates[scene.triangles, 0].min(axis=1)
    rows = scene.surfaces[scene.triangle_surface]
    edges = (rows[:, 2] == 1) & np.isclose(rows[:, 3], 0.15)
    later = (rows[:, 2] == 1) & np.isclose(rows[:, 3], 0.2)
    assert first[edges].max() < 70.0 and first[later].min() >= 70.0 - 1e-3
    assert set(rows[later][:, 5].tolist()) == {1.0}
    assert set(rows[later][:, 6].tolist()) == {3.0}
