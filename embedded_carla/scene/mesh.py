"""Collects pieces of mesh into the flat arrays of a scene, one tile per piece."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from embedded_carla.scene.types import SURFACE_COLUMNS, Float32Array, Int32Array


@dataclass
class MeshBuilder:
    """Grows a mesh piece by piece; a piece becomes a tile that is culled as a whole."""

    vertices: list[Float32Array] = field(default_factory=list)
    coordinates: list[Float32Array] = field(default_factory=list)
    triangles: list[Int32Array] = field(default_factory=list)
    triangle_surface: list[Int32Array] = field(default_factory=list)
    triangle_instance: list[Int32Array] = field(default_factory=list)
    surfaces: list[tuple[float, ...]] = field(default_factory=list)
    tiles: list[tuple[int, int, int, int]] = field(default_factory=list)
    vertex_count: int = 0
    triangle_count: int = 0
    _tile_start: tuple[int, int] = (0, 0)
    _surface_index: dict[tuple[float, ...], int] = field(default_factory=dict)

    def surface(self, values: tuple[float, ...]) -> int:
        """Index of a row of the surface table, added if new. ``values`` has 16 entries."""
        if len(values) != SURFACE_COLUMNS:
            raise ValueError(f"a surface has {SURFACE_COLUMNS} columns, got {len(values)}")
        if values not in self._surface_index:
            self._surface_index[values] = len(self.surfaces)
            self.surfaces.append(values)
        return self._surface_index[values]

    def add_strip(
        self, columns: Float32Array, coordinates: Float32Array, surface: int | Int32Array, instance: int
    ) -> None:
        """Add a ribbon.

        Args:
            columns: (C, N, 3) points: C lines along the road, N stations each.
            coordinates: (C, N, 2) surface coordinates.
            surface: one row of the surface table, or one per station interval, (N-1,).
            instance: instance id.
        """
        lines, stations = columns.shape[:2]
        index = np.arange(lines * stations, dtype=np.int32).reshape(lines, stations) + self.vertex_count
        a, b, c, d = index[:-1, :-1], index[1:, :-1], index[:-1, 1:], index[1:, 1:]
        first, second = np.stack([a, b, c], -1), np.stack([b, d, c], -1)
        triangles = np.stack([first, second], 2).reshape(-1, 3)
        per_quad = np.broadcast_to(np.asarray(surface, dtype=np.int32), (stations - 1,))
        rows = np.repeat(np.broadcast_to(per_quad, (lines - 1, stations - 1)).reshape(-1), 2)
        self.add_triangles(columns.reshape(-1, 3), coordinates.reshape(-1, 2), triangles, rows, instance)

    def add_triangles(
        self,
        vertices: Float32Array,
        coordinates: Float32Array,
        triangles: Int32Array,
        surface: Int32Array,
        instance: int,
    ) -> None:
        """Add triangles whose indices already count from the whole mesh's first vertex."""
        self.vertices.append(np.asarray(vertices, dtype=np.float32))
        self.coordinates.append(np.asarray(coordinates, dtype=np.float32))
        self.triangles.append(np.asarray(triangles, dtype=np.int32))
        self.triangle_surface.append(np.asarray(surface, dtype=np.int32))
        self.triangle_instance.append(np.full(len(triangles), instance, dtype=np.int32))
        self.vertex_count += len(vertices)
        self.triangle_count += len(triangles)

    def close_tile(self) -> None:
        """What was added since the last call becomes one tile."""
        vertex_start, triangle_start = self._tile_start
        if self.triangle_count > triangle_start:
            self.tiles.append((vertex_start, self.vertex_count, triangle_start, self.triangle_count))
        self._tile_start = (self.vertex_count, self.triangle_count)

    def tile_bounds(self, vertices: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Centre (K, 3) and radius (K,) of the sphere round each tile."""
        centres = np.zeros((len(self.tiles), 3), dtype=np.float32)
        radii = np.zeros(len(self.tiles), dtype=np.float32)
        for k, (low, high, _, _) in enumerate(self.tiles):
            part = vertices[low:high]
            centres[k] = 0.5 * (part.min(axis=0) + part.max(axis=0))
            radii[k] = np.sqrt(((part - centres[k]) ** 2).sum(axis=1).max()) + 1e-3
        return centres, radii
