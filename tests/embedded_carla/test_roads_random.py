"""Random roads with all that ``carla.Map`` reads: what is drawn lies where the client's waypoints are."""

from __future__ import annotations

import carla
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_carla.render.renderer import Renderer
from embedded_carla.render.types import CameraPose
from embedded_carla.scene.build import build_scene
from embedded_carla.scene.types import TAG_ROAD_LINE, Scene
from tests.embedded_carla.drawn_roads import metres, rays
from tests.embedded_carla.random_roads import RoadWriter, map_borders, map_marks

FloatArray = npt.NDArray[np.float64]
AGREEMENT_M = 0.02
WIDTH, HEIGHT, FOV_DEG = 480, 270, 90.0
FOCAL_PX = WIDTH / 2.0
UNPAINTED = (carla.LaneMarkingType.NONE, carla.LaneMarkingType.Curb, carla.LaneMarkingType.Grass)
seeds = st.integers(0, 10**6)


class Road:
    """One random road, its map and its scene."""

    def __init__(self, seed: int) -> None:
        writer = RoadWriter(seed)
        xodr = writer.text()
        self.length_m, self.map = writer.length_m, carla.Map("t", xodr)
        self.scene = build_scene(xodr, self.map, 1, "summer")

    def stations(self, step_m: float) -> FloatArray:
        """Road coordinates off the ends."""
        return np.arange(0.05, self.length_m - 0.05, step_m)


def _border_segments(scene: Scene) -> FloatArray:
    """(M, 2, 3): edges of ground triangles along v = 0."""
    ground = np.all(scene.surfaces[:, 13:] == 0, axis=1)[scene.triangle_surface]
    corners = scene.triangles[ground]
    pairs = np.unique(np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])), axis=0)
    on_border = np.all(scene.surface_coordinates[pairs, 1] == 0.0, axis=1)
    return scene.vertices[pairs[on_border]].astype(np.float64)


