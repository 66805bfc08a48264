"""Questions about the world's shape: rays, bounding boxes and names of what stands around."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from embedded_carla.scene.types import MATERIAL_TAGS, Surface
from embedded_carla.sensors.rays import FARTHEST_M, Hits
from embedded_carla.wire.tables_0_9_16 import ANY_TAG
from embedded_carla.world.calls.call import Call, value
from embedded_carla.world.pose import finite, vector_from_wire
from embedded_carla.world.vehicle import Vector
from embedded_carla.world.world import World

MOST_HITS = 64
"""Surfaces that one ray is followed through."""
BEHIND_A_HIT_M = 1e-3
Wire = list[Any]


def _first_hits(world: World, start: Vector, direction: Vector, length_m: float, from_m: float) -> Hits:
    return world.scenery.rays.cast(
        np.array([start]), np.array([direction]), world.drawn_bodies(), length_m, np.array([from_m])
    )


def _hits_along(world: World, start: Vector, direction: Vector, length_m: float) -> Iterator[Wire]:
    """LabelledPoint of every surface along a ray, nearest first."""
    from_m = 0.0
    for _ in range(MOST_HITS):
        hits = _first_hits(world, start, direction, length_m, from_m)
        distance_m = float(hits.distance_m[0])
        if not math.isfinite(distance_m):
            return
        yield [[s + distance_m * d for s, d in zip(start, direction, strict=True)], int(hits.tag[0])]
        from_m = distance_m + BEHIND_A_HIT_M


def _unit(vector: Vector) -> tuple[Vector, float]:
    length = math.hypot(*vector)
    if length == 0.0:
        raise ValueError("a ray needs a direction")
    x, y, z = vector
    return (x / length, y / length, z / length), length


def environment_objects(world: World, tag: int) -> list[Wire]:
    """EnvironmentObject of everything static with a label (255: any): walls, roofs, rails and the roads' surfaces.

    Boxes are parallel to the axes. Trees, bushes and posts are pictures without depth and are not listed.
    """
    scene = world.scenery.renderer.scene
    surface = scene.surfaces[scene.triangle_surface]
    tags = MATERIAL_TAGS[surface[:, Surface.LEFT_MATERIAL].astype(np.int32)]
    keys = scene.triangle_instance.astype(np.int64) * (ANY_TAG + 1) + tags
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    corners = scene.vertices[scene.triangles[order]]
    low = np.minimum.reduceat(corners.min(axis=1), starts)
    high = np.maximum.reduceat(corners.max(axis=1), starts)
    objects = []
    for number, (key, least, most) in enumerate(zip(found.tolist(), low.tolist(), high.tolist(), strict=True), start=1):
        label = key % (ANY_TAG + 1)
        if tag not in (label, ANY_TAG):
            continue
        centre = [0.5 * (a + b) for a, b in zip(least, most, strict=True)]
        extent = [0.5 * (b - a) for a, b in zip(least, most, strict=True)]
        turn = [0.0, 0.0, 0.0]
        box = [centre, extent, turn, 0]
        objects.append([[centre, turn], box, number, f"{world.map.name}_{label}_{key // (ANY_TAG + 1)}", label])
    return objects


def geometry_calls(world: World) -> dict[str, Call]:
    """Rays and static objects."""

    def cast_ray(start: Wire, end: Wire) -> list[Wire]:
        first, last = vector_from_wire(start), vector_from_wire(end)
        direction, length_m = _unit((last[0] - first[0], last[1] - first[1], last[2] - first[2]))
        return list(_hits_along(world, first, direction, length_m))

    def project_point(location: Wire, direction: Wire, distance: float) -> Wire:
        unit, _ = _unit(vector_from_wire(direction))
        reach_m = min(max(finite(distance), 0.0), FARTHEST_M)
        hit = next(_hits_along(world, vector_from_wire(location), unit, reach_m), None)
        return [False, [[0.0, 0.0, 0.0], 0]] if hit is None else [True, hit]

    return {
        "cast_ray": value(cast_ray),
        "project_point": value(project_point),
        "get_environment_objects": value(lambda tag: environment_objects(world, int(tag))),
        "get_all_level_BBs": value(lambda tag: [item[1] for item in environment_objects(world, int(tag))]),
        "get_names_of_all_objects": value(lambda: [item[3] for item in environment_objects(world, ANY_TAG)]),
    }
