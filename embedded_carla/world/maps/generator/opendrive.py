"""What a map is made of, and its OpenDRIVE text. Roads, lanes and links are given in full: nothing is guessed here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

DECIMALS, CUBIC_DECIMALS = 8, 14
PHASES_PER_JUNCTION = 10
_DATE = "2024-01-01T00:00:00"
_GEO_REFERENCE = "+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84"


@dataclass(frozen=True)
class Pose:
    """A point (m) and a direction (rad, counter-clockwise from +x), in OpenDRIVE's right-handed axes."""

    x_m: float
    y_m: float
    heading_rad: float


@dataclass(frozen=True)
class Piece:
    """One geometry record: where it starts, how long it is, and the element that shapes it."""

    start: Pose
    length_m: float
    shape: str
    parameters: dict[str, float | str]


@dataclass(frozen=True)
class Cubic:
    """a + b·d + c·d² + d·d³ from road coordinate (or section offset) ``start_m`` on."""

    start_m: float
    a: float
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0


@dataclass(frozen=True)
class Mark:
    """A painted line on a lane's outer border from ``start_m`` behind the section's start on."""

    kind: str
    color: str = "white"
    width_m: float = 0.12
    start_m: float = 0.0
    dash_m: float = 3.0
    gap_m: float = 6.0


@dataclass(frozen=True)
class Lane:
    """A lane; ``before`` and ``after``: lanes that it goes on from and to, seen along the road (None: ends there)."""

    lane_id: int
    kind: str
    widths: tuple[Cubic, ...]
    marks: tuple[Mark, ...] = ()
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class Section:
    """Lanes from ``start_m`` on; ``centre`` are the lines on the reference line."""

    start_m: float
    lanes: tuple[Lane, ...]
    centre: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Link:
    """What lies before or behind a road: another road's ``contact`` end, or a junction (contact "")."""

    element_id: int
    contact: str = ""


@dataclass(frozen=True)
class Light:
    """A traffic light ``t_m`` left of the reference line, for the traffic of one lane.

    Attributes:
        forwards: whether it is for those who drive with the road.
    """

    signal_id: str
    s_m: float
    t_m: float
    lane_id: int
    forwards: bool


@dataclass(frozen=True)
class Road:
    """One road; ``junction``: the junction that it leads through, −1 for none."""

    road_id: int
    name: str
    pieces: tuple[Piece, ...]
    sections: tuple[Section, ...]
    before: Link
    after: Link
    heights: tuple[Cubic, ...] = (Cubic(0.0, 0.0),)
    junction: int = -1
    speed_kmh: int = 50
    lights: tuple[Light, ...] = ()

    @property
    def length_m(self) -> float:
        """Length of the reference line."""
        return sum(piece.length_m for piece in self.pieces)


@dataclass(frozen=True)
class Connection:
    """A way through a junction: from lane ``from_lane`` of a road onto lane ``to_lane`` of a connecting road."""

    incoming: int
    connecting: int
    from_lane: int
    to_lane: int


@dataclass(frozen=True)
class Junction:
    """A junction and its ways.

    Attributes:
        phases: signal ids of the lights that are green together, in their order; empty without lights.
    """

    junction_id: int
    name: str
    connections: tuple[Connection, ...]
    phases: tuple[tuple[str, ...], ...] = ()


def constant(width_m: float) -> tuple[Cubic, ...]:
    """The width of a lane that is equally wide everywhere."""
    return (Cubic(0.0, width_m),)


def _number(value: float, decimals: int = DECIMALS) -> str:
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _add(parent: ET.Element, tag: str, **attributes: float | str) -> ET.Element:
    values = {key: value if isinstance(value, str) else _number(value) for key, value in attributes.items()}
    return ET.SubElement(parent, tag, values)


def _add_cubic(parent: ET.Element, tag: str, start_name: str, cubic: Cubic) -> None:
    _add(parent, tag, **{start_name: cubic.start_m}, a=cubic.a, b=cubic.b, c=cubic.c, d=cubic.d)


def _add_mark(parent: ET.Element, mark: Mark, centre: bool) -> None:
    element = _add(
        parent, "roadMark", sOffset=mark.start_m, type=mark.kind, weight="standard", color=mark.color,
        width=mark.width_m,
    )  # fmt: skip
    if centre:  # a broken line there allows overtaking, not a route along the oncoming lane
        element.set("laneChange", "none")
    if "broken" in mark.kind:
        kind = _add(element, "type", name=mark.kind, width=mark.width_m)
        _add(kind, "line", length=mark.dash_m, space=mark.gap_m, tOffset=0, sOffset=0)


