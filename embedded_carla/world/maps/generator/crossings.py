"""Junctions: connecting roads between the ends of streets."""

from __future__ import annotations

import math
from dataclasses import dataclass

from embedded_carla.world.maps.generator.curves import turn
from embedded_carla.world.maps.generator.opendrive import (
    Connection,
    Cubic,
    Junction,
    Lane,
    Link,
    Mark,
    Pose,
    Road,
    Section,
    constant,
)

SIDEWALK_M = 2.0
_GUIDE = Mark("broken", dash_m=1.0, gap_m=1.0)
_LEFT_TURN_RAD = math.radians(45.0)


@dataclass(frozen=True)
class Arm:
    """The end of a street at a junction, and its innermost lanes.

    Attributes:
        road_id: the street.
        contact: which of its ends, "start" or "end".
        pose: that end of its reference line, looking out of the junction.
        lane_m: width of its lanes there.
        arriving, leaving: whether a lane leads into the junction, and out of it.
    """

    road_id: int
    contact: str
    pose: Pose
    lane_m: float
    arriving: bool = True
    leaving: bool = True

    @property
    def arriving_lane(self) -> int:
        """Id of the lane that leads into the junction."""
        return -1 if self.contact == "end" else 1

    @property
    def leaving_lane(self) -> int:
        """Id of the lane that leads out of the junction."""
        return -self.arriving_lane

    @property
    def arrival(self) -> Pose:
        """Where and how traffic enters the junction, on the left border of its lane."""
        return Pose(self.pose.x_m, self.pose.y_m, self.pose.heading_rad + math.pi)


def _connecting_road(road_id: int, junction_id: int, start: Arm, stop: Arm, outermost: bool, guides: bool) -> Road:
    """One lane from arm to arm; ``outermost``: with the sidewalk beside it; ``guides``: left turns get a guide line."""
    piece = turn(start.arrival, stop.pose)
    slope = (stop.lane_m - start.lane_m) / piece.length_m
    lanes = [Lane(-1, "driving", (Cubic(0.0, start.lane_m, slope),), (), start.arriving_lane, stop.leaving_lane)]
    if outermost:
        lanes.append(Lane(-2, "sidewalk", constant(SIDEWALK_M)))
    angle = math.remainder(stop.pose.heading_rad - start.arrival.heading_rad, math.tau)
    centre = (_GUIDE,) if guides and angle > _LEFT_TURN_RAD else ()
    return Road(
        road_id, f"way {road_id}", (piece,), (Section(0.0, tuple(lanes), centre),),
        Link(start.road_id, start.contact), Link(stop.road_id, stop.contact), junction=junction_id, speed_kmh=30,
    )  # fmt: skip


def connect(junction_id: int, first_road_id: int, arms: tuple[Arm, ...], guides: bool) -> tuple[Junction, list[Road]]:
    """Lead every arriving lane to every other arm that can be left by; ``guides``: with lines for left turns."""
    roads: list[Road] = []
    connections: list[Connection] = []
    for start in arms:
        goals = [arm for arm in arms if arm.leaving and arm.road_id != start.road_id]
        if not start.arriving or not goals:
            continue
        angles = [math.remainder(a.pose.heading_rad - start.arrival.heading_rad, math.tau) for a in goals]
        for stop, angle in zip(goals, angles, strict=True):
            road_id = first_road_id + len(roads)
            roads.append(_connecting_road(road_id, junction_id, start, stop, angle == min(angles), guides))
            connections.append(Connection(start.road_id, road_id, start.arriving_lane, -1))
    return Junction(junction_id, f"junction {junction_id}", tuple(connections)), roads
