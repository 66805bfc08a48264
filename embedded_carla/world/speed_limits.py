"""Speed limits: those that the roads of the OpenDRIVE text tell."""

from __future__ import annotations

from bisect import bisect_right
from xml.etree import ElementTree

import carla

DEFAULT_KMH = 30.0
"""What CARLA reports for a vehicle that has not passed a speed sign."""
_KMH = {"km/h": 1.0, "kmh": 1.0, "mph": 1.609344, "m/s": 3.6, "": 3.6}
"""Per unit of OpenDRIVE's ``speed``; its default is m/s."""


class SpeedLimits:
    """Limit of every road, from its ``<type><speed max=...>``; 30 km/h where none is told.

    Attributes:
        everywhere_kmh: the limit, if all roads share one, so that nobody needs to ask; else None.
    """

    def __init__(self, carla_map: carla.Map, root: ElementTree.Element) -> None:
        self._map = carla_map
        self._roads = {int(road.get("id", "-1")): _limits(road) for road in root.iterfind("road")}
        values = {kmh for limits in self._roads.values() for _, kmh in limits}
        self.everywhere_kmh = values.pop() if len(values) == 1 else None

    def at(self, x_m: float, y_m: float, z_m: float) -> float:
        """Limit (km/h) of the road nearest to a place; CARLA's axes."""
        if self.everywhere_kmh is not None:
            return self.everywhere_kmh
        waypoint = self._map.get_waypoint(carla.Location(x_m, y_m, z_m))
        limits = self._roads.get(waypoint.road_id) if waypoint is not None else None
        if not limits:
            return DEFAULT_KMH
        return limits[max(bisect_right(limits, (waypoint.s, float("inf"))) - 1, 0)][1]


def _limits(road: ElementTree.Element) -> list[tuple[float, float]]:
    """(start s in m, limit in km/h), in order of s, beginning at 0."""
    found = sorted((float(kind.get("s", "0")), _kmh(kind.find("speed"))) for kind in road.iterfind("type"))
    return found if found and found[0][0] <= 0.0 else [(0.0, DEFAULT_KMH), *found]


def _kmh(speed: ElementTree.Element | None) -> float:
    """A limit; words ("no limit") and unknown units count as none told."""
    if speed is None:
        return DEFAULT_KMH
    try:
        value = float(speed.get("max", ""))
        factor = _KMH[speed.get("unit", "")]
    except (ValueError, KeyError):
        return DEFAULT_KMH
    return value * factor if 0.0 < value * factor < 1000.0 else DEFAULT_KMH
