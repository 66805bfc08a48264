"""The navigation mesh as the client's walker navigation reads it: one tile of a Detour mesh in a mesh set file.

Layouts: Recast's demo file format (MSET 1) and Detour's tile data (DNAV 7) with 32-bit references. The mesh's axes
are x, height, y of CARLA's.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MOST_VERTICES = 0xFFFF
MOST_CORNERS = 6
_SET = struct.Struct("<3i3f2f2i")
_TILE = struct.Struct("<Ii")
_HEADER = struct.Struct("<5iI9i3f6ff")
_POLYGON = struct.Struct("<I6H6HHBB")
_DETAIL = struct.Struct("<IIBBxx")
_TRIANGLE = struct.Struct("<4B")
_LINK_BYTES = 12
_SET_MAGIC, _SET_VERSION = int.from_bytes(b"MSET", "big"), 1
_TILE_MAGIC, _TILE_VERSION = int.from_bytes(b"DNAV", "big"), 7
_MARGIN_M = 2.0
_AGENT_HEIGHT_M, _AGENT_RADIUS_M, _AGENT_CLIMB_M = 2.0, 0.3, 0.4
_BOUND_EDGE = {"first": 1 << 0, "outer": 1 << 2, "last": 1 << 4}
"""Which edges of a triangle of the fan lie on the polygon's border."""


@dataclass(frozen=True)
class Polygon:
    """A convex face.

    Attributes:
        corners: indices of 3 to 6 vertices, counter-clockwise seen from above in CARLA's left-handed axes (x towards y
            turns right, so in a picture with y down they run against the clock).
        area: CARLA's kind of ground; flags: the bit by which walkers are allowed on it.
    """

    corners: tuple[int, ...]
    area: int
    flags: int


def neighbours_of(polygons: Sequence[Polygon]) -> list[list[int]]:
    """For each polygon and each of its edges: 1 + index of the polygon on the other side, 0 on the border."""
    owners: dict[tuple[int, int], int] = {}
    for index, polygon in enumerate(polygons):
        for start, stop in _edges(polygon):
            owners.setdefault((start, stop), index)
    return [[owners.get((stop, start), -1) + 1 for start, stop in _edges(polygon)] for polygon in polygons]


def _edges(polygon: Polygon) -> list[tuple[int, int]]:
    corners = polygon.corners
    return list(zip(corners, corners[1:] + corners[:1], strict=True))


def mesh_set(vertices: npt.NDArray[np.float64], polygons: Sequence[Polygon]) -> bytes:
    """The file.

    Args:
        vertices: (N, 3), CARLA's axes, m; at most 65,535.
        polygons: see there; two are neighbours where they share both ends of an edge.

    Raises:
        ValueError: too many vertices, or a polygon without area for Detour.
    """
    if len(vertices) > MOST_VERTICES or not polygons:
        raise ValueError(f"a navigation mesh has 1 or more polygons and at most {MOST_VERTICES} vertices")
    points = vertices[:, [0, 2, 1]].astype("<f4")
    low, high = points.min(axis=0) - _MARGIN_M, points.max(axis=0) + _MARGIN_M
    neighbours = neighbours_of(polygons)
    tile = _tile(points, polygons, neighbours, low, high)
    polygon_bits = max(len(polygons) - 1, 1).bit_length()
    size = high - low
    head = _SET.pack(_SET_MAGIC, _SET_VERSION, 1, *low, float(size[0]), float(size[2]), 1, 1 << polygon_bits)
    return head + _TILE.pack(1 << polygon_bits, len(tile)) + tile  # the tile's number is 0, its salt 1


def _tile(
    points: npt.NDArray[np.float32],
    polygons: Sequence[Polygon],
    neighbours: Sequence[Sequence[int]],
    low: npt.NDArray[np.float32],
    high: npt.NDArray[np.float32],
) -> bytes:
    links = sum(1 for edges in neighbours for other in edges if other)
    faces: list[bytes] = []
    details: list[bytes] = []
    triangles: list[bytes] = []
    for polygon, beyond in zip(polygons, neighbours, strict=True):
        count = len(polygon.corners)
        if not 3 <= count <= MOST_CORNERS:
            raise ValueError(f"a polygon has 3 to {MOST_CORNERS} corners, not {count}")
        padding = (0,) * (MOST_CORNERS - count)
        faces.append(
            _POLYGON.pack(0, *polygon.corners, *padding, *beyond, *padding, polygon.flags, count, polygon.area)
        )
        details.append(_DETAIL.pack(0, len(triangles), 0, count - 2))
        for k in range(2, count):
            flags = _BOUND_EDGE["outer"] + (k == 2) * _BOUND_EDGE["first"] + (k == count - 1) * _BOUND_EDGE["last"]
            triangles.append(_TRIANGLE.pack(0, k - 1, k, flags))
    header = _HEADER.pack(
        _TILE_MAGIC, _TILE_VERSION, 0, 0, 0, 0, len(polygons), len(points), links, len(polygons), 0, len(triangles),
        0, 0, len(polygons), _AGENT_HEIGHT_M, _AGENT_RADIUS_M, _AGENT_CLIMB_M, *low, *high, 1.0,
    )  # fmt: skip
    body = (points.tobytes(), *faces, bytes(_LINK_BYTES * links), *details, *triangles)
    return header + b"".join(body)