def _add_lane(parent: ET.Element, lane: Lane) -> None:
    element = _add(parent, "lane", id=lane.lane_id, type=lane.kind, level="false")
    link = _add(element, "link")
    for tag, other in (("predecessor", lane.before), ("successor", lane.after)):
        if other is not None:
            _add(link, tag, id=other)
    for width in lane.widths:
        _add_cubic(element, "width", "sOffset", width)
        # Over a long taper the last digits decide whether a lane ends at a width of zero or below.
        element[-1].set("d", _number(width.d, CUBIC_DECIMALS))
    for mark in lane.marks:
        _add_mark(element, mark, lane.lane_id == 0)


def _add_lanes(parent: ET.Element, sections: Sequence[Section]) -> None:
    lanes = _add(parent, "lanes")
    for section in sections:
        element = _add(lanes, "laneSection", s=section.start_m)
        left = sorted((lane for lane in section.lanes if lane.lane_id > 0), key=lambda lane: -lane.lane_id)
        right = sorted((lane for lane in section.lanes if lane.lane_id < 0), key=lambda lane: -lane.lane_id)
        if left:
            side = _add(element, "left")
            for lane in left:
                _add_lane(side, lane)
        _add_lane(_add(element, "center"), Lane(0, "none", (), section.centre))
        if right:
            side = _add(element, "right")
            for lane in right:
                _add_lane(side, lane)


def _add_light(parent: ET.Element, light: Light) -> None:
    element = _add(
        parent, "signal", s=light.s_m, t=light.t_m, id=light.signal_id, name="traffic light", dynamic="yes",
        orientation="+" if light.forwards else "-", zOffset=0, country="OpenDRIVE", type="1000001", subtype="-1",
        value="-1", height=0.9, width=0.3, hOffset=0,
    )  # fmt: skip
    _add(element, "validity", fromLane=light.lane_id, toLane=light.lane_id)


def _controller_id(junction: Junction, phase: int) -> int:
    return PHASES_PER_JUNCTION * junction.junction_id + phase


def _add_road(parent: ET.Element, road: Road) -> None:
    element = _add(parent, "road", name=road.name, length=road.length_m, id=road.road_id, junction=road.junction)
    link = _add(element, "link")
    for tag, other in (("predecessor", road.before), ("successor", road.after)):
        if other.contact:
            _add(link, tag, elementType="road", elementId=other.element_id, contactPoint=other.contact)
        else:
            _add(link, tag, elementType="junction", elementId=other.element_id)
    _add(_add(element, "type", s=0, type="town"), "speed", max=road.speed_kmh, unit="km/h")
    plan, s_m = _add(element, "planView"), 0.0
    for piece in road.pieces:
        start = piece.start
        heading = math.remainder(start.heading_rad, math.tau)
        geometry = _add(plan, "geometry", s=s_m, x=start.x_m, y=start.y_m, hdg=heading, length=piece.length_m)
        _add(geometry, piece.shape, **piece.parameters)
        s_m += piece.length_m
    profile = _add(element, "elevationProfile")
    for height in road.heights:
        _add_cubic(profile, "elevation", "s", height)
    _add_lanes(element, road.sections)
    if road.lights:
        signals = _add(element, "signals")
        for light in road.lights:
            _add_light(signals, light)


def opendrive_text(name: str, texture_pack: str, scenery_seed: int, roads: Sequence[Road],
                   junctions: Sequence[Junction] = ()) -> str:  # fmt: skip
    """OpenDRIVE 1.4 text of a map; equal arguments give equal bytes."""
    root = ET.Element("OpenDRIVE")
    header = _add(root, "header", revMajor=1, revMinor=4, name=name, version="1", date=_DATE)
    _add(header, "geoReference").text = _GEO_REFERENCE
    _add(header, "userData", code="texture_pack", value=texture_pack)
    _add(header, "userData", code="scenery_seed", value=scenery_seed)
    for road in roads:
        _add_road(root, road)
    for junction in junctions:
        for number, phase in enumerate(junction.phases):
            controller = _add(root, "controller", id=_controller_id(junction, number), name="lights", sequence=number)
            for signal_id in phase:
                _add(controller, "control", signalId=signal_id, type="0")
    for junction in junctions:
        element = _add(root, "junction", id=junction.junction_id, name=junction.name)
        for number, way in enumerate(junction.connections):
            connection = _add(
                element, "connection", id=number, incomingRoad=way.incoming, connectingRoad=way.connecting,
                contactPoint="start",
            )  # fmt: skip
            _add(connection, "laneLink", **{"from": way.from_lane, "to": way.to_lane})
        for number in range(len(junction.phases)):
            _add(element, "controller", id=_controller_id(junction, number), type="0", sequence=number)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
