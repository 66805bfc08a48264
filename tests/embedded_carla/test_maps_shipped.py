"""The shipped maps: files as the generator writes them, roads that can be driven for ever, junctions without holes."""

from __future__ import annotations

import math
from functools import lru_cache

import carla
import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, shortest_path
from scipy.spatial import KDTree

from embedded_carla.render.renderer import Renderer
from embedded_carla.render.types import CameraPose
from embedded_carla.scene.build import build_scene
from embedded_carla.scene.types import TAG_ROAD_LINE
from embedded_carla.world.map_library import MAPS_FOLDER, LoadedMap, MapError, available_maps, read_map, shipped_xodr
from embedded_carla.world.maps.generator.__main__ import MAPS
from tests.embedded_carla.drawn_roads import metres, rays

SIZE_PX = 400
ROAD_TAGS = (1, TAG_ROAD_LINE)


@lru_cache
def _map(name: str) -> LoadedMap:
    return read_map(name, shipped_xodr(name))


@lru_cache
def _renderer(name: str) -> Renderer:
    loaded = _map(name)
    return Renderer(build_scene(loaded.xodr, loaded.carla_map, loaded.scenery_seed, loaded.texture_pack))


@pytest.mark.parametrize("name", sorted(MAPS))
def test_files_are_what_the_generator_writes(name: str) -> None:
    assert MAPS[name]() == shipped_xodr(name)


@pytest.mark.parametrize("name", available_maps())
def test_files_are_small_and_every_lane_goes_on(name: str) -> None:
    assert (MAPS_FOLDER / f"{name}.xodr").stat().st_size < 300_000
    loaded = _map(name)
    assert len(loaded.spawn_points) >= 50
    for spawn_point in loaded.spawn_points:
        assert loaded.carla_map.get_waypoint(carla.Location(*spawn_point[:3]), project_to_road=False) is not None
    for waypoint in loaded.carla_map.generate_waypoints(5.0):
        assert waypoint.lane_width >= 0.0
        following = waypoint.next(2.0)
        assert following, (waypoint.road_id, waypoint.lane_id, waypoint.s)
        for other in following:
            assert waypoint.transform.location.distance(other.transform.location) < 2.6


def _lane_graph(carla_map: carla.Map) -> csr_array:
    """Places as nodes, lanes between them as edges weighted by metres, made as CARLA's route planner makes them."""
    places: dict[tuple[int, int, int], int] = {}
    ends = [[waypoint.transform.location for waypoint in pair] for pair in carla_map.get_topology()]
    edges = [[places.setdefault((round(p.x), round(p.y), round(p.z)), len(places)) for p in pair] for pair in ends]
    metres_ = [start.distance(stop) for start, stop in ends]
    rows, columns = np.array(edges).T
    return csr_array((metres_, (rows, columns)), shape=(len(places), len(places)))


def test_every_street_of_the_block_is_reached_from_every_other() -> None:
    graph = _lane_graph(_map("Block").carla_map)
    assert graph.shape[0] > 40
    count, _ = connected_components(graph, directed=True, connection="strong")
    assert count == 1
    assert np.isfinite(shortest_path(graph)).all()


def test_both_directions_of_the_country_road_are_closed_loops() -> None:
    count, _ = connected_components(_lane_graph(_map("CountryRoad").carla_map), directed=True, connection="strong")
    assert count == 2


def test_the_highway_has_three_lanes_each_way_and_a_fourth_for_a_while() -> None:
    carla_map = _map("Highway").carla_map

    def lanes(s_m: float) -> int:
        return sum(carla_map.get_waypoint_xodr(1, -k, s_m).lane_type == carla.LaneType.Driving for k in range(1, 6))

    assert [lanes(s_m) for s_m in (100.0, 200.0, 399.0, 420.0)] == [3, 4, 4, 3]
    fourth = carla_map.get_waypoint_xodr(1, -5, 300.0)
    assert fourth.lane_width == pytest.approx(3.6)
    assert fourth.get_left_lane().lane_id == -4
    assert carla_map.get_waypoint_xodr(1, -4, 300.0).right_lane_marking.type == carla.LaneMarkingType.Broken


