"""What stands beside the road and stops a car: trees, walls of buildings, guard rails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from embedded_carla.scene.sprites import Picture
from embedded_carla.scene.types import MATERIAL_TAGS, TAG_VEGETATION, Material, Surface
from embedded_carla.world.actors import Actor
from embedded_carla.world.blueprints import Blueprint, Kind
from embedded_carla.world.boxes import Box

if TYPE_CHECKING:
    from embedded_carla.scene.types import Float32Array, Scene

_CELL_M = 16.0
REACH_M = 6.0
"""Nothing that asks for what is near has a larger radius: the longest vehicle has 4.5 m."""
_HALF_WALL_M = 0.08
_TRUNK_SHARE = 0.02
"""Radius of a trunk over the height of its tree."""
_ROUNDING_M = 0.01
_BELOW_GROUND_M = 0.5
"""Obstacles reach into the ground, so that a gap under a rail does not let a car through."""


def _standing(name: str, tag: int) -> Actor:
    """How a client hears of a piece of scenery: as in CARLA, an actor without a number."""
    blueprint = Blueprint(f"static.{name}", Kind.PROP, (), semantic_tag=tag)
    return Actor(0, blueprint, [0, blueprint.blueprint_id, []], {})


TREE = _standing("vegetation", TAG_VEGETATION)
BUILDING = _standing("building", int(MATERIAL_TAGS[Material.FACADE]))
GUARD_RAIL = _standing("guardrail", int(MATERIAL_TAGS[Material.RAIL]))


class Obstacle(NamedTuple):
    """A solid thing: where it is, and as what it is reported."""

    box: Box
    actor: Actor


class Obstacles:
    """Obstacles by place.

    Attributes:
        all: every one, in the order of the scene.
    """

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        self.all = tuple(obstacles)
        self._cells: dict[tuple[int, int], list[Obstacle]] = {}
        for obstacle in obstacles:
            reach_m = obstacle.box.radius_m + REACH_M
            x_m, y_m = obstacle.box.x_m, obstacle.box.y_m
            for column in range(_cell(x_m - reach_m), _cell(x_m + reach_m) + 1):
                for row in range(_cell(y_m - reach_m), _cell(y_m + reach_m) + 1):
                    self._cells.setdefault((column, row), []).append(obstacle)

    def near(self, x_m: float, y_m: float) -> Sequence[Obstacle]:
        """All that lies within ``REACH_M`` of a point (and some that lies farther), always in the same order."""
        return self._cells.get((_cell(x_m), _cell(y_m)), ())


def _cell(coordinate_m: float) -> int:
    return math.floor(coordinate_m / _CELL_M)


def obstacles_of(scene: Scene) -> Obstacles:
    """The solid things of a scene: trunks of its trees, and every upright wall. Bushes and posts give way."""
    return Obstacles([*_trees(scene), *_walls(scene)])


def _trees(scene: Scene) -> Iterator[Obstacle]:
    sprites = scene.sprites
    for base, size, picture in zip(sprites.base.tolist(), sprites.size.tolist(), sprites.picture.tolist(), strict=True):
        if picture < Picture.BUSH:
            height_m = size[1]
            half_m = _TRUNK_SHARE * height_m
            yield Obstacle(Box(base[0], base[1], base[2], 0.0, half_m, half_m, 0.5 * height_m), TREE)


def _walls(scene: Scene) -> Iterator[Obstacle]:
    """One thin box along the foot of each upright piece of wall."""
    rows = scene.surfaces[scene.triangle_surface]
    horizontal = np.hypot(rows[:, Surface.NORMAL_X], rows[:, Surface.NORMAL_Y]) > 0.99
    corners = scene.vertices[scene.triangles[horizontal]].astype(np.float64)  # (W, 3, 3)
    materials = rows[horizontal, Surface.LEFT_MATERIAL].astype(int)
    along = np.stack([-rows[horizontal, Surface.NORMAL_Y], rows[horizontal, Surface.NORMAL_X]], axis=1)
    place = (corners[:, :, :2] * along[:, None, :]).sum(axis=2)
    seen = set()
    for triangle, places, material in zip(corners, place, materials.tolist(), strict=True):
        foot = _foot(triangle, places)
        key = tuple(round(value / _ROUNDING_M) for value in foot[:4])
        if key not in seen:  # a rectangle is two triangles over the same foot
            seen.add(key)
            yield Obstacle(_wall_box(*foot), GUARD_RAIL if material == Material.RAIL else BUILDING)


def _foot(triangle: Float32Array, places: Float32Array) -> tuple[float, float, float, float, float, float]:
    """Ends of the foot of a triangle on the ground plan (x, y, x, y), its lowest and its highest point, m."""
    first, last = triangle[int(places.argmin())], triangle[int(places.argmax())]
    low, high = float(triangle[:, 2].min()), float(triangle[:, 2].max())
    return float(first[0]), float(first[1]), float(last[0]), float(last[1]), low, high


def _wall_box(x0: float, y0: float, x1: float, y1: float, low_m: float, high_m: float) -> Box:
    bottom_m = low_m - _BELOW_GROUND_M
    return Box(
        0.5 * (x0 + x1),
        0.5 * (y0 + y1),
        bottom_m,
        math.degrees(math.atan2(y1 - y0, x1 - x0)),
        0.5 * math.hypot(x1 - x0, y1 - y0),
        _HALF_WALL_M,
        0.5 * (high_m - bottom_m),
    )
