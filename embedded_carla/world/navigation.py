"""Where walkers may walk: the sidewalks of a map, its streets, and crossings at their mouths, as a mesh."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import carla
import numpy as np

from embedded_carla.scene.lanes import LaneSection, RoadLanes, read_roads
from embedded_carla.wire.detour import MOST_VERTICES, Polygon, mesh_set
from embedded_carla.world.map_library import LoadedMap

SIDEWALK, CROSSWALK, ROAD = 1, 2, 3
"""CARLA's kinds of ground; a walker's flag for kind k is bit k."""
STATION_M = 4.0
INSET_M = 1e-3
JOIN_M = 0.15
"""Corners closer than this are one: roads meet within it, and lanes that taper away leave no splinters."""
CROSSING_M = (0.5, 3.0)
"""A crossing's near and far side, from the end of a street at a junction."""
_SIDEWALK_TYPE = "sidewalk"
_ROAD_TYPES = ("driving", "parking", "biking", "shoulder", "stop", "bidirectional")
Row = list[tuple[float, float, float]]


@dataclass(frozen=True)
class NavigationFile:
    """A mesh under a name that tells its content: clients keep what they have fetched once."""

    name: str
    content: bytes


def navigation_file(loaded: LoadedMap) -> NavigationFile | None:
    """The mesh of a map, None if it has no sidewalks (or too many for one mesh)."""
    if _SIDEWALK_TYPE not in loaded.xodr:  # most maps: nothing to read at all
        return None
    roads = read_roads(loaded.xodr)
    if not any(
        lane.lane_type == _SIDEWALK_TYPE for road in roads for section in road.sections for lane in section.lanes
    ):
        return None
    corners, polygons = _Corners(), []
    for road in roads:
        for section in road.sections:
            polygons += _section_polygons(loaded.carla_map, road, section, corners)
    if not polygons or len(corners.points) > MOST_VERTICES:
        return None
    content = mesh_set(np.array(corners.points), polygons)
    return NavigationFile(f"Carla/Maps/Nav/{loaded.name}-{hashlib.sha256(content).hexdigest()[:12]}.bin", content)


class _Corners:
    """Vertices, those close together made one."""

    def __init__(self) -> None:
        self.points: Row = []
        self._cells: dict[tuple[int, int], list[int]] = {}

    def index(self, point: tuple[float, float, float]) -> int:
        """Number of the vertex at a point, a new one if none is near."""
        column, row = math.floor(point[0] / JOIN_M), math.floor(point[1] / JOIN_M)
        for i in (column - 1, column, column + 1):
            for j in (row - 1, row, row + 1):
                for k in self._cells.get((i, j), ()):
                    if math.dist(self.points[k], point) < JOIN_M:
                        return k
        self.points.append(point)
        self._cells.setdefault((column, row), []).append(len(self.points) - 1)
        return len(self.points) - 1


def _stations(road: RoadLanes, section: LaneSection) -> list[float]:
    low, high = section.start_s_m + INSET_M, section.end_s_m - INSET_M
    if high <= low:
        return []
    count = math.ceil((high - low) / STATION_M)
    inside = [low + (high - low) * k / count for k in range(count)]
    sides = [side for near in CROSSING_M for side in (near, road.length_m - near)]
    wanted = [s for s in inside if s < high - JOIN_M] + [s for s in sides if low + 1.0 < s < high - 0.3] + [high]
    wanted.sort()
    return [s for k, s in enumerate(wanted) if k == 0 or s in sides or s - wanted[k - 1] > 2 * JOIN_M or s == high]


def _borders(carla_map: carla.Map, road_id: int, lane_id: int, stations: list[float]) -> tuple[Row, Row] | None:
    """Left and right edge of a lane, seen along the road; None if the map does not know it."""
    left, right = [], []
    for s in stations:
        waypoint = carla_map.get_waypoint_xodr(road_id, lane_id, s)
        if waypoint is None:
            return None
        place, across = waypoint.transform.location, waypoint.transform.get_right_vector()
        half_m = 0.5 * waypoint.lane_width * (-1.0 if lane_id > 0 else 1.0)  # left lanes look against the road
        left.append((place.x - half_m * across.x, place.y - half_m * across.y, place.z))
        right.append((place.x + half_m * across.x, place.y + half_m * across.y, place.z))
    return left, right


def _section_polygons(carla_map: carla.Map, road: RoadLanes, section: LaneSection, corners: _Corners) -> list[Polygon]:
    """Quads of all walkable lanes; on roads through junctions only of the sidewalks, for the rest overlaps there."""
    stations = _stations(road, section)
    polygons = []
    for lane in section.lanes:
        sidewalk = lane.lane_type == _SIDEWALK_TYPE
        if not sidewalk and (road.in_junction or lane.lane_type not in _ROAD_TYPES):
            continue
        borders = _borders(carla_map, road.road_id, lane.lane_id, stations)
        if borders is None:
            continue
        left, right = ([corners.index(point) for point in border] for border in borders)
        for k in range(len(stations) - 1):
            area = SIDEWALK if sidewalk else _street_area(road, stations[k], stations[k + 1])
            polygon = _polygon((left[k], left[k + 1], right[k + 1], right[k]), area, corners)
            if polygon is not None:
                polygons.append(polygon)
    return polygons


def _street_area(road: RoadLanes, low_s_m: float, high_s_m: float) -> int:
    near_m, far_m = CROSSING_M
    middle = 0.5 * (low_s_m + high_s_m)
    at_end = near_m < middle < far_m or near_m < road.length_m - middle < far_m
    return CROSSWALK if at_end and not road.in_junction else ROAD


def _polygon(indices: tuple[int, ...], area: int, corners: _Corners) -> Polygon | None:
    """A face with the sense of rotation that Detour wants, None if it has no area."""
    distinct = tuple(dict.fromkeys(indices))
    if len(distinct) < 3:
        return None
    places = [corners.points[k] for k in distinct]
    following = places[1:] + places[:1]
    twice_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(places, following, strict=True))
    if abs(twice_area) < JOIN_M**2:
        return None
    return Polygon(distinct if twice_area < 0.0 else distinct[::-1], area, 1 << area)
