"""Painted lines of every type, seen from above, against the road marks that ``carla.Map`` reads."""

from __future__ import annotations

import carla
import numpy as np
import numpy.typing as npt
import pytest

from embedded_carla.render.types import CameraPose
from tests.embedded_carla import drawing as d

SIZE = (640, 360)
START_M, END_M, STEP_M = 41.0, 79.0, 0.05


def _painted(xodr: str, y_m: float) -> npt.NDArray[np.bool_]:
    """Whether the line parallel to the straight road at ``y_m`` is painted, every 5 cm; from 20 m above."""
    _, renderer = d.drawn(xodr)
    camera = CameraPose(60.0, 0.0, 20.0, -90.0, -90.0, 0.0)
    x = np.arange(START_M, END_M, STEP_M)
    where = d.to_pixels(camera, np.stack([x, np.full_like(x, y_m), np.zeros_like(x)], axis=1), *SIZE)
    picture = d.tags(renderer, camera, SIZE)
    return np.asarray(picture[where[:, 1].astype(int), where[:, 0].astype(int)] == d.ROAD_LINE)


def _runs_m(painted: npt.NDArray[np.bool_]) -> tuple[list[float], list[float]]:
    """Lengths of whole dashes and of whole gaps."""
    changes = np.flatnonzero(np.diff(painted.astype(int)))
    lengths = np.diff(changes) * STEP_M
    whole = [painted[k + 1] for k in changes[:-1]]
    pairs = list(zip(lengths, whole, strict=True))
    return [float(n) for n, dash in pairs if dash], [float(n) for n, dash in pairs if not dash]


def _centre_type(xodr: str) -> carla.LaneMarkingType:
    return d.drawn(xodr)[0].get_waypoint_xodr(1, -1, 60.0).left_lane_marking.type


def test_broken_lines_have_dashes_of_3_m_and_gaps_of_6_m() -> None:
    xodr = d.straight_xodr(centre="broken")
    assert _centre_type(xodr) == carla.LaneMarkingType.Broken
    dashes, gaps = _runs_m(_painted(xodr, 0.0))
    assert len(dashes) >= 3 and len(gaps) >= 3
    np.testing.assert_allclose(dashes, 3.0, atol=0.11)
    np.testing.assert_allclose(gaps, 6.0, atol=0.11)


def test_solid_lines_have_no_gap() -> None:
    xodr = d.straight_xodr(centre="solid")
    assert _centre_type(xodr) == carla.LaneMarkingType.Solid
    assert _painted(xodr, 0.0).all()


def test_no_line_is_drawn_where_there_is_none() -> None:
    xodr = d.straight_xodr(centre="none", edge="none")
    waypoint = d.drawn(xodr)[0].get_waypoint_xodr(1, -1, 60.0)
    assert waypoint.left_lane_marking.type == waypoint.right_lane_marking.type == carla.LaneMarkingType.NONE
    assert not any(_painted(xodr, y_m).any() for y_m in (0.0, 3.5, -3.5))


def test_edges_are_painted_on_both_sides() -> None:
    xodr = d.straight_xodr(centre="none", edge="solid")
    assert d.drawn(xodr)[0].get_waypoint_xodr(1, -1, 60.0).right_lane_marking.type == carla.LaneMarkingType.Solid
    assert _painted(xodr, 3.5).all() and _painted(xodr, -3.5).all() and not _painted(xodr, 0.0).any()


@pytest.mark.parametrize("centre, left_is_solid, right_is_solid", [
    ("solid solid", True, True), ("solid broken", True, False), ("broken solid", False, True),
])  # fmt: skip
def test_double_lines_keep_their_sides(centre: str, left_is_solid: bool, right_is_solid: bool) -> None:
    xodr = d.straight_xodr(centre=centre)
    wanted = {
        "solid solid": carla.LaneMarkingType.SolidSolid,
        "solid broken": carla.LaneMarkingType.SolidBroken,
        "broken solid": carla.LaneMarkingType.BrokenSolid,
    }
    assert _centre_type(xodr) == wanted[centre]
    left, right = _painted(xodr, -0.15), _painted(xodr, 0.15)
    assert left.any() and right.any()
    assert (bool(left.all()), bool(right.all())) == (left_is_solid, right_is_solid)
    assert not _painted(xodr, 0.0).all()
