"""What is painted where: against the client's own reading of the same text."""

from __future__ import annotations

import carla
import pytest

from embedded_carla.scene.lanes import OpenDriveError, mark_at, read_roads
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