def test_the_country_road_is_steep_and_a_car_on_it_stands_on_the_drawn_slope() -> None:
    loaded = _map("CountryRoad")
    waypoints = loaded.carla_map.generate_waypoints(11.0)
    grades = []
    for waypoint in waypoints:
        place, turn = waypoint.transform.location, waypoint.transform.rotation
        yaw = math.radians(turn.yaw)
        x, y = place.x - 1.2 * math.sin(yaw), place.y + 1.2 * math.cos(yaw)
        height_m, pitch_deg = loaded.surface.height_and_pitch(x, y, place.z, turn.yaw)
        assert height_m == pytest.approx(place.z, abs=0.02)
        assert pitch_deg == pytest.approx((turn.pitch + 180.0) % 360.0 - 180.0, abs=0.5)
        grades.append(abs(math.radians((turn.pitch + 180.0) % 360.0 - 180.0)))  # the map takes a slope for an angle
    assert 0.055 < max(grades) < 0.061


def _from_above(name: str, x_m: float, y_m: float, height_m: float) -> tuple[npt.NDArray[np.float64], np.ndarray]:
    """World points (H, W, 3) and labels (H, W) of a camera that looks straight down."""
    camera = CameraPose(x_m, y_m, height_m, -90.0, 0.0, 0.0)
    renderer = _renderer(name)
    gbuffer = renderer.view(camera, SIZE_PX, SIZE_PX, 90.0)
    eye = np.array([x_m, y_m, height_m])
    depth = metres(renderer.depth_bgra(gbuffer))
    points = eye + depth[..., None] * rays(camera, SIZE_PX, SIZE_PX, 90.0)
    return points, renderer.semantic_bgra(gbuffer)[..., 2]


@pytest.mark.parametrize("centre", [(140.0, -120.0), (140.0, 0.0), (0.0, -120.0), (280.0, -120.0), (280.0, -152.0)])
def test_driving_lanes_of_junctions_are_filled_without_cracks(centre: tuple[float, float]) -> None:
    points, tags = _from_above("Block", *centre, 18.0)
    carla_map, inside = _map("Block").carla_map, 0
    low = np.abs(points[..., 2]) < 0.3  # what stands beside the road covers it from above
    for i, j in np.argwhere(low)[::37]:
        x, y, _ = points[i, j]
        waypoint = carla_map.get_waypoint(carla.Location(float(x), float(y), 0.0), False, carla.LaneType.Driving)
        if waypoint is None:
            continue
        place, yaw = waypoint.transform.location, math.radians(waypoint.transform.rotation.yaw)
        aside = abs(-(x - place.x) * math.sin(yaw) + (y - place.y) * math.cos(yaw))
        if aside < 0.5 * waypoint.lane_width - 0.15:  # a pixel and a half off the edge
            inside += 1
            assert tags[i, j] in ROAD_TAGS, (x, y)
            assert abs(points[i, j, 2]) < 0.02
    assert inside > 400


def test_guide_lines_lead_through_the_crossroads_as_the_file_says() -> None:
    points, tags = _from_above("Block", 140.0, -120.0, 18.0)
    pixels = KDTree(points[..., :2].reshape(-1, 2))
    carla_map, guides, outer_borders = _map("Block").carla_map, [], []
    junction = carla_map.get_waypoint(carla.Location(140.0, -120.0, 0.0)).get_junction()
    for start, _ in junction.get_waypoints(carla.LaneType.Driving):
        guided = start.left_lane_marking is not None and start.left_lane_marking.type == carla.LaneMarkingType.Broken
        for waypoint in [start, *start.next_until_lane_end(0.3)]:
            place, right = waypoint.transform.location, waypoint.transform.get_right_vector()
            for side, found in ((-1.0, guides if guided else []), (1.0, outer_borders)):
                reach_m = 0.5 * side * waypoint.lane_width
                _, pixel = pixels.query([place.x + reach_m * right.x, place.y + reach_m * right.y])
                found.append(tags.ravel()[pixel] == TAG_ROAD_LINE)
    assert 0.4 < np.mean(guides) < 0.6  # dashes of 1 m, gaps of 1 m
    assert np.mean(outer_borders) < 0.1  # where other ways' guide lines cross


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('<successor id="-1" />', '<successor id="-9" />', "crashes"),
        ("<paramPoly3", "<nothing", "crashes"),
        ('connectingRoad="', 'connectingRoad="99', "refuses"),
        ('length="', 'length="1e9', "at most"),
        ('length="', 'length="x', "number"),
    ],
)
def test_broken_texts_are_refused_with_a_reason(old: str, new: str, message: str) -> None:
    with pytest.raises(MapError, match=message):
        read_map("broken", shipped_xodr("Block").replace(old, new, 1))
