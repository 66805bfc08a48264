"""Lines of every type as the scenarios' roads have them, against the road marks that ``carla.Map`` reads."""

from __future__ import annotations

import carla
import numpy as np
import numpy.typing as npt
import pytest

from embedded_carla.render.types import CameraPose
from embedded_carla.scene.types import TAG_ROAD_LINE
from scenarios.roads.build import build_opendrive
from scenarios.roads.description import CurveRoad, Markings, Straight, WindingRoad
from tests.embedded_carla.drawn_roads import DrawnRoad, drawn

WIDTH, HEIGHT, FOV_DEG = 640, 360, 90.0
START_M, END_M, STEP_M = 41.0, 79.0, 0.05
MARKING = carla.LaneMarkingType


def _straight(centre: str = "broken", edge: str = "solid") -> DrawnRoad:
    """A straight of 150 m with the given OpenDRIVE road marks."""
    markings = Markings.model_validate({"centre": centre, "edge": edge})
    segments = (Straight(straight_m=150.0),)
    return drawn(build_opendrive(CurveRoad(kind="curves", name="straight", segments=segments, markings=markings), 3))


def _line_pixels(road: DrawnRoad, camera: CameraPose, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether the pixel under each world point (N, 3) in view is labelled as paint, by the client's own matrix."""
    pose = carla.Transform(
        carla.Location(camera.x_m, camera.y_m, camera.z_m),
        carla.Rotation(camera.pitch_deg, camera.yaw_deg, camera.roll_deg),
    )
    matrix = np.array(pose.get_inverse_matrix())
    forward, right, up = (points @ matrix[:3, :3].T + matrix[:3, 3]).T
    focal = WIDTH / (2.0 * np.tan(np.radians(FOV_DEG) / 2.0))
    columns = np.floor(0.5 * WIDTH + focal * right / forward).astype(int)
    rows = np.floor(0.5 * HEIGHT - focal * up / forward).astype(int)
    seen = (columns >= 0) & (columns < WIDTH) & (rows >= 0) & (rows < HEIGHT)
    tags = road.renderer.semantic_bgra(road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG))[..., 2]
    return np.asarray(tags[rows[seen], columns[seen]] == TAG_ROAD_LINE)


def _painted(road: DrawnRoad, y_m: float) -> npt.NDArray[np.bool_]:
    """Whether the line at ``y_m`` beside the straight's middle is painted, every 5 cm, seen from 20 m above."""
    x = np.arange(START_M, END_M, STEP_M)
    points = np.stack([x, np.full_like(x, y_m), np.zeros_like(x)], axis=1)
    painted = _line_pixels(road, CameraPose(60.0, 0.0, 20.0, -90.0, -90.0, 0.0), points)
    assert len(painted) == len(x)
    return painted


def _types(road: DrawnRoad) -> tuple[carla.LaneMarkingType, carla.LaneMarkingType]:
    """Centre and edge line of the right lane."""
    waypoint = road.carla_map.get_waypoint_xodr(1, -1, 60.0)
    return waypoint.left_lane_marking.type, waypoint.right_lane_marking.type


def test_broken_lines_have_dashes_of_3_m_and_gaps_of_6_m() -> None:
    road = _straight(centre="broken")
    assert _types(road)[0] == MARKING.Broken
    painted = _painted(road, 0.0)
    changes = np.flatnonzero(np.diff(painted.astype(int)))
    lengths_m, dash = np.diff(changes) * STEP_M, painted[changes[:-1] + 1]
    assert dash.sum() >= 3 and (~dash).sum() >= 3
    np.testing.assert_allclose(lengths_m[dash], 3.0, atol=0.11)
    np.testing.assert_allclose(lengths_m[~dash], 6.0, atol=0.11)


def test_solid_lines_have_no_gap() -> None:
    road = _straight(centre="solid")
    assert _types(road) == (MARKING.Solid, MARKING.Solid)
    assert all(_painted(road, y_m).all() for y_m in (-3.5, 0.0, 3.5))


def test_no_line_is_drawn_where_there_is_none() -> None:
    road = _straight(centre="none", edge="none")
    assert _types(road) == (MARKING.NONE, MARKING.NONE)
    assert not any(_painted(road, y_m).any() for y_m in (-3.5, 0.0, 3.5))


@pytest.mark.parametrize(
    ("centre", "kind", "solid_sides"),
    [
        ("solid solid", MARKING.SolidSolid, (True, True)),
        ("solid broken", MARKING.SolidBroken, (True, False)),
        ("broken solid", MARKING.BrokenSolid, (False, True)),
    ],
)
def test_double_lines_keep_their_sides(
    centre: str, kind: carla.LaneMarkingType, solid_sides: tuple[bool, bool]
) -> None:
    road = _straight(centre=centre)
    assert _types(road)[0] == kind
    left, right = _painted(road, -0.15), _painted(road, 0.15)
    assert left.any() and right.any()
    assert (bool(left.all()), bool(right.all())) == solid_sides


@pytest.mark.parametrize("s_m", [15.0, 60.0, 110.0, 150.0])
def test_the_edge_line_of_a_winding_road_is_painted_where_the_map_projects(s_m: float) -> None:
    winding = WindingRoad(kind="winding", name="winding", seed=4, length_m=200, radius_m=(50, 150))
    road = drawn(build_opendrive(winding, 3))
    line = []
    for ahead_m in np.arange(3.0, 12.0, 0.5):
        waypoint = road.carla_map.get_waypoint_xodr(1, -1, s_m + float(ahead_m))
        assert waypoint.right_lane_marking.type == MARKING.Solid
        middle, right = waypoint.transform.location, waypoint.transform.get_right_vector()
        half_m = 0.5 * waypoint.lane_width
        line.append([middle.x + half_m * right.x, middle.y + half_m * right.y, 0.0])
    painted = _line_pixels(road, road.camera(s_m), np.array(line))
    assert len(painted) > 8
    assert painted.all()
