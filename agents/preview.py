"""The road ahead in the car's own axes: what every preview driver looks at."""

from __future__ import annotations

import math

import numpy as np

from agents.geometry import FloatArray, Route


def route_points(route: Route, s_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points of the lane centre at arc lengths ``s_m`` (M,), linearly interpolated.

    Before the start and after the end the route goes on straight along its last tangent, so that a driver
    near the end of the road still has something to aim at.

    Returns:
        (x_m, y_m), each (M,), right-handed axes.
    """
    x_m = np.interp(s_m, route.s_m, route.x_m)
    y_m = np.interp(s_m, route.s_m, route.y_m)
    beyond_m = np.maximum(s_m - route.length_m, 0.0)
    before_m = np.minimum(s_m, 0.0)
    last, first = route.heading_rad[-1], route.heading_rad[0]
    x_m = x_m + beyond_m * math.cos(last) + before_m * math.cos(first)
    y_m = y_m + beyond_m * math.sin(last) + before_m * math.sin(first)
    return x_m, y_m


def points_in_car_axes(
    route: Route, s_m: FloatArray, x_m: float, y_m: float, heading_rad: float
) -> tuple[FloatArray, FloatArray]:
    """Lane centre points at ``s_m`` (M,) as seen from a pose.

    Returns:
        (forward_m, left_m), each (M,).
    """
    point_x_m, point_y_m = route_points(route, s_m)
    dx, dy = point_x_m - x_m, point_y_m - y_m
    cos, sin = math.cos(heading_rad), math.sin(heading_rad)
    return dx * cos + dy * sin, dy * cos - dx * sin


def mean_curvature_1pm(route: Route, from_s_m: float, to_s_m: float) -> float:
    """Mean signed curvature on [from, to], left positive, 1/m."""
    part = route.curvature_1pm[route.index(from_s_m) : route.index(to_s_m) + 1]
    return float(part.mean())
