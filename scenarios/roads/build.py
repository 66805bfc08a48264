"""A road description to OpenDRIVE text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from scenariogeneration import xodr

from scenarios.roads.centre_line import RUN_OUT_M, Piece
from scenarios.roads.course import ROAD_ID, pieces
from scenarios.roads.description import CurveRoad, MarkingType, WindingRoad

MARKING_WIDTH_M = 0.15
DASH_M = 3.0
DASH_GAP_M = 6.0
_FIXED_DATE = "2024-01-01T00:00:00"
_GEO_REFERENCE = "+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84"


def _plan_view(road: Sequence[Piece]) -> xodr.PlanView:
    view = xodr.PlanView(0.0, 0.0, 0.0)
    for piece in road:
        start, end = piece.curvature_start_1pm, piece.curvature_end_1pm
        if start != end:
            view.add_geometry(xodr.Spiral(start, end, length=piece.length_m))
        elif start:
            view.add_geometry(xodr.Arc(start, length=piece.length_m))
        else:
            view.add_geometry(xodr.Line(piece.length_m))
    return view


def _mark(kind: MarkingType, color: str = "white") -> xodr.RoadMark:
    mark_type = getattr(xodr.RoadMarkType, kind.replace(" ", "_"))
    mark_color = getattr(xodr.RoadMarkColor, color)
    if kind == "none":
        return xodr.RoadMark(mark_type)
    if kind == "broken":
        return xodr.RoadMark(mark_type, MARKING_WIDTH_M, DASH_M, DASH_GAP_M, color=mark_color)
    return xodr.RoadMark(mark_type, MARKING_WIDTH_M, color=mark_color)


def _lanes(description: CurveRoad | WindingRoad) -> xodr.Lanes:
    centre = xodr.Lane(lane_type=xodr.LaneType.none)
    centre.add_roadmark(_mark(description.markings.centre, description.markings.centre_color))
    section = xodr.LaneSection(0.0, centre)
    for add in (section.add_right_lane, section.add_left_lane):
        for k in range(description.lanes_per_direction):
            lane = xodr.Lane(lane_type=xodr.LaneType.driving, a=description.lane_width_m)
            outermost = k == description.lanes_per_direction - 1
            lane.add_roadmark(_mark(description.markings.edge if outermost else "broken"))
            add(lane)
        if description.shoulder_m > 0:
            shoulder = xodr.Lane(lane_type=xodr.LaneType.shoulder, a=description.shoulder_m)
            shoulder.add_roadmark(_mark("none"))
            add(shoulder)
    lanes = xodr.Lanes()
    lanes.add_lanesection(section)
    return lanes


def build_opendrive(description: CurveRoad | WindingRoad, scenery_seed: int) -> str:
    """OpenDRIVE 1.5 text of one road (id 1) from the origin along +x; the ego's lane -1 leads along it.

    The header carries what the format has no field for as ``<userData code=… value=…/>``:
    ``texture_pack``, ``scenery_seed`` and ``run_out_m`` (straight at the end that a route leaves undriven).
    Equal arguments give equal bytes: the date is fixed.

    Args:
        description: the road.
        scenery_seed: decides roadside objects and ground variation.

    Raises:
        RoadOverlapError, WindingRoadError: the road cannot keep 12 m clear of itself.
    """
    road = xodr.Road(
        ROAD_ID,
        _plan_view(pieces(description)),
        _lanes(description),
        name=description.name,
        rule=xodr.TrafficRule.RHT,
    )
    road.add_type(xodr.RoadType.rural)
    document = xodr.OpenDrive(description.name, geo_reference=_GEO_REFERENCE)
    document.add_road(road)
    document.adjust_roads_and_lanes()
    element = document.get_element()
    header = element.find("header")
    assert header is not None
    header.set("date", _FIXED_DATE)
    for code, value in (
        ("texture_pack", description.texture_pack),
        ("scenery_seed", str(scenery_seed)),
        ("run_out_m", repr(RUN_OUT_M)),
    ):
        ET.SubElement(header, "userData", {"code": code, "value": value})
    ET.indent(element)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(element, encoding="unicode") + "\n"
