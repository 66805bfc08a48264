"""The signals of an OpenDRIVE map: where its traffic lights and signs stand, and which lights take turns."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import carla

from embedded_carla.world.boxes import Box
from embedded_carla.world.pose import Pose, wrapped_deg

LIGHT_TYPE = "1000001"
"""OpenDRIVE's number for a traffic light with three lamps, the one that the client's map reader knows."""
SPEED_LIMIT_TYPE = "274"
_SIGN_NAMES = {"206": "traffic.stop", "205": "traffic.yield", SPEED_LIMIT_TYPE: "traffic.speed_limit"}
TRIGGER_HALF_LENGTH_M = 4.0
TRIGGER_BEFORE_SIGNAL_M = 3.0
"""Air between the front end of the stretch on which a light is obeyed and the signal itself."""
TRIGGER_HALF_HEIGHT_M = 1.5


@dataclass(frozen=True)
class LightPlace:
    """One traffic light: its signal, where it stands (looking to the traffic's right, as in CARLA), where it holds."""

    signal_id: str
    pose: Pose
    trigger: Box


@dataclass(frozen=True)
class SignPlace:
    """One sign; ``blueprint_id``: such as traffic.stop or traffic.speed_limit.50."""

    signal_id: str
    blueprint_id: str
    pose: Pose


@dataclass(frozen=True)
class Signals:
    """All signals of a map.

    Attributes:
        groups: of lights that take turns, each a sequence of phases, each the signal ids that are green together.
            A light that no junction's controller names is a group by itself.
    """

    lights: tuple[LightPlace, ...] = ()
    signs: tuple[SignPlace, ...] = ()
    groups: tuple[tuple[tuple[str, ...], ...], ...] = ()


def read_signals(carla_map: carla.Map, root: ElementTree.Element) -> Signals:
    """Signals as the client's own map reader sees them, so that landmarks and actors agree.

    Args:
        root: the same OpenDRIVE text, parsed: it tells which controllers a junction has, and their order.
    """
    if root.find("road/signals/signal") is None:
        return Signals()
    lights: list[LightPlace] = []
    signs: list[SignPlace] = []
    placed: set[str] = set()
    for landmark in sorted(carla_map.get_all_landmarks(), key=lambda landmark: landmark.id):
        lanes = _lanes(carla_map, landmark)
        if not lanes or landmark.id in placed:  # other roads may refer to a signal: it stands once
            continue
        placed.add(landmark.id)
        if landmark.type == LIGHT_TYPE:
            lights.append(LightPlace(landmark.id, _pose(landmark, lanes[0]), _trigger(lanes)))
        elif landmark.type in _SIGN_NAMES:
            signs.append(SignPlace(landmark.id, _sign_name(landmark), _pose(landmark, lanes[0])))
    return Signals(tuple(lights), tuple(signs), _groups(root, [light.signal_id for light in lights]))


def _sign_name(landmark: carla.Landmark) -> str:
    name = _SIGN_NAMES[landmark.type]
    return f"{name}.{landmark.value:.0f}" if landmark.type == SPEED_LIMIT_TYPE else name


def _lanes(carla_map: carla.Map, landmark: carla.Landmark) -> list[carla.Waypoint]:
    """The driving lanes for which a signal stands, at the signal, in order of their ids."""
    ids = {lane for low, high in landmark.get_lane_validities() for lane in range(min(low, high), max(low, high) + 1)}
    found = [carla_map.get_waypoint_xodr(landmark.road_id, lane, landmark.s) for lane in sorted(ids - {0})]
    return [waypoint for waypoint in found if waypoint is not None and waypoint.lane_type == carla.LaneType.Driving]


def _pose(landmark: carla.Landmark, lane: carla.Waypoint) -> Pose:
    at = landmark.transform.location
    yaw_deg = wrapped_deg(lane.transform.rotation.yaw + 90.0)
    return Pose(at.x, at.y, lane.transform.location.z, 0.0, yaw_deg, 0.0)


def _trigger(lanes: Sequence[carla.Waypoint]) -> Box:
    """The stretch before a signal, across all its lanes."""
    back_m = TRIGGER_HALF_LENGTH_M + TRIGGER_BEFORE_SIGNAL_M
    middles = [next(iter(lane.previous(back_m)), lane).transform for lane in lanes]
    x_m, y_m, z_m = (
        sum(getattr(middle.location, axis) for middle in middles) / len(middles) for axis in ("x", "y", "z")
    )
    half_width_m = 0.5 * sum(lane.lane_width for lane in lanes)
    yaw_deg = wrapped_deg(middles[0].rotation.yaw)
    return Box(x_m, y_m, z_m, yaw_deg, TRIGGER_HALF_LENGTH_M, half_width_m, TRIGGER_HALF_HEIGHT_M)


def trigger_to_wire(place: LightPlace, actor_id: int) -> list[object]:
    """BoundingBox in the light's own axes: x across the lanes, y along them."""
    dx, dy = place.trigger.x_m - place.pose.x_m, place.trigger.y_m - place.pose.y_m
    yaw_rad = math.radians(place.pose.yaw_deg)
    cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
    centre = [dx * cos + dy * sin, dy * cos - dx * sin, place.trigger.z_m - place.pose.z_m]
    extent = [place.trigger.half_width_m, place.trigger.half_length_m, place.trigger.half_height_m]
    return [centre, extent, [0.0, 0.0, 0.0], actor_id]


def _groups(root: ElementTree.Element, signal_ids: Sequence[str]) -> tuple[tuple[tuple[str, ...], ...], ...]:
    free = set(signal_ids)
    controlled: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for controller in root.iterfind("controller"):
        controls = [control.get("signalId", "") for control in controller.iterfind("control")]
        controlled[controller.get("id", "")] = tuple(sorted(free.intersection(controls)))
    groups = []
    for junction in root.iterfind("junction"):
        members = sorted(junction.iterfind("controller"), key=lambda element: int(element.get("sequence") or 0))
        phases = [tuple(s for s in controlled[member.get("id", "")] if s in free) for member in members]
        phases = [phase for phase in phases if phase]
        if phases:
            groups.append(tuple(phases))
            free.difference_update(*phases)
    return (*groups, *(((signal_id,),) for signal_id in sorted(free)))
