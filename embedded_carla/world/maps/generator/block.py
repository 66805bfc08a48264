"""A town block: streets round and through it, a crossroads, three T-junctions and a roundabout."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from embedded_carla.world.maps.generator.crossings import SIDEWALK_M, Arm, connect
from embedded_carla.world.maps.generator.curves import arc, line
from embedded_carla.world.maps.generator.opendrive import (
    Cubic,
    Junction,
    Lane,
    Light,
    Link,
    Mark,
    Pose,
    Road,
    Section,
    constant,
    opendrive_text,
)

NAME = "Block"
XS_M, YS_M = (0.0, 140.0, 280.0), (0.0, 120.0, 240.0)
LANE_M = 3.5
SETBACK_M = 14.0
CORNER_M = 20.0
ROUNDABOUT = (2, 1)
ROUNDABOUT_SETBACK_M, ISLAND_M, RING_LANE_M, MOUTH_RAD = 32.0, 12.0, 5.0, math.radians(36.0)
SIDE_LANE_M, SIDE_TAPER_M, SIDE_END_M = 2.2, 6.0, 10.0
NO_OVERTAKING_M = 25.0
SPEED_KMH = 30
LIT = ((1, 0), (1, 2), (0, 1), (1, 1))
"""Nodes with traffic lights, one phase for each street that leads there."""
LIGHT_BEFORE_END_M, LIGHT_BESIDE_M = 0.5, 0.6
FIRST_RING, WAYS_PER_JUNCTION = 60, 20

Node = tuple[int, int]
_CORNERS = ((0, 0), (2, 0), (2, 2), (0, 2))
_PERIMETER = ((0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1))
_CROSS = (
    ((0, 1), (1, 1), "parking"),
    ((1, 1), (2, 1), "parking"),
    ((1, 0), (1, 1), "biking"),
    ((1, 1), (1, 2), "biking"),
)


@dataclass(frozen=True)
class Street:
    """A straight between two neighbouring nodes; ``side_lane``: kind of the lanes beside the driving ones."""

    road_id: int
    start: Node
    stop: Node
    side_lane: str | None

    @property
    def heading_rad(self) -> float:
        """Direction from the first to the second node."""
        return math.atan2(self.stop[1] - self.start[1], self.stop[0] - self.start[0])


def _streets() -> list[Street]:
    """The perimeter counter-clockwise, so that corners join equal lane ids, then the streets through the middle."""
    pairs: list[tuple[Node, Node, str | None]] = [
        (node, _PERIMETER[(k + 1) % len(_PERIMETER)], None) for k, node in enumerate(_PERIMETER)
    ]
    return [Street(k + 1, start, stop, kind) for k, (start, stop, kind) in enumerate([*pairs, *_CROSS])]


def _setback(node: Node) -> float:
    return CORNER_M if node in _CORNERS else ROUNDABOUT_SETBACK_M if node == ROUNDABOUT else SETBACK_M


def _ahead(pose: Pose, distance_m: float) -> Pose:
    x_m = pose.x_m + distance_m * math.cos(pose.heading_rad)
    return Pose(x_m, pose.y_m + distance_m * math.sin(pose.heading_rad), pose.heading_rad)


def _ends(street: Street) -> tuple[Pose, float]:
    """Pose at the street's start and its length."""
    (i, j), (p, q) = street.start, street.stop
    node = Pose(XS_M[i], YS_M[j], street.heading_rad)
    low, high = _setback(street.start), _setback(street.stop)
    return _ahead(node, low), math.hypot(XS_M[p] - XS_M[i], YS_M[q] - YS_M[j]) - low - high


def _arm(street: Street, node: Node) -> Arm:
    pose, length_m = _ends(street)
    if node == street.start:
        return Arm(street.road_id, "start", pose, LANE_M)
    stop = _ahead(pose, length_m)
    return Arm(street.road_id, "end", Pose(stop.x_m, stop.y_m, stop.heading_rad + math.pi), LANE_M)


def _side_lanes(sign: int, street: Street, length_m: float) -> list[Lane]:
    """Lanes of one direction. Parking and cycle lanes taper away before the junctions."""
    curb = Mark("curb", width_m=0.1)
    if street.side_lane is None:
        before = sign if street.start in _CORNERS else None
        after = sign if street.stop in _CORNERS else None
        return [
            Lane(sign, "driving", constant(LANE_M), (curb,), before, after),
            Lane(2 * sign, "sidewalk", constant(SIDEWALK_M), (), before and 2 * before, after and 2 * after),
        ]
    slope, last = SIDE_LANE_M / SIDE_TAPER_M, length_m - SIDE_END_M
    widths = (
        Cubic(0.0, 0.0),
        Cubic(SIDE_END_M, 0.0, slope),
        Cubic(SIDE_END_M + SIDE_TAPER_M, SIDE_LANE_M),
        Cubic(last - SIDE_TAPER_M, SIDE_LANE_M, -slope),
        Cubic(last, 0.0),
    )
    kind = "broken" if street.side_lane == "parking" else "solid"
    separator = Mark(kind, start_m=SIDE_END_M, dash_m=1.0, gap_m=1.0)
    return [
        Lane(sign, "driving", constant(LANE_M), (Mark("none"), separator, Mark("none", start_m=last))),
        Lane(2 * sign, street.side_lane, widths, (curb,)),
        Lane(3 * sign, "sidewalk", constant(SIDEWALK_M)),
    ]


def _centre(street: Street, length_m: float) -> tuple[Mark, ...]:
    if street.side_lane == "parking":
        return (Mark("solid solid", "yellow"),)
    return (Mark("solid"), Mark("broken", start_m=NO_OVERTAKING_M), Mark("solid", start_m=length_m - NO_OVERTAKING_M))


