"""Where plants, houses, marker posts, parked vehicles and guard rails stand, drawn from a seed, clear of every road."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from embedded_carla.compiled import compiled
from embedded_carla.scene.bodies import TWO_TRIANGLES, body_quads
from embedded_carla.scene.boxes import add_building, add_guard_rail
from embedded_carla.scene.centrelines import FloatArray, SectionGeometry
from embedded_carla.scene.mesh import MeshBuilder
from embedded_carla.scene.packs import TexturePack
from embedded_carla.scene.ribbons import VERGE_DROP_M
from embedded_carla.scene.sprites import VARIANTS, Picture
from embedded_carla.scene.types import TAG_CAR, SpriteSet

CLEAR_OF_ROAD_M = 4.0
MARKER_POST_M = 0.8
RAIL_OFFSET_M = 1.1
RAIL_RADIUS_M = 160.0
BLOCK_M = 60.0
PARKED_PER_KM = 8.0


@compiled(error_model="numpy")
def distance_to_points(x_m: float, y_m: float, points: FloatArray) -> float:
    """Distance (m) from (x, y) to the nearest of ``points`` (N, ≥ 2)."""
    best = 1e18
    for k in range(points.shape[0]):
        d2 = (points[k, 0] - x_m) ** 2 + (points[k, 1] - y_m) ** 2
        if d2 < best:
            best = d2
    return math.sqrt(best)


@dataclass
class SpriteList:
    """Grows the arrays of a ``SpriteSet``."""

    rows: list[tuple[float, float, float, float, float, float]] = field(default_factory=list)
    pictures: list[tuple[int, int]] = field(default_factory=list)

    def add(
        self, place: tuple[float, float, float], half_width_m: float, height_m: float, picture: int, instance: int,
        brightness: float = 1.0,
    ) -> None:  # fmt: skip
        """Add one sprite standing at ``place``."""
        self.rows.append((*place, half_width_m, height_m, brightness))
        self.pictures.append((picture, instance))

    def freeze(self) -> SpriteSet:
        """The arrays."""
        rows = np.array(self.rows, dtype=np.float32).reshape(-1, 6)
        pictures = np.array(self.pictures, dtype=np.int32).reshape(-1, 2)
        return SpriteSet(
            np.ascontiguousarray(rows[:, :3]),
            np.ascontiguousarray(rows[:, 3:5]),
            np.ascontiguousarray(pictures[:, 0]),
            np.ascontiguousarray(pictures[:, 1]),
            np.ascontiguousarray(rows[:, 5]),
        )


def _edge(geometry: SectionGeometry, s_m: float, side: float) -> tuple[FloatArray, FloatArray]:
    """Point on the pavement's edge (3,) and unit vector away from the road (2,)."""
    border = geometry.borders[0 if side < 0 else -1]
    point = np.array([np.interp(s_m, geometry.s_m, border[:, k]) for k in range(3)])
    away = np.array([np.interp(s_m, geometry.s_m, geometry.right[:, k]) for k in range(2)]) * side
    return point, away / max(float(np.hypot(away[0], away[1])), 1e-9)


