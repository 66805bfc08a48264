"""The route's lane as arrays, from `carla.Map` geometry (no server needed)."""

from __future__ import annotations

import itertools
import math

import carla
import numpy as np
from scipy.interpolate import CubicSpline

from agents.geometry import FloatArray, Route

NODE_SPACING_M = 1.0
ROUTE_SPACING_M = 0.25
PAVED = (carla.LaneType.Driving, carla.LaneType.Shoulder, carla.LaneType.Stop, carla.LaneType.Bidirectional)


class RouteError(ValueError):
    """No route can be built from this start."""


def build_route(carla_map: carla.Map, road_id: int, lane_id: int, start_s_m: float, length_m: float) -> Route:
    """Follow one lane from a start point and sample its centre line.

    The lane is carried forward along the road (`waypoint.next`), never re-queried by position, so a car far
    off its lane is still measured against the lane it was told to keep.

    Args:
        carla_map: the parsed OpenDRIVE map.
        road_id, lane_id, start_s_m: where the route starts (OpenDRIVE road, lane, s).
        length_m: wanted length; the route is shorter where the lane ends.

    Returns:
        Route in right-handed axes (y = −CARLA y), 0.25 m spacing.

    Raises:
        RouteError: if the start is not a lane or fewer than 20 m of lane follow.
    """
    waypoint = carla_map.get_waypoint_xodr(road_id, lane_id, start_s_m)
    if waypoint is None:
        raise RouteError(f"no lane at road {road_id}, lane {lane_id}, s = {start_s_m} m of this map")
    waypoints = _follow(waypoint, length_m)
    if len(waypoints) < 20:
        raise RouteError(
            f"only {len(waypoints)} m of lane follow road {road_id}, lane {lane_id}, s = {start_s_m} m; 20 m needed"
        )
    x = np.array([w.transform.location.x for w in waypoints])
    y = -np.array([w.transform.location.y for w in waypoints])
    z = np.array([w.transform.location.z for w in waypoints])
    heading = np.unwrap(np.radians([-w.transform.rotation.yaw for w in waypoints]))
    s_nodes = _arc_length(x, y, heading)
    s = np.arange(0.0, s_nodes[-1], ROUTE_SPACING_M)
    heading_s = CubicSpline(s_nodes, heading)(s)
    # Curvature from the exact headings of the nodes: positions are float32 and would give a noisy second derivative.
    curvature = np.gradient(heading, s_nodes)
    edges = np.array([_paved_half_widths(w) for w in waypoints])
    outside = np.array([_outside_domain(w) for w in waypoints])
    return Route(
        s_m=s,
        x_m=CubicSpline(s_nodes, x)(s),
        y_m=CubicSpline(s_nodes, y)(s),
        z_m=np.interp(s, s_nodes, z),
        heading_rad=heading_s,
        curvature_1pm=np.interp(s, s_nodes, curvature),
        lane_width_m=np.interp(s, s_nodes, [w.lane_width for w in waypoints]),
        road_half_width_left_m=np.interp(s, s_nodes, edges[:, 0]),
        road_half_width_right_m=np.interp(s, s_nodes, edges[:, 1]),
        odd_mask=outside[np.clip(np.searchsorted(s_nodes, s), 0, len(outside) - 1)],
    )


def _follow(waypoint: carla.Waypoint, length_m: float) -> list[carla.Waypoint]:
    waypoints = [waypoint]
    for _ in itertools.repeat(None, math.ceil(length_m / NODE_SPACING_M)):
        following = waypoints[-1].next(NODE_SPACING_M)
        if not following:
            break
        # Where the lane forks, keep to the branch that turns least: the route goes straight on.
        here = waypoints[-1].transform.rotation.yaw
        waypoints.append(min(following, key=lambda w: abs((w.transform.rotation.yaw - here + 180) % 360 - 180)))
    return waypoints


def _arc_length(x: FloatArray, y: FloatArray, heading: FloatArray) -> FloatArray:
    chord = np.hypot(np.diff(x), np.diff(y))
    half_turn = np.diff(heading) / 2
    # A chord of a circle that turns by 2a is sin(a)/a times its arc.
    arc = chord / np.sinc(half_turn / np.pi)
    return np.concatenate([[0.0], np.cumsum(arc)])


def _paved_half_widths(waypoint: carla.Waypoint) -> tuple[float, float]:
    """Distance from the lane centre to the edge of the paved area, (left, right), m."""
    half = waypoint.lane_width / 2
    return half + _paved_beyond(waypoint, leftward=True), half + _paved_beyond(waypoint, leftward=False)


def _paved_beyond(waypoint: carla.Waypoint, leftward: bool) -> float:
    total = 0.0
    lane = waypoint
    for _ in range(16):
        # Beyond the centre line the lane's own left is our right.
        same_direction = lane.lane_id * waypoint.lane_id > 0
        lane = lane.get_left_lane() if leftward == same_direction else lane.get_right_lane()
        if lane is None or lane.lane_type not in PAVED:
            break
        total += lane.lane_width
    return total


def _outside_domain(waypoint: carla.Waypoint) -> bool:
    missing = carla.LaneMarkingType.NONE
    return bool(
        waypoint.is_junction
        or waypoint.left_lane_marking.type == missing
        or waypoint.right_lane_marking.type == missing
    )
