"""Height and slope of the road under a vehicle."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import carla

_BASE_M = 1.4
"""Half a wheelbase: the slope is taken between the axles."""
_COEFFICIENTS = ("a", "b", "c", "d")


class RoadSurface:
    """The road's surface, asked from the same map reader that the client has.

    Attributes:
        flat: True if every road lies at height 0, so that nobody needs to ask.
    """

    def __init__(self, carla_map: carla.Map, root: ElementTree.Element) -> None:
        self._map = carla_map
        profiles = [*root.iter("elevation"), *root.iter("superelevation")]
        self.flat = all(float(p.get(name, "0")) == 0.0 for p in profiles for name in _COEFFICIENTS)

    def height_and_pitch(self, x_m: float, y_m: float, z_m: float, yaw_deg: float) -> tuple[float, float]:
        """Height (m) at a point, and pitch (deg, nose up positive) of a car there; CARLA's axes.

        Args:
            z_m: present height: tells a bridge from the road under it.
            yaw_deg: where the car faces.
        """
        if self.flat:
            return 0.0, 0.0
        dx, dy = _BASE_M * math.cos(math.radians(yaw_deg)), _BASE_M * math.sin(math.radians(yaw_deg))
        front_m = self._height(x_m + dx, y_m + dy, z_m)
        rear_m = self._height(x_m - dx, y_m - dy, z_m)
        return 0.5 * (front_m + rear_m), math.degrees(math.atan2(front_m - rear_m, 2.0 * _BASE_M))

    def _height(self, x_m: float, y_m: float, z_m: float) -> float:
        waypoint = self._map.get_waypoint(carla.Location(x_m, y_m, z_m))
        return 0.0 if waypoint is None else float(waypoint.transform.location.z)