def _plants(
    geometry: SectionGeometry, pack: TexturePack, rng: np.random.Generator, pavement: FloatArray, sprites: SpriteList
) -> None:
    """Trees and bushes along one section, in blocks of their own character: open, scattered, wood or avenue."""
    start, length = float(geometry.s_m[0]), float(geometry.s_m[-1] - geometry.s_m[0])
    for side in (-1.0, 1.0):
        for block in range(math.ceil(length / BLOCK_M)):
            character = rng.choice(4, p=(0.2, 0.45, 0.22, 0.13))
            share = (0.15, 0.9, 2.2, 1.0)[character]
            stretch = min(BLOCK_M, length - block * BLOCK_M)
            trees = rng.poisson(pack.trees_per_km * share * stretch / 1000.0 * 0.9)
            bushes = rng.poisson(pack.bushes_per_km * share * stretch / 1000.0 * 0.5)
            avenue_m = float(rng.uniform(5.0, 7.0))
            conifer_here = float(np.clip(pack.conifer_share + rng.normal(0, 0.2), 0, 1))
            for k in range(trees + bushes):
                is_tree = k < trees
                s = start + block * BLOCK_M + float(rng.uniform(0, stretch))
                away_m = CLEAR_OF_ROAD_M + 1.0 + float(rng.gamma(1.4, 8.0 if character != 2 else 6.0))
                if is_tree and character == 3:
                    s, away_m = start + block * BLOCK_M + (k * 12.0) % stretch, avenue_m
                point, away = _edge(geometry, s, side)
                x, y = point[0] + away[0] * away_m, point[1] + away[1] * away_m
                conifer = rng.random() < conifer_here
                size, variant, brightness = (
                    float(rng.uniform(0, 1)),
                    int(rng.integers(12)),
                    float(rng.uniform(0.8, 1.15)),
                )
                if is_tree:
                    height = 6.0 + 9.0 * size if conifer else 5.0 + 8.0 * size
                    half_width = height * (0.22 if conifer else 0.40)
                    picture = Picture.CONIFER if conifer else Picture.BROADLEAF
                else:
                    height = 0.7 + 1.8 * size
                    half_width, picture = height * 0.75, Picture.BUSH
                if distance_to_points(x, y, pavement) < CLEAR_OF_ROAD_M + 0.25:
                    continue
                z = point[2] - VERGE_DROP_M - 0.02 * min(away_m, 10.0)
                instance = 1000 + len(sprites.rows)
                sprites.add(
                    (x, y, z), half_width, height, int(picture) + variant % VARIANTS[picture], instance, brightness
                )


def _posts(geometry: SectionGeometry, pavement: FloatArray, sprites: SpriteList) -> None:
    """Marker posts on both sides, every 50 m, every 25 m in bends."""
    s, end = float(geometry.s_m[0]) + 5.0, float(geometry.s_m[-1])
    while s < end:
        bend = abs(float(np.interp(s, geometry.s_m, geometry.curvature_1pm))) > 1.0 / 250.0
        for side in (-1.0, 1.0):
            point, away = _edge(geometry, s, side)
            x, y = point[0] + away[0] * MARKER_POST_M, point[1] + away[1] * MARKER_POST_M
            if distance_to_points(x, y, pavement) > 0.9 * MARKER_POST_M:
                sprites.add((x, y, point[2] - 0.05), 0.06, 1.0, Picture.MARKER_POST, 1000 + len(sprites.rows))
        s += 25.0 if bend else 50.0


def _rails(
    mesh: MeshBuilder, geometry: SectionGeometry, rng: np.random.Generator, pavement: FloatArray, sprites: SpriteList
) -> None:
    """Guard rails on the outside of some sharp bends."""
    sharp = np.abs(geometry.curvature_1pm) > 1.0 / RAIL_RADIUS_M
    edges = np.flatnonzero(np.diff(np.concatenate([[0], sharp.astype(np.int8), [0]])))
    for low, high in zip(edges[::2], edges[1::2], strict=True):
        wanted = rng.random() < 0.55
        if high - low < 4 or not wanted:
            continue
        side = -float(np.sign(geometry.curvature_1pm[low:high].sum()))
        border = geometry.borders[0 if side < 0 else -1][low:high]
        away = geometry.right[low:high] * side
        points = border.copy()
        points[:, :2] += away * RAIL_OFFSET_M
        if min(distance_to_points(p[0], p[1], pavement) for p in points) < 0.8 * RAIL_OFFSET_M:
            continue
        s_m = geometry.s_m[low:high]
        add_guard_rail(mesh, points, s_m, -away, 900)
        for s in np.arange(s_m[0], s_m[-1], 4.0):
            x, y, z = (float(np.interp(s, s_m, points[:, k])) for k in range(3))
            out = (float(np.interp(s, s_m, away[:, k])) * 0.08 for k in range(2))
            sprites.add((x + next(out), y + next(out), z - 0.1), 0.05, 0.82, Picture.RAIL_POST, 900)


