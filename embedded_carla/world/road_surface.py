"""Height, slope and bank of the road under a vehicle, and where its pavement ends."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import carla

_BASE_M = 1.4
"""Half a wheelbase: the slope is taken between the axles."""
_COEFFICIENTS = ("a", "b", "c", "d")
_ANY_LANE = carla.LaneType.Any
_UNPAVED = (carla.LaneType.NONE, carla.LaneType.Border, carla.LaneType.Median)
Banks = dict[int, list[tuple[float, float, float, float, float]]]


class RoadSurface:
    """The road's surface, asked from the same map reader that the client has.

    Attributes:
        flat: True if every road lies at height 0, so that nobody needs to ask.
    """

    def __init__(self, carla_map: carla.Map, root: ElementTree.Element) -> None:
        self._map = carla_map
        profiles = [*root.iter("elevation"), *root.iter("superelevation")]
        self.flat = all(float(p.get(name, "0")) == 0.0 for p in profiles for name in _COEFFICIENTS)
        self._banks = _read_banks(root)

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

    def attitude(self, x_m: float, y_m: float, z_m: float, yaw_deg: float) -> tuple[float, float, float]:
        """Height (m), pitch (deg, nose up) and roll (deg, right side down) of a car; arguments as above.

        The client's map reader leaves superelevation out of its heights, and so does the road drawn here: a
        banked road tilts the car and pulls at it, but lies where the client's waypoints are.
        """
        height_m, pitch_deg = self.height_and_pitch(x_m, y_m, z_m, yaw_deg)
        bank_rad, road_yaw_deg = self._bank(x_m, y_m, z_m) if self._banks else (0.0, 0.0)
        if bank_rad == 0.0:
            return height_m, pitch_deg, 0.0
        # Positive superelevation falls to the right of the road's own direction.
        turn = math.radians(yaw_deg - road_yaw_deg)
        bank_deg = math.degrees(bank_rad)
        return height_m, pitch_deg - bank_deg * math.sin(turn), bank_deg * math.cos(turn)

    def paved(self, x_m: float, y_m: float, z_m: float) -> bool:
        """True on any lane that is paved; CARLA's axes."""
        waypoint = self._map.get_waypoint(carla.Location(x_m, y_m, z_m), False, _ANY_LANE)
        return waypoint is not None and waypoint.lane_type not in _UNPAVED

    def _bank(self, x_m: float, y_m: float, z_m: float) -> tuple[float, float]:
        """Superelevation (rad) and direction of the road itself (deg, CARLA's yaw)."""
        waypoint = self._map.get_waypoint(carla.Location(x_m, y_m, z_m), True, _ANY_LANE)
        if waypoint is None:
            return 0.0, 0.0
        record = next((r for r in reversed(self._banks.get(waypoint.road_id, [])) if r[0] <= waypoint.s), None)
        if record is None:
            return 0.0, 0.0
        start_m, a, b, c, d = record
        ds = waypoint.s - start_m
        road_yaw_deg = waypoint.transform.rotation.yaw + (180.0 if waypoint.lane_id > 0 else 0.0)
        return a + ds * (b + ds * (c + ds * d)), road_yaw_deg

    def _height(self, x_m: float, y_m: float, z_m: float) -> float:
        waypoint = self._map.get_waypoint(carla.Location(x_m, y_m, z_m))
        return 0.0 if waypoint is None else float(waypoint.transform.location.z)


def _read_banks(root: ElementTree.Element) -> Banks:
    """Superelevation records (s, a, b, c, d) by road, of the roads that have any."""
    banks: Banks = {}
    for road in root.iter("road"):
        records = [
            (float(e.get("s", "0")), *(float(e.get(name, "0")) for name in _COEFFICIENTS))
            for e in road.iter("superelevation")
        ]
        if any(value != 0.0 for _, *record in records for value in record):
            banks[int(road.get("id", "0"))] = sorted(records)  # type: ignore[arg-type]
    return banks