def _light_id(street: Street, node: Node) -> str:
    return f"light {street.road_id} {'end' if node == street.stop else 'start'}"


def _lights(street: Street, length_m: float) -> tuple[Light, ...]:
    """Lights at the street's ends, on the sidewalk to the right of those who arrive."""
    beside_m = LANE_M + LIGHT_BESIDE_M
    lights = []
    if street.start in LIT:
        lights.append(Light(_light_id(street, street.start), LIGHT_BEFORE_END_M, beside_m, 1, False))
    if street.stop in LIT:
        lights.append(Light(_light_id(street, street.stop), length_m - LIGHT_BEFORE_END_M, -beside_m, -1, True))
    return tuple(lights)


def _beyond(street: Street, node: Node) -> Link:
    """What lies beyond the street at a node."""
    if node in _CORNERS:
        return Link(_corner_id(node), "start" if node == street.stop else "end")
    return Link(_mouth_id(street) if node == ROUNDABOUT else _junction_id(node))


def _corner_id(node: Node) -> int:
    return 50 + _CORNERS.index(node)


def _junction_id(node: Node) -> int:
    return 100 + 3 * node[0] + node[1]


def _mouth_id(street: Street) -> int:
    return 200 + street.road_id


def _street_road(street: Street) -> Road:
    pose, length_m = _ends(street)
    lanes = (*_side_lanes(1, street, length_m), *_side_lanes(-1, street, length_m))
    section = Section(0.0, lanes, _centre(street, length_m))
    before, after = _beyond(street, street.start), _beyond(street, street.stop)
    return Road(
        street.road_id, f"street {street.road_id}", (line(pose, length_m),), (section,), before, after,
        speed_kmh=SPEED_KMH, lights=_lights(street, length_m),
    )  # fmt: skip


def _corner_road(node: Node, streets: Iterable[Street]) -> Road:
    """A quarter circle between the two streets that meet at a corner."""
    into = next(street for street in streets if street.stop == node)
    out = next(street for street in streets if street.start == node)
    pose, length_m = _ends(into)
    lanes = [
        lane
        for sign in (1, -1)
        for lane in (
            Lane(sign, "driving", constant(LANE_M), (Mark("curb"),), sign, sign),
            Lane(2 * sign, "sidewalk", constant(SIDEWALK_M), (), 2 * sign, 2 * sign),
        )
    ]
    bend = arc(_ahead(pose, length_m), 0.5 * math.pi * CORNER_M, 1.0 / CORNER_M)
    return Road(
        _corner_id(node), f"corner {node}", (bend,), (Section(0.0, tuple(lanes), (Mark("solid"),)),),
        Link(into.road_id, "end"), Link(out.road_id, "start"), speed_kmh=30,
    )  # fmt: skip


def _ring_pose(angle_rad: float) -> Pose:
    """On the island's edge, looking counter-clockwise."""
    x_m, y_m = XS_M[ROUNDABOUT[0]], YS_M[ROUNDABOUT[1]]
    return Pose(x_m + ISLAND_M * math.cos(angle_rad), y_m + ISLAND_M * math.sin(angle_rad), angle_rad + 0.5 * math.pi)


def _roundabout(streets: list[Street]) -> tuple[list[Junction], list[Road]]:
    """The ring between the mouths of the streets, and a junction at each mouth."""
    found = [(_arm(street, ROUNDABOUT), street) for street in streets if ROUNDABOUT in (street.start, street.stop)]
    mouths = sorted(found, key=lambda pair: pair[0].pose.heading_rad % math.tau)
    angles = [arm.pose.heading_rad % math.tau for arm, _ in mouths]
    roads, junctions, ring = [], [], range(FIRST_RING, FIRST_RING + len(mouths))
    lanes = (Lane(-1, "driving", constant(RING_LANE_M)), Lane(-2, "sidewalk", constant(SIDEWALK_M)))
    for k, (arm, street) in enumerate(mouths):
        following = (k + 1) % len(mouths)
        swept = (angles[following] - angles[k]) % math.tau - 2.0 * MOUTH_RAD
        piece = arc(_ring_pose(angles[k] + MOUTH_RAD), swept * ISLAND_M, 1.0 / ISLAND_M)
        links = Link(_mouth_id(street)), Link(_mouth_id(mouths[following][1]))
        section = Section(0.0, lanes, (Mark("solid"),))
        roads.append(Road(ring[k], f"ring {k}", (piece,), (section,), *links, speed_kmh=30))
        enters, leaves = _ring_pose(angles[k] - MOUTH_RAD), _ring_pose(angles[k] + MOUTH_RAD)
        backwards = Pose(enters.x_m, enters.y_m, enters.heading_rad + math.pi)
        before = Arm(ring[k - 1], "end", backwards, RING_LANE_M, leaving=False)
        after = Arm(ring[k], "start", leaves, RING_LANE_M, arriving=False)
        junction, ways = connect(_mouth_id(street), WAYS_PER_JUNCTION * _mouth_id(street), (arm, before, after), False)
        junctions.append(junction)
        roads += ways
    return junctions, roads


def block() -> str:
    """OpenDRIVE text of the map."""
    streets = _streets()
    roads = [_street_road(street) for street in streets]
    roads += [_corner_road(node, streets) for node in _CORNERS]
    junctions, ring = _roundabout(streets)
    roads += ring
    for node in LIT:
        meeting = [street for street in streets if node in (street.start, street.stop)]
        arms = tuple(_arm(street, node) for street in meeting)
        junction, ways = connect(_junction_id(node), WAYS_PER_JUNCTION * _junction_id(node), arms, True)
        junctions.append(replace(junction, phases=tuple((_light_id(street, node),) for street in meeting)))
        roads += ways
    return opendrive_text(NAME, "default", 13, roads, junctions)