def _buildings(
    mesh: MeshBuilder, geometry: SectionGeometry, pack: TexturePack, rng: np.random.Generator, pavement: FloatArray
) -> None:
    length = float(geometry.s_m[-1] - geometry.s_m[0])
    for k in range(rng.poisson(pack.buildings_per_km * length / 1000.0)):
        side = -1.0 if rng.random() < 0.5 else 1.0
        s, away_m = float(geometry.s_m[0]) + float(rng.uniform(0, length)), float(rng.uniform(16, 45))
        size = (float(rng.uniform(8, 16)), float(rng.uniform(7, 11)), float(rng.uniform(3.0, 6.5)))
        turn = float(rng.normal(0, 0.25))
        point, away = _edge(geometry, s, side)
        x, y = point[0] + away[0] * away_m, point[1] + away[1] * away_m
        if distance_to_points(x, y, pavement) < CLEAR_OF_ROAD_M + 0.5 * math.hypot(size[0], size[1]):
            continue
        yaw = math.atan2(away[1], away[0]) + math.pi / 2 + turn
        add_building(mesh, x, y, float(point[2]) - VERGE_DROP_M, yaw, size, 500 + k)


def _parked_vehicles(
    mesh: MeshBuilder, geometry: SectionGeometry, rng: np.random.Generator, pavement: FloatArray
) -> None:
    """Cars and vans left beside the road, along it, as far from it as the plants."""
    length = float(geometry.s_m[-1] - geometry.s_m[0])
    for k in range(rng.poisson(PARKED_PER_KM * length / 1000.0)):
        side, s = float(rng.choice((-1.0, 1.0))), float(geometry.s_m[0]) + float(rng.uniform(0, length))
        van = rng.random() < 0.25
        extent = (2.6, 1.0, 1.05) if van else (float(rng.uniform(1.8, 2.4)), 0.92, float(rng.uniform(0.70, 0.80)))
        level, tint = float(rng.choice((40, 90, 150, 205))), rng.uniform(0.55, 1.15, 3)
        colour = tuple(int(min(level * t, 255.0)) for t in tint)
        point, away = _edge(geometry, s, side)
        away_m = CLEAR_OF_ROAD_M + math.hypot(extent[0], extent[1]) + float(rng.uniform(0.3, 2.0))
        x, y = float(point[0] + away[0] * away_m), float(point[1] + away[1] * away_m)
        if distance_to_points(x, y, pavement) < CLEAR_OF_ROAD_M + 0.25 + math.hypot(extent[0], extent[1]):
            continue
        yaw_deg = math.degrees(math.atan2(away[1], away[0])) + 90.0 * side + float(rng.normal(0, 4.0))
        centre = (x, y, float(point[2]) - VERGE_DROP_M + extent[2])
        quads, coordinates, rows = body_quads(centre, yaw_deg, 0.0, extent, (colour[0], colour[1], colour[2]), TAG_CAR)
        first = mesh.vertex_count + 4 * np.arange(len(quads), dtype=np.int32)
        triangles = (first[:, None, None] + TWO_TRIANGLES).reshape(-1, 3)
        surface = np.repeat([mesh.surface(tuple(float(v) for v in row)) for row in rows], 2).astype(np.int32)
        mesh.add_triangles(quads.reshape(-1, 3), coordinates.reshape(-1, 2), triangles, surface, 700 + k)
        mesh.close_tile()


def add_scenery(
    mesh: MeshBuilder, geometries: list[SectionGeometry], pack: TexturePack, seed: int, pavement: FloatArray
) -> SpriteSet:
    """Dress all sections.

    Args:
        mesh: grows by buildings, vehicles and rails.
        geometries: sections outside junctions.
        pack: densities and kinds.
        seed: scenery seed; same seed, same places.
        pavement: (N, ≥ 2) points on all paved surfaces, at most 2 m apart; plants and houses keep 4 m from them.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    sprites = SpriteList()
    for geometry in geometries:
        _plants(geometry, pack, rng, pavement, sprites)
        _posts(geometry, pavement, sprites)
        _rails(mesh, geometry, rng, pavement, sprites)
        _buildings(mesh, geometry, pack, rng, pavement)
        _parked_vehicles(mesh, geometry, rng, pavement)
    return sprites.freeze()
