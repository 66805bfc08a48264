"""The ground beyond the verges: one endless plane for level roads, a grid that follows the roads in hilly country."""

from __future__ import annotations

import numpy as np

from embedded_carla.compiled import compiled
from embedded_carla.scene.centrelines import FloatArray
from embedded_carla.scene.mesh import MeshBuilder
from embedded_carla.scene.ribbons import SOLID, VERGE_DROP_M
from embedded_carla.scene.types import Material

LEVEL_RANGE_M = 0.05
CELL_M = 16.0
MARGIN_M = 160.0
TILE_CELLS = 8
LONGEST_GRID = 256
CLEARANCE_M = 0.5


def plane_height(road_points: FloatArray) -> tuple[float, bool]:
    """Height of the endless plane (m) and whether the roads are level enough to lie right on it."""
    low, high = float(road_points[:, 2].min()), float(road_points[:, 2].max())
    if high - low <= LEVEL_RANGE_M:
        return low - VERGE_DROP_M, True
    return low - 4.0, False


@compiled(error_model="numpy")
def _heights(points: FloatArray, xs: FloatArray, ys: FloatArray, reach_m: float) -> FloatArray:
    """Ground height at grid nodes: below every road point within reach, else the distance-weighted mean of roads."""
    out = np.empty((len(ys), len(xs)))
    for i in range(len(ys)):
        for j in range(len(xs)):
            lowest, total, weights = 1e9, 0.0, 0.0
            for k in range(len(points)):
                d2 = (points[k, 0] - xs[j]) ** 2 + (points[k, 1] - ys[i]) ** 2
                weight = 1.0 / (d2 + 400.0) ** 2
                total += weight * points[k, 2]
                weights += weight
                if d2 < reach_m * reach_m and points[k, 2] < lowest:
                    lowest = points[k, 2]
            out[i, j] = min(total / weights, lowest) - CLEARANCE_M
    return out


def add_terrain(mesh: MeshBuilder, road_points: FloatArray, instance: int) -> None:
    """Add a grid of ground that stays below hilly roads and follows their height.

    Args:
        mesh: grows.
        road_points: (N, 3) points on the roads, about every 10 m.
        instance: instance id.
    """
    low, high = road_points[:, :2].min(axis=0) - MARGIN_M, road_points[:, :2].max(axis=0) + MARGIN_M
    cell_m = max(CELL_M, float((high - low).max()) / LONGEST_GRID)
    xs = np.arange(low[0], high[0] + cell_m, cell_m)
    ys = np.arange(low[1], high[1] + cell_m, cell_m)
    heights = _heights(road_points, xs, ys, 1.6 * cell_m)
    ground = float(Material.GRASS)
    surface = mesh.surface(
        (ground, ground, 0.0, 0.0, 0.0, 0.0, SOLID, SOLID, SOLID, SOLID, -1.0, -1.0, 0.0, 0.0, 0.0, 0.0)
    )
    for i in range(0, len(ys) - 1, TILE_CELLS):
        for j in range(0, len(xs) - 1, TILE_CELLS):
            x, y = xs[j : j + TILE_CELLS + 1], ys[i : i + TILE_CELLS + 1]
            z = heights[i : i + TILE_CELLS + 1, j : j + TILE_CELLS + 1]
            points = np.stack([np.broadcast_to(x, z.shape), np.broadcast_to(y[:, None], z.shape), z], axis=-1)
            coordinates = np.full((*z.shape, 2), 100.0, dtype=np.float32)
            mesh.add_strip(points.astype(np.float32), coordinates, surface, instance)
            mesh.close_tile()
