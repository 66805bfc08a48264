"""Road surface as ribbons: one strip round each lane border, and the verge beyond the outer borders.

A strip spans from the middle of the lane left of a border to the middle of the lane right of it, and its second surface
coordinate v is the distance from that border (right positive). So one row of the surface table describes all that
lies on the strip, the painted line is exact wherever the lane's width changes, and the edge of the pavement is blended
analytically like a painted line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from embedded_carla.scene.centrelines import FloatArray, SectionGeometry
from embedded_carla.scene.lanes import Lane, LaneSection, RoadMark, mark_at
from embedded_carla.scene.mesh import MeshBuilder
from embedded_carla.scene.types import Material

TILE_LENGTH_M = 32.0
VERGE_WIDTH_M = 9.0
VERGE_LIP_M = 0.6
VERGE_LIP_DROP_M = 0.03
VERGE_DROP_M = 0.25
SKIRT_DROP_M = 2.5
HALF_TRACK_M = 0.85
SOLID = 1e9

_LANE_MATERIALS = {
    "shoulder": Material.SHOULDER,
    "sidewalk": Material.SIDEWALK,
    "walking": Material.SIDEWALK,
    "curb": Material.SIDEWALK,
    "median": Material.GRASS,
    "none": Material.GRASS,
    "restricted": Material.GRASS,
    "border": Material.SHOULDER,
}
WITHOUT_TRACKS = ("parking", "biking", "restricted", "stop", "special1", "special2", "special3", "tram", "rail")
PAINT_COLOURS = ("white", "yellow", "blue", "green", "red", "orange")


@dataclass(frozen=True)
class Strip:
    """C lines of points along N stations.

    Attributes:
        points: (C, N, 3) m. offsets: their distance v from the border, (C, N) m.
        border_line: which of the lines is the border.
    """

    points: FloatArray
    offsets: FloatArray
    border_line: int


def lane_material(lane: Lane) -> Material:
    """What a lane is paved with; every lane meant for vehicles is asphalt."""
    return _LANE_MATERIALS.get(lane.lane_type, Material.ASPHALT)


@lru_cache(maxsize=256)
def paint_row(mark: RoadMark | None, reverse_pair: bool) -> tuple[float, ...]:
    """Columns LINES … RIGHT_PERIOD_M of the surface table for one road mark.

    ``reverse_pair``: OpenDRIVE lists double lines from the inside out (centre lane: from left to right), so on the left
    side of the road the first named line lies right.
    """
    if mark is None:
        return (0.0, 0.0, 0.0, 0.0, SOLID, SOLID, SOLID, SOLID)
    words = mark.kind.split()
    if words[0] == "botts":
        words, dash_m, period_m = ["broken"], 0.15, 1.5
    else:
        dash_m, period_m = mark.dash_m, mark.dash_m + mark.gap_m
    pairs = [(dash_m, period_m) if word == "broken" else (SOLID, SOLID) for word in words[:2]]
    if reverse_pair:
        pairs.reverse()
    colour = PAINT_COLOURS.index(mark.colour) if mark.colour in PAINT_COLOURS else 0
    double = len(pairs) == 2
    left, right = pairs[0], pairs[-1]
    offset_m = mark.width_m if double else 0.0
    return (2.0 if double else 1.0, mark.width_m, offset_m, float(colour), *left, *right)


def _border_lane(section: LaneSection, border: int) -> tuple[Lane, bool]:
    """The lane that owns border ``border`` (0 = leftmost), and whether its pairs read right to left."""
    left = section.lanes[border - 1] if border > 0 else None
    right = section.lanes[border] if border < len(section.lanes) else None
    if right is not None and right.lane_id > 0:
        return right, True
    if left is not None and left.lane_id < 0:
        return left, False
    return section.centre, False


def mark_changes(section: LaneSection) -> FloatArray:
    """Road coordinates at which any painted line of the section changes."""
    return np.array([mark.start_s_m for lane in (section.centre, *section.lanes) for mark in lane.marks])


def verge_width(curvature_1pm: FloatArray, half_road_m: FloatArray, side: float) -> FloatArray:
    """Room for a verge that does not fold over on the inside of a bend, (N,) m. ``side``: −1 left, +1 right."""
    inward = np.maximum(curvature_1pm * side, 1e-6)
    sharpest = np.array([inward[max(k - 3, 0) : k + 4].max() for k in range(len(inward))])
    return np.clip(0.8 / sharpest - half_road_m, 0.8, VERGE_WIDTH_M)


def _verge_columns(geometry: SectionGeometry, side: float, plane_z_m: float | None) -> tuple[FloatArray, FloatArray]:
    """Points (C, N, 3) and distances from the pavement (C, N) of a verge, from the pavement outwards (C = 3 or 4).

    ``plane_z_m``: height of the ground around a level road, None in hilly country (the verge then ends in a skirt).
    """
    edge = geometry.borders[0 if side < 0 else -1]
    half_road = 0.5 * np.hypot(*(geometry.borders[-1] - geometry.borders[0])[:, :2].T)
    width = verge_width(geometry.curvature_1pm, half_road, side)
    across = np.concatenate([geometry.right * side, np.zeros((len(edge), 1))], axis=1)
    down = np.array([0.0, 0.0, 1.0])
    lip = edge + across * VERGE_LIP_M - down * VERGE_LIP_DROP_M
    outer = edge + across * width[:, None] - down * VERGE_DROP_M
    if plane_z_m is not None:
        outer[:, 2] = plane_z_m - 0.02
        return np.stack([edge, lip, outer]), np.stack([np.zeros_like(width), np.full_like(width, VERGE_LIP_M), width])
    skirt = outer + across * 2.0 - down * SKIRT_DROP_M
    distances = np.stack([np.zeros_like(width), np.full_like(width, VERGE_LIP_M), width, width + 2.0])
    return np.stack([edge, lip, outer, skirt]), distances


def border_strip(section: LaneSection, geometry: SectionGeometry, border: int, plane_z_m: float | None) -> Strip:
    """The strip round a border, from left to right; ``plane_z_m`` as in ``add_section``."""
    last, border_line = len(section.lanes), 1
    points, offsets = [geometry.borders[border][None]], [np.zeros((1, len(geometry.s_m)))]
    if border > 0:
        points.insert(0, geometry.centres[border - 1][None])
        offsets.insert(0, -0.5 * geometry.widths[border - 1][None])
    else:
        verge, distance = _verge_columns(geometry, -1.0, plane_z_m)
        points.insert(0, verge[:0:-1])
        offsets.insert(0, -distance[:0:-1])
        border_line = len(verge) - 1
    if border < last:
        points.append(geometry.centres[border][None])
        offsets.append(0.5 * geometry.widths[border][None])
    else:
        verge, distance = _verge_columns(geometry, 1.0, plane_z_m)
        points.append(verge[1:])
        offsets.append(distance[1:])
    return Strip(np.concatenate(points), np.concatenate(offsets), border_line)


def _track(section: LaneSection, geometry: SectionGeometry, lane: int) -> float:
    """|v| of the wheel track next to a border in lane ``lane``; −1 where nobody drives."""
    if not 0 <= lane < len(section.lanes) or section.lanes[lane].lane_type in WITHOUT_TRACKS:
        return -1.0
    if lane_material(section.lanes[lane]) != Material.ASPHALT:
        return -1.0
    return max(0.5 * float(geometry.widths[lane].mean()) - HALF_TRACK_M, 0.05)


def surface_rows(section: LaneSection, geometry: SectionGeometry, border: int) -> list[tuple[float, ...]]:
    """Rows of the surface table of the strip round a border, one per station interval (N − 1)."""
    lanes = section.lanes
    left = lane_material(lanes[border - 1]) if border > 0 else Material.VERGE
    right = lane_material(lanes[border]) if border < len(lanes) else Material.VERGE
    owner, reverse_pair = _border_lane(section, border)
    lateral_m = float(np.sum(geometry.widths[:border].mean(axis=1))) if border else 0.0
    materials = (float(left), float(right))
    beside = (_track(section, geometry, border - 1), _track(section, geometry, border), lateral_m, 0.0, 0.0, 0.0)
    return [(*materials, *paint_row(mark_at(owner, s_m), reverse_pair), *beside) for s_m in geometry.s_m[:-1] + 1e-4]


def add_strips(
    mesh: MeshBuilder, s_m: FloatArray, strips: list[tuple[Strip, list[tuple[float, ...]]]], instance: int
) -> None:
    """Add strips with their rows of the surface table, a tile every 32 m.

    Args:
        mesh: grows.
        s_m: (N,) road coordinates of the stations.
        strips: each with one row per station interval.
        instance: instance id of the road.
    """
    surfaces = [np.array([mesh.surface(row) for row in rows], dtype=np.int32) for _, rows in strips]
    low = 0
    while low < len(s_m) - 1:
        high = low + 1
        while high < len(s_m) - 1 and s_m[high] - s_m[low] < TILE_LENGTH_M:
            high += 1
        for (strip, _), rows in zip(strips, surfaces, strict=True):
            part = slice(low, high + 1)
            along = np.broadcast_to(s_m[part], strip.offsets[:, part].shape)
            coordinates = np.stack([along, strip.offsets[:, part]], axis=-1).astype(np.float32)
            mesh.add_strip(strip.points[:, part].astype(np.float32), coordinates, rows[low:high], instance)
        mesh.close_tile()
        low = high


def add_section(
    mesh: MeshBuilder, section: LaneSection, geometry: SectionGeometry, instance: int, plane_z_m: float | None
) -> None:
    """Add the ribbons of one lane section outside junctions.

    Args:
        mesh: grows.
        section, geometry: what lies there and where.
        instance: instance id of the road.
        plane_z_m: height of level country around the road, None where it is hilly.
    """
    strips = [
        (border_strip(section, geometry, border, plane_z_m), surface_rows(section, geometry, border))
        for border in range(len(section.lanes) + 1)
    ]
    add_strips(mesh, geometry.s_m, strips, instance)
