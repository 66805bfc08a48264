"""The lanes and road marks of an OpenDRIVE text: what is painted where. Positions come from ``carla.Map``."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

DEFAULT_MARK_WIDTH_M = 0.15
DEFAULT_DASH_M = 3.0
DEFAULT_GAP_M = 6.0


class OpenDriveError(ValueError):
    """The OpenDRIVE text cannot be read; the message names the element."""


NOT_PAINTED = ("none", "grass", "curb", "edge")


@dataclass(frozen=True)
class Cubic:
    """a + b·d + c·d² + d·d³ of d = s − ``start_s_m``, valid to the next record's start."""

    start_s_m: float
    a: float
    b: float
    c: float
    d: float


@dataclass(frozen=True)
class RoadMark:
    """A painted line on a lane border, valid from ``start_s_m`` to the next mark of that border.

    Attributes:
        start_s_m: road coordinate.
        kind: OpenDRIVE type: none, solid, broken, solid solid, solid broken, broken solid, broken broken … A custom
            line is broken where it has gaps, else solid.
        colour: OpenDRIVE colour: standard, white, yellow, blue, green, red, orange.
        width_m: of one line.
        dash_m, gap_m: of broken lines.
    """

    start_s_m: float
    kind: str
    colour: str
    width_m: float
    dash_m: float
    gap_m: float


@dataclass(frozen=True)
class Lane:
    """One lane of a section; marks lie on its outer border (for id 0: on the reference line)."""

    lane_id: int
    lane_type: str
    marks: tuple[RoadMark, ...]
    widths: tuple[Cubic, ...]


@dataclass(frozen=True)
class LaneSection:
    """Lanes valid on [start_s_m, end_s_m), from left to right in the direction of s, and the centre line."""

    start_s_m: float
    end_s_m: float
    centre: Lane
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class RoadLanes:
    """One OpenDRIVE road: its id, length and lane sections.

    Attributes:
        offsets: how far the lanes lie left of the reference line.
        elevation_starts_m: where the polynomial of the height changes.
        joints_m: where the reference line's pieces begin.
    """

    road_id: int
    length_m: float
    in_junction: bool
    sections: tuple[LaneSection, ...]
    offsets: tuple[Cubic, ...]
    elevation_starts_m: tuple[float, ...]
    joints_m: tuple[float, ...]


def _read_mark(element: ElementTree.Element, section_start_s_m: float) -> RoadMark:
    width_m = float(element.get("width") or 0.0)
    if width_m <= 0.0:
        width_m = 0.25 if element.get("weight") == "bold" else DEFAULT_MARK_WIDTH_M
    dash_m, gap_m, has_gaps = DEFAULT_DASH_M, DEFAULT_GAP_M, False
    for line in element.iter("line"):
        length, space = float(line.get("length") or 0.0), float(line.get("space") or 0.0)
        if length > 0.0 and space > 0.0:
            dash_m, gap_m, has_gaps = length, space, True
    start_s_m = section_start_s_m + float(element.get("sOffset") or 0.0)
    kind = (element.get("type") or "none").strip().lower()
    if kind == "custom":
        kind = "broken" if has_gaps else "solid"
    return RoadMark(
        start_s_m,
        kind,
        (element.get("color") or "standard").lower(),
        width_m,
        dash_m,
        gap_m,
    )


def _read_cubics(elements: list[ElementTree.Element], attribute: str, shift_m: float) -> tuple[Cubic, ...]:
    """Polynomial records in the order of their starts, which ``attribute`` holds."""
    records = [
        Cubic(shift_m + float(e.get(attribute) or 0.0), *(float(e.get(name) or 0.0) for name in "abcd"))
        for e in elements
    ]
    return tuple(sorted(records, key=lambda record: record.start_s_m))


def slope(records: tuple[Cubic, ...], s_m: FloatArray) -> FloatArray:
    """Derivative of a piecewise polynomial at road coordinates (N,); 0 before its first record."""
    out = np.zeros(len(s_m))
    for k, record in enumerate(records):
        end_s_m = records[k + 1].start_s_m if k + 1 < len(records) else np.inf
        here = (s_m >= record.start_s_m) & (s_m < end_s_m)
        along = s_m[here] - record.start_s_m
        out[here] = record.b + 2.0 * record.c * along + 3.0 * record.d * along**2
    return out


def _read_lane(element: ElementTree.Element, section_start_s_m: float) -> Lane:
    marks = sorted(
        (_read_mark(mark, section_start_s_m) for mark in element.findall("roadMark")), key=lambda m: m.start_s_m
    )
    widths = _read_cubics(element.findall("width"), "sOffset", section_start_s_m)
    return Lane(int(element.get("id") or 0), (element.get("type") or "none").lower(), tuple(marks), widths)


def _read_road(road: ElementTree.Element) -> RoadLanes | None:
    """One road; None if it has no lanes."""
    length_m = float(road.get("length") or 0.0)
    elements = sorted(road.findall("lanes/laneSection"), key=lambda e: float(e.get("s") or 0.0))
    starts = [float(e.get("s") or 0.0) for e in elements] + [length_m]
    sections = []
    for element, start_s_m, end_s_m in zip(elements, starts[:-1], starts[1:], strict=True):
        lanes = [_read_lane(lane, start_s_m) for lane in element.iter("lane")]
        centre = [lane for lane in lanes if lane.lane_id == 0] or [Lane(0, "none", (), ())]
        beside = sorted((lane for lane in lanes if lane.lane_id != 0), key=lambda lane: -lane.lane_id)
        if beside and end_s_m > start_s_m:
            sections.append(LaneSection(start_s_m, end_s_m, centre[0], tuple(beside)))
    if not sections:
        return None
    in_junction = road.get("junction") not in (None, "-1")
    offsets = _read_cubics(road.findall("lanes/laneOffset"), "s", 0.0)
    heights = tuple(float(e.get("s") or 0.0) for e in road.findall("elevationProfile/elevation"))
    joints = tuple(float(e.get("s") or 0.0) for e in road.findall("planView/geometry"))
    road_id = int(road.get("id") or 0)
    return RoadLanes(road_id, length_m, in_junction, tuple(sections), offsets, heights, joints)


def read_roads(xodr: str) -> tuple[RoadLanes, ...]:
    """Read all roads of an OpenDRIVE text.

    Raises:
        OpenDriveError: the text is not XML, or holds no road with lanes.
    """
    try:
        root = ElementTree.fromstring(xodr)
    except ElementTree.ParseError as error:
        raise OpenDriveError(f"OpenDRIVE text is not well-formed XML: {error}; check the file's encoding") from error
    try:
        roads = [road for road in map(_read_road, root.findall("road")) if road is not None]
    except ValueError as error:
        raise OpenDriveError(f"a number in the OpenDRIVE text cannot be read: {error}") from error
    if not roads:
        raise OpenDriveError("OpenDRIVE text holds no <road> with lanes; is it an .xodr file?")
    return tuple(roads)


def mark_at(lane: Lane, s_m: float) -> RoadMark | None:
    """The mark of a lane's outer border at road coordinate ``s_m``, None where nothing is painted."""
    found = None
    for mark in lane.marks:
        if mark.start_s_m <= s_m + 1e-6:
            found = mark
    return found if found is not None and found.kind not in NOT_PAINTED else None
