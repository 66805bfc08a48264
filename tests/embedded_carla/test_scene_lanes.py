"""What is painted where: against the client's own reading of the same text."""

from __future__ import annotations

import carla
import numpy as np
import pytest

from embedded_carla.scene.lanes import Cubic, OpenDriveError, mark_at, read_roads, slope
from tests.embedded_carla.drawn_roads import road_xodr

_MARK = '<roadMark sOffset="{}" type="{}" color="{}" width="{}"/>'
_KINDS = {
    "solid": carla.LaneMarkingType.Solid,
    "broken": carla.LaneMarkingType.Broken,
    "solid solid": carla.LaneMarkingType.SolidSolid,
    "solid broken": carla.LaneMarkingType.SolidBroken,
    "broken solid": carla.LaneMarkingType.BrokenSolid,
    "broken broken": carla.LaneMarkingType.BrokenBroken,
    "none": carla.LaneMarkingType.NONE,
}


@pytest.mark.parametrize("kind", list(_KINDS))
@pytest.mark.parametrize("colour", ["white", "yellow"])
def test_marks_agree_with_the_clients_waypoints(kind: str, colour: str) -> None:
    edge = _MARK.format(0, kind, colour, 0.2) + _MARK.format(60, "solid", "white", 0.1)
    xodr = road_xodr(edge=edge)
    (road,) = read_roads(xodr)
    carla_map = carla.Map("t", xodr)
    for s_m in (5.0, 59.0, 61.0, 150.0):
        for lane in road.sections[0].lanes:
            if lane.lane_type != "driving":
                continue
            theirs = carla_map.get_waypoint_xodr(1, lane.lane_id, s_m).right_lane_marking
            ours = mark_at(lane, s_m)
            kind_here = "none" if ours is None else ours.kind
            assert theirs.type == _KINDS[kind_here]
            if ours is not None:
                assert theirs.width == pytest.approx(ours.width_m)
                yellow = theirs.color == carla.LaneMarkingColor.Yellow
                assert yellow == (ours.colour == "yellow")


def test_sections_lanes_and_dashes_are_read() -> None:
    (road,) = read_roads(road_xodr(length_m=123.0))
    (section,) = road.sections
    assert [lane.lane_id for lane in section.lanes] == [2, 1, -1, -2]
    assert [lane.lane_type for lane in section.lanes] == ["shoulder", "driving", "driving", "shoulder"]
    mark = mark_at(section.centre, 10.0)
    assert mark is not None
    assert (mark.kind, mark.dash_m, mark.gap_m, mark.width_m) == ("broken", 3.0, 6.0, 0.12)
    assert (road.length_m, road.in_junction) == (123.0, False)


@pytest.mark.parametrize("text", ["", "<OpenDRIVE>", "<OpenDRIVE></OpenDRIVE>", "no xml at all"])
def test_texts_without_roads_are_refused(text: str) -> None:
    with pytest.raises(OpenDriveError):
        read_roads(text)


@pytest.mark.parametrize(
    ("mark", "kind", "dash_m"),
    [
        ('<roadMark sOffset="0" type="botts dots" color="red" width="0.1"/>', "botts dots", 3.0),
        ('<roadMark sOffset="0" type="custom"><explicit><line length="9" width="0.1"/></explicit></roadMark>',
         "solid", 3.0),
        ('<roadMark sOffset="0" type="custom"><type name="x"><line length="2" space="4"/></type></roadMark>',
         "broken", 2.0),
        ('<roadMark sOffset="0" type="edge" width="0.1"/>', None, None),
        ('<roadMark sOffset="0" type="curb" width="0.1"/>', None, None),
        ('<roadMark sOffset="30" type="solid" width="0.1"/>', None, None),
    ],
)  # fmt: skip
def test_unusual_marks_are_painted_as_the_format_means_them(mark: str, kind: str | None, dash_m: float | None) -> None:
    (road,) = read_roads(road_xodr(edge=mark))
    found = mark_at(road.sections[0].lanes[1], 10.0)
    assert (None if found is None else found.kind) == kind
    if found is not None:
        assert found.dash_m == dash_m
        assert found.width_m > 0.0


def test_slope_is_the_derivative_of_the_records() -> None:
    records = (Cubic(2.0, 1.0, 0.1, 0.02, 0.003), Cubic(6.0, 9.0, -0.5, 0.0, 0.0))
    s_m = np.array([0.0, 2.0, 4.0, 6.0, 8.0])
    inside = np.polyval(np.polyder([0.003, 0.02, 0.1, 1.0]), np.array([0.0, 2.0]))
    np.testing.assert_allclose(slope(records, s_m), [0.0, *inside, -0.5, -0.5])