def _nearest(points: FloatArray, segments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance (xy) of each point (P, 3) from the nearest of segments (M, 2, 3), and height above it."""
    starts, steps = segments[None, :, 0, :2], (segments[:, 1] - segments[:, 0])[None, :, :2]
    along = ((points[:, None, :2] - starts) * steps).sum(-1) / np.maximum((steps**2).sum(-1), 1e-12)
    share = np.clip(along, 0.0, 1.0)
    distance = np.linalg.norm(points[:, None, :2] - starts - share[..., None] * steps, axis=-1)
    best = np.argmin(distance, axis=1)
    rows = np.arange(len(points))
    z = segments[best, 0, 2] + share[rows, best] * (segments[best, 1, 2] - segments[best, 0, 2])
    return distance[rows, best], points[:, 2] - z


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seeds)
def test_drawn_borders_and_waypoints_agree_within_two_centimetres(seed: int) -> None:
    road = Road(seed)
    segments = _border_segments(road.scene)
    expected = np.concatenate([map_borders(road.map, 1, float(s)) for s in road.stations(0.77)])
    aside, above = _nearest(expected, segments)
    assert aside.max() < AGREEMENT_M
    assert np.abs(above).max() < AGREEMENT_M
    # The other way round: nothing is drawn as a border where the map has none.
    lines = np.stack([np.resize(map_borders(road.map, 1, float(s)), (8, 3)) for s in road.stations(0.25)], axis=1)
    middles = segments.mean(axis=1)
    back, _ = _nearest(middles, np.stack([lines[:, :-1], lines[:, 1:]], axis=2).reshape(-1, 2, 3))
    assert np.quantile(back, 0.98) < AGREEMENT_M


def _camera(road: Road, s_m: float) -> CameraPose:
    pose = road.map.get_waypoint_xodr(1, -1, s_m).transform
    turn = pose.rotation
    pitch_deg = (turn.pitch + 180.0) % 360.0 - 180.0
    return CameraPose(pose.location.x, pose.location.y, pose.location.z + 1.6, pitch_deg - 12.0, turn.yaw, 0.0)


def _pixels(camera: CameraPose, points: FloatArray) -> FloatArray:
    """(N, 3): column, row (pixel centres at whole numbers) and depth of world points, by the client's own matrix."""
    pose = carla.Transform(
        carla.Location(camera.x_m, camera.y_m, camera.z_m),
        carla.Rotation(camera.pitch_deg, camera.yaw_deg, camera.roll_deg),
    )
    matrix = np.array(pose.get_inverse_matrix())
    forward, right, up = (points @ matrix[:3, :3].T + matrix[:3, 3]).T
    deep = np.maximum(forward, 1e-6)
    columns = FOCAL_PX * right / deep + WIDTH / 2.0 - 0.5
    return np.stack([columns, -FOCAL_PX * up / deep + HEIGHT / 2.0 - 0.5, forward], axis=1)


def _painted_borders(road: Road, low_m: float, high_m: float) -> tuple[FloatArray, FloatArray]:
    """Points (P, 3) of borders with a marking every 4 cm, and how far paint reaches from each (P,)."""
    points, reach = [], []
    for s in np.arange(max(low_m, 0.05), min(high_m, road.length_m - 0.05), 0.04):
        for place, mark in zip(map_borders(road.map, 1, float(s)), map_marks(road.map, 1, float(s)), strict=True):
            if mark is not None and mark.type not in UNPAINTED:
                points.append(place)
                reach.append(mark.width * (0.5 if " " not in _words(mark.type) else 1.5))
    return np.array(points).reshape(-1, 3), np.array(reach)


def _words(kind: carla.LaneMarkingType) -> str:
    double = ("SolidSolid", "SolidBroken", "BrokenSolid", "BrokenBroken")
    return "two lines" if str(kind) in double else "one"


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seeds)
def test_markings_in_the_picture_fall_back_onto_the_maps_borders_within_a_pixel(seed: int) -> None:
    road = Road(seed)
    renderer = Renderer(road.scene)
    camera = _camera(road, 20.0)
    gbuffer = renderer.view(camera, WIDTH, HEIGHT, FOV_DEG)
    depth, tags = metres(renderer.depth_bgra(gbuffer)), renderer.semantic_bgra(gbuffer)[..., 2]
    painted, reach_m = _painted_borders(road, 14.0, 45.0)
    rows, columns = np.nonzero((tags == TAG_ROAD_LINE) & (depth < 15.0))
    if not len(painted):
        assert len(rows) == 0
        return
    eye = np.array([camera.x_m, camera.y_m, camera.z_m])
    seen = eye + depth[rows, columns, None] * rays(camera, WIDTH, HEIGHT, FOV_DEG)[rows, columns]
    for k in range(0, len(rows), max(len(rows) // 300, 1)):
        offset = seen[k] - painted
        excess = np.linalg.norm(offset, axis=1) - reach_m
        best = int(np.argmin(excess))
        # The edge of the paint nearest to the point.
        edge = seen[k] - offset[best] * max(excess[best], 0.0) / max(float(np.linalg.norm(offset[best])), 1e-9)
        column, row, _ = _pixels(camera, edge[None])[0]
        assert np.hypot(column - columns[k], row - rows[k]) < 1.0, (seed, rows[k], columns[k], excess[best])


@pytest.mark.parametrize("seed", range(8))
def test_solid_lines_of_the_map_are_seen_where_it_has_them(seed: int) -> None:
    road = Road(seed)
    renderer = Renderer(road.scene)
    camera = _camera(road, 20.0)
    gbuffer = renderer.view(camera, WIDTH, HEIGHT, FOV_DEG)
    depth, tags = metres(renderer.depth_bgra(gbuffer)), renderer.semantic_bgra(gbuffer)[..., 2]
    for s in np.arange(22.5, 27.0, 0.5):
        for place, mark in zip(map_borders(road.map, 1, float(s)), map_marks(road.map, 1, float(s)), strict=True):
            column, row, forward = _pixels(camera, place[None])[0]
            inside = 1 <= column < WIDTH - 2 and 1 <= row < HEIGHT - 2
            if mark is None or mark.type != carla.LaneMarkingType.Solid or not inside:
                continue
            i, j = round(row), round(column)
            if abs(depth[i, j] / forward - 1.0) < 0.05:  # not behind a post
                assert TAG_ROAD_LINE in tags[i - 1 : i + 2, j - 1 : j + 2], (s, mark.type)
