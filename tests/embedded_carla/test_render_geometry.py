"""Where things appear: against the client's map, the pinhole camera and the plane."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest

from embedded_carla.render.types import CameraPose
from embedded_carla.scene.types import TAG_ROAD_LINE, TAG_SKY
from tests.embedded_carla.drawn_roads import DrawnRoad, drawn, metres, rays, road_xodr

WIDTH, HEIGHT, FOV_DEG = 640, 360, 90.0
ROAD_TAGS = (1, 24)


def _ground_points(road: DrawnRoad, camera: CameraPose) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) world points seen and (H, W) labels."""
    gbuffer = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG)
    depth = metres(road.renderer.depth_bgra(gbuffer))
    eye = np.array([camera.x_m, camera.y_m, camera.z_m])
    points = eye + depth[..., None] * rays(camera, WIDTH, HEIGHT, FOV_DEG)
    return points, road.renderer.semantic_bgra(gbuffer)[..., 2]


@pytest.mark.parametrize("curvature_1pm", [0.0, 1 / 30, -1 / 30, 1 / 80])
def test_painted_lines_lie_on_the_lane_borders_of_the_clients_map(curvature_1pm: float) -> None:
    road = drawn(road_xodr(curvature_1pm, length_m=90.0))
    points, tags = _ground_points(road, road.camera(20.0))
    rows, columns = np.nonzero(tags == TAG_ROAD_LINE)
    near = np.flatnonzero(np.hypot(*(points[rows, columns, :2] - points[-1, WIDTH // 2, :2]).T) < 12.0)
    assert len(near) > 500
    for k in near[::7]:
        x, y, _ = points[rows[k], columns[k]]
        waypoint = road.carla_map.get_waypoint(carla.Location(float(x), float(y), 0.0))
        centre, yaw = waypoint.transform.location, math.radians(waypoint.transform.rotation.yaw)
        across = -(x - centre.x) * math.sin(yaw) + (y - centre.y) * math.cos(yaw)
        to_border = abs(abs(across) - waypoint.lane_width / 2.0)
        # Half the widest line, 1 cm for the chords of the mesh, half a pixel of footprint.
        assert to_border < 0.075 + 0.01 + 0.5 * 12.0 / 320.0


def test_lines_stay_on_borders_where_the_lane_widens() -> None:
    road = drawn(road_xodr(width_slope=0.02, length_m=90.0))
    points, tags = _ground_points(road, road.camera(20.0))
    seen = (tags == TAG_ROAD_LINE) & (points[..., 0] > 24.0) & (points[..., 0] < 32.0) & (points[..., 1] > 2.0)
    assert seen.sum() > 100
    border = 3.5 + 0.02 * points[..., 0][seen]
    assert np.abs(points[..., 1][seen] - border).max() < 0.075 + 0.03
    assert abs(np.mean(points[..., 1][seen] - border)) < 0.01


@pytest.mark.parametrize(("pitch_deg", "roll_deg"), [(-6.0, 0.0), (-25.0, 10.0), (3.0, -30.0)])
def test_depth_of_the_level_road_is_that_of_the_plane(pitch_deg: float, roll_deg: float) -> None:
    road = drawn(road_xodr())
    camera = CameraPose(20.0, 1.75, 1.4, pitch_deg, 4.0, roll_deg)
    gbuffer = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG)
    depth, tags = metres(road.renderer.depth_bgra(gbuffer)), road.renderer.semantic_bgra(gbuffer)[..., 2]
    direction = rays(camera, WIDTH, HEIGHT, FOV_DEG)
    on_road = np.isin(tags, ROAD_TAGS) & (depth < 90.0)
    assert on_road.sum() > 20_000
    expected = -camera.z_m / direction[..., 2][on_road]
    assert np.abs(depth[on_road] / expected - 1.0).max() < 2e-4


@pytest.mark.parametrize("turn_deg", [0.0, 20.0, -65.0, 140.0])
@pytest.mark.parametrize("curvature_1pm", [0.0, 1 / 30])
def test_no_hole_below_the_horizon(turn_deg: float, curvature_1pm: float) -> None:
    road = drawn(road_xodr(curvature_1pm, length_m=90.0))
    camera = road.camera(40.0, aside_m=1.5, turn_deg=turn_deg)
    tags = road.renderer.semantic_bgra(road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG))[..., 2]
    below = rays(camera, WIDTH, HEIGHT, FOV_DEG)[..., 2] < -1e-3
    assert not np.any(tags[below] == TAG_SKY)


@pytest.mark.parametrize("turn_deg", [0.0, 33.0, 90.0])
def test_the_pavement_is_closed(turn_deg: float) -> None:
    """Looking down on the road from close by (through the near plane too), nothing but road is seen inside it."""
    road = drawn(road_xodr(1 / 60, length_m=120.0))
    for height_m in (0.4, 1.4, 6.0):
        base = road.camera(45.0, pitch_deg=-50.0, turn_deg=turn_deg)
        camera = CameraPose(base.x_m, base.y_m, height_m, base.pitch_deg, base.yaw_deg, 0.0)
        points, tags = _ground_points(road, camera)
        centre = np.array([0.0, -60.0])  # of the arc: left in OpenDRIVE is −y in CARLA
        radius = np.hypot(points[..., 0] - centre[0], points[..., 1] - centre[1])
        inside = (np.abs(radius - 60.0) < 4.2) & (np.abs(points[..., 2]) < 0.5)
        assert inside.sum() > 5_000
        assert np.isin(tags[inside], ROAD_TAGS).all()


def test_a_camera_sees_the_same_point_from_two_places() -> None:
    road = drawn(road_xodr(1 / 50, length_m=90.0))
    for camera in (road.camera(20.0), road.camera(22.0, turn_deg=10.0)):
        points, tags = _ground_points(road, camera)
        near = np.isin(tags, ROAD_TAGS) & (np.hypot(points[..., 0] - camera.x_m, points[..., 1] - camera.y_m) < 20.0)
        assert np.abs(points[..., 2][near]).max() < 5e-3


def test_hilly_ground_never_covers_the_road() -> None:
    road = drawn(road_xodr(slope=0.06, length_m=160.0))
    for s_m in (5.0, 60.0, 110.0):
        camera = road.camera(s_m, pitch_deg=-30.0)
        points, tags = _ground_points(road, camera)
        inside = (np.abs(points[..., 1]) < 4.2) & (points[..., 0] > 0.5) & (points[..., 0] < 159.0)
        assert inside.sum() > 20_000
        assert np.isin(tags[inside], ROAD_TAGS).all()
        assert np.abs(points[..., 2][inside] - 0.06 * points[..., 0][inside]).max() < 0.03
