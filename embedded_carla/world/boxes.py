"""Oriented boxes on the ground plane: do two of them overlap, and how?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

Corner = tuple[float, float]


@dataclass(slots=True)
class Box:
    """A box standing at (x, y), bottom at ``z_m``, turned by ``yaw_deg``; CARLA's axes, half sizes in m."""

    x_m: float
    y_m: float
    z_m: float
    yaw_deg: float
    half_length_m: float
    half_width_m: float
    half_height_m: float

    @property
    def radius_m(self) -> float:
        """Radius of the circle around it."""
        return math.hypot(self.half_length_m, self.half_width_m)

    def axes(self) -> tuple[Corner, Corner]:
        """Unit vectors along and across."""
        cos, sin = math.cos(math.radians(self.yaw_deg)), math.sin(math.radians(self.yaw_deg))
        return (cos, sin), (-sin, cos)

    def corners(self) -> list[Corner]:
        """The four corners on the ground."""
        (ux, uy), (vx, vy) = self.axes()
        a, b = self.half_length_m, self.half_width_m
        return [
            (self.x_m + i * a * ux + j * b * vx, self.y_m + i * a * uy + j * b * vy)
            for i, j in ((1, 1), (1, -1), (-1, -1), (-1, 1))
        ]

    def contains(self, point: Corner) -> bool:
        """True if a point on the ground lies in the box."""
        (ux, uy), (vx, vy) = self.axes()
        dx, dy = point[0] - self.x_m, point[1] - self.y_m
        return abs(dx * ux + dy * uy) <= self.half_length_m and abs(dx * vx + dy * vy) <= self.half_width_m


class Overlap(NamedTuple):
    """How two boxes overlap.

    Attributes:
        normal: unit vector from the first to the second, along which they part by the shortest way.
        depth_m: that way, > 0.
        point: middle of the overlap.
    """

    normal: Corner
    depth_m: float
    point: Corner


def may_touch(a: Box, b: Box) -> bool:
    """Cheap test: False if the circles around the boxes, or their heights, are apart."""
    reach = a.radius_m + b.radius_m
    dx, dy = b.x_m - a.x_m, b.y_m - a.y_m
    if dx * dx + dy * dy > reach * reach:
        return False
    return a.z_m <= b.z_m + 2.0 * b.half_height_m and b.z_m <= a.z_m + 2.0 * a.half_height_m


def overlap(a: Box, b: Box) -> Overlap | None:
    """The overlap of two boxes seen from above by the separating axis theorem, None if they are apart."""
    if not may_touch(a, b):
        return None
    dx, dy = b.x_m - a.x_m, b.y_m - a.y_m
    axes_a, axes_b = a.axes(), b.axes()
    best_depth_m, best = math.inf, (1.0, 0.0)
    for nx, ny in (*axes_a, *axes_b):
        distance = dx * nx + dy * ny
        depth_m = _reach(a, axes_a, nx, ny) + _reach(b, axes_b, nx, ny) - abs(distance)
        if depth_m <= 0.0:
            return None
        if depth_m < best_depth_m:
            sign = 1.0 if distance >= 0.0 else -1.0
            best_depth_m, best = depth_m, (sign * nx, sign * ny)
    inside = [corner for corner in b.corners() if a.contains(corner)]
    inside += [corner for corner in a.corners() if b.contains(corner)]
    if not inside:  # crossed like a plus sign: no corner of one lies in the other
        inside = [(a.x_m, a.y_m), (b.x_m, b.y_m)]
    point = (sum(x for x, _ in inside) / len(inside), sum(y for _, y in inside) / len(inside))
    return Overlap(best, best_depth_m, point)


def _reach(box: Box, axes: tuple[Corner, Corner], nx: float, ny: float) -> float:
    (ux, uy), (vx, vy) = axes
    return box.half_length_m * abs(ux * nx + uy * ny) + box.half_width_m * abs(vx * nx + vy * ny)
