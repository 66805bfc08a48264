"""Pictures against the map reader of the client library and against the geometry of a pinhole."""

from __future__ import annotations

import carla
import numpy as np
import pytest

from embedded_carla.render.camera import CameraError
from embedded_carla.render.types import CameraPose
from tests.embedded_carla import drawing as d

LINE_WIDTH_M = 0.15


def _lateral(carla_map: carla.Map, point: d.Points) -> tuple[float, float]:
    """Distance from the middle of the nearest driving lane (right positive) and that lane's width, m."""
    at = carla.Location(*(float(v) for v in point))
    waypoint = carla_map.get_waypoint(at, project_to_road=True, lane_type=carla.LaneType.Driving)
    right, middle = waypoint.transform.get_right_vector(), waypoint.transform.location
    return (point[0] - middle.x) * right.x + (point[1] - middle.y) * right.y, waypoint.lane_width


@pytest.mark.parametrize("s_m, offset_m, yaw_deg", [(20.0, 0.0, 0.0), (70.0, 0.4, 8.0), (120.0, -0.6, -12.0)])
def test_painted_pixels_lie_on_the_borders_of_the_maps_lanes(s_m: float, offset_m: float, yaw_deg: float) -> None:
    size = (640, 360)
    carla_map, renderer = d.drawn(d.winding_xodr())
    camera = d.lane_camera(carla_map, s_m, offset_m, yaw_deg)
    points, depth_m = d.on_road(camera, *size)
    painted = (d.tags(renderer, camera, size) == d.ROAD_LINE) & (depth_m < 40.0)
    rows, columns = np.nonzero(painted)
    assert len(rows) > 1000
    checked = 0
    for row, column in list(zip(rows, columns, strict=True))[::7]:
        lateral_m, width_m = _lateral(carla_map, points[row, column])
        beyond_paint_m = abs(abs(lateral_m) - 0.5 * width_m) - 0.5 * LINE_WIDTH_M
        # A pixel looks at a patch: across the view z / f wide, along the view z^2 / (f h) long.
        z = depth_m[row, column]
        bend_m = abs(np.sin(np.radians(yaw_deg)) if z < 8.0 else 0.5) * z * z / (d.focal_px(640) * camera.z_m)
        assert beyond_paint_m < max(0.05, z / d.focal_px(640) + bend_m), f"pixel {column}, {row} at {z:.1f} m"
        if z < 8.0:
            assert beyond_paint_m < 0.05
        checked += 1
    assert checked > 150


@pytest.mark.parametrize("s_m", [15.0, 60.0, 110.0, 150.0])
def test_the_maps_edge_line_is_painted_where_it_projects(s_m: float) -> None:
    carla_map, renderer = d.drawn(d.winding_xodr())
    camera = d.lane_camera(carla_map, s_m)
    line = []
    for ahead_m in np.arange(3.0, 12.0, 0.5):
        waypoint = carla_map.get_waypoint_xodr(1, -1, s_m + float(ahead_m))
        assert waypoint.right_lane_marking.type == carla.LaneMarkingType.Solid
        middle, right = waypoint.transform.location, waypoint.transform.get_right_vector()
        line.append(
            [middle.x + 0.5 * waypoint.lane_width * right.x, middle.y + 0.5 * waypoint.lane_width * right.y, 0.0]
        )
    where = d.to_pixels(camera, np.array(line), 640, 360)
    seen = where[(where[:, 0] > 0) & (where[:, 0] < 640) & (where[:, 1] < 360)]
    picture = d.tags(renderer, camera, (640, 360))
    assert len(seen) > 8
    assert (picture[seen[:, 1].astype(int), seen[:, 0].astype(int)] == d.ROAD_LINE).all()


@pytest.mark.parametrize("pitch_deg, yaw_deg, roll_deg", [(-6.0, 0.0, 0.0), (-25.0, 40.0, 15.0), (2.0, -70.0, -30.0)])
def test_depth_of_the_road_is_that_of_a_plane(pitch_deg: float, yaw_deg: float, roll_deg: float) -> None:
    carla_map, renderer = d.drawn(d.winding_xodr())
    camera = d.lane_camera(carla_map, 90.0, 0.3, yaw_deg, pitch_deg, roll_deg)
    view = renderer.view(camera, d.WIDTH, d.HEIGHT, d.FOV_DEG)
    measured = d.decoded_depth_m(renderer.depth_bgra(view))
    road = np.isin(renderer.semantic_bgra(view)[..., 2], (d.ROAD, d.ROAD_LINE))
    _, expected = d.on_road(camera)
    assert road.sum() > 2000
    np.testing.assert_allclose(measured[road], expected[road], rtol=2e-4, atol=2e-4)


def _poses() -> list[tuple[float, float, float, float, float, float]]:
    """s, offset, yaw, pitch, roll, height."""
    rng = np.random.default_rng(5)
    drawn = [
        (
            rng.uniform(5, 190),
            rng.uniform(-3, 3),
            rng.uniform(-180, 180),
            rng.uniform(-35, 5),
            rng.uniform(-20, 20),
            1.4,
        )
        for _ in range(6)
    ]
    near_plane = [
        (40.0, 1.5, 30.0, -6.0, 0.0, 1.4),
        (40.0, -1.5, -30.0, -60.0, 0.0, 1.4),
        (80.0, 1.5, 30.0, -20.0, 5.0, 0.2),
    ]
    return drawn + near_plane


@pytest.mark.parametrize("pose", _poses())
def test_neither_sky_nor_soil_shows_through_the_road(pose: tuple[float, float, float, float, float, float]) -> None:
    carla_map, renderer = d.drawn(d.winding_xodr())
    s_m, offset_m, yaw_deg, pitch_deg, roll_deg, height_m = pose
    camera = d.lane_camera(carla_map, s_m, offset_m, yaw_deg, pitch_deg, roll_deg, height_m)
    picture = d.tags(renderer, camera)
    points, depth_m = d.on_road(camera)
    below = d.pixel_rays(camera)[..., 2] < -1e-3
    assert (picture[below] != d.SKY).all()
    assert (picture[d.pixel_rays(camera)[..., 2] > 0.2] != d.TERRAIN).all()
    inside = 0
    rows, columns = np.nonzero(np.nan_to_num(depth_m, nan=1e9) < 60.0)
    for row, column in list(zip(rows, columns, strict=True))[:: max(len(rows) // 1500, 1)]:
        lateral_m, width_m = _lateral(carla_map, points[row, column])
        if abs(lateral_m) < 0.5 * width_m - 0.1:
            inside += 1
            assert picture[row, column] not in (d.SKY, d.TERRAIN), f"hole at {column}, {row}"
    assert inside > 50


def test_seen_from_the_near_plane_the_whole_road_is_closed() -> None:
    """Every pixel of a picture that holds nothing but pavement is pavement."""
    _, renderer = d.drawn(d.straight_xodr())
    camera = CameraPose(60.0, 1.75, 0.8, -90.0, 30.0, 0.0)
    assert np.isin(d.tags(renderer, camera), (d.ROAD, d.ROAD_LINE)).all()


@pytest.mark.parametrize("size, fov_deg", [((0, 10), 90.0), ((10, 9000), 90.0), ((10, 10), 0.0), ((10, 10), 180.0)])
def test_impossible_cameras_are_named(size: tuple[int, int], fov_deg: float) -> None:
    _, renderer = d.drawn(d.straight_xodr())
    with pytest.raises(CameraError, match="must"):
        renderer.view(CameraPose(0.0, 0.0, 1.4, 0.0, 0.0, 0.0), *size, fov_deg)
