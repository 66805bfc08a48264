"""Shadows on the ground: one picture of the lit share per cell, painted once per position of the sun."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled
from embedded_carla.render.raster import Float32Array, Int32Array
from embedded_carla.render.types import BoxActor
from embedded_carla.scene.boxes import RAIL_BOTTOM_M
from embedded_carla.scene.noise import hash_unit
from embedded_carla.scene.types import Material, Scene

Uint8Array = npt.NDArray[np.uint8]
Uint32Array = npt.NDArray[np.uint32]

LOWEST_SUN = math.sin(math.radians(4.0))
DARKEST = 0.22
"""Lit share left in deep shadow. Cells below it, under vehicles, are hidden from the sky too."""
UNDER_BODY = 0.06
_FIRST_CONIFER, _FIRST_BUSH, _FIRST_POST = 4, 7, 10
_BELOW_GROUND_M = {Material.FACADE: 1.0, Material.ROOF: 1.0, Material.RAIL: -RAIL_BOTTOM_M}
"""How far the lowest vertex of a tile of each material lies below the ground."""


@compiled(error_model="numpy")
def _darken(out: Uint8Array, i: int, j: int, dark: float | np.floating[Any]) -> None:
    lit = 255.0 * (1.0 - min(max(dark, 0.0), 1.0) * (1.0 - DARKEST))
    if lit < out[i, j]:
        out[i, j] = np.uint8(lit)


@compiled(error_model="numpy")
def _blob(out: Uint8Array, x: float, y: float, along: float, across: float, away_x: float, away_y: float,
          dapple_gain: float) -> None:  # fmt: skip
    """An ellipse of leaves. All lengths in cells; ``away``: unit vector along which ``along`` counts."""
    reach = max(along, across)
    for i in range(max(int(y - reach), 0), min(int(y + reach) + 2, out.shape[0])):
        for j in range(max(int(x - reach), 0), min(int(x + reach) + 2, out.shape[1])):
            px, py = j + 0.5 - x, i + 0.5 - y
            p, q = (px * away_x + py * away_y) / along, (px * away_y - py * away_x) / across
            inside = 1.0 - p * p - q * q
            if inside > -0.2:
                dapple = 0.55 * hash_unit(i // 2, j // 2, 17) + 0.45 * hash_unit(i // 5, j // 5, 23)
                _darken(out, i, j, inside * 2.2 - dapple_gain * dapple + 0.15)


@compiled(error_model="numpy")
def _stick(out: Uint8Array, x: float, y: float, end_x: float, end_y: float, half: float) -> None:
    """A soft line, in cells. A line thinner than a cell is as much lighter."""
    dx, dy = end_x - x, end_y - y
    length = np.sqrt(dx * dx + dy * dy)
    if length < 1e-3:
        return
    dx, dy = dx / length, dy / length
    wide = max(half, 0.5) + 0.5
    strength = min(2.0 * half, 1.0)
    for i in range(max(int(min(y, end_y) - wide), 0), min(int(max(y, end_y) + wide) + 2, out.shape[0])):
        for j in range(max(int(min(x, end_x) - wide), 0), min(int(max(x, end_x) + wide) + 2, out.shape[1])):
            px, py = j + 0.5 - x, i + 0.5 - y
            beyond = max(-(px * dx + py * dy), px * dx + py * dy - length)
            cover = min(max(wide - abs(px * dy - py * dx), 0.0), 1.0) * min(max(0.5 - beyond, 0.0), 1.0)
            _darken(out, i, j, strength * cover)


@compiled(error_model="numpy")
def _triangle(out: Uint8Array, points: npt.NDArray[np.float64]) -> None:
    """A triangle (3, 2) in cells, soft for one cell outside its edges, so that neighbours join without a gap."""
    (ax, ay), (bx, by), (cx, cy) = points
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if abs(area) < 1e-3:
        return
    turn = 1.0 if area > 0.0 else -1.0
    for i in range(max(int(min(ay, by, cy)) - 1, 0), min(int(max(ay, by, cy)) + 2, out.shape[0])):
        for j in range(max(int(min(ax, bx, cx)) - 1, 0), min(int(max(ax, bx, cx)) + 2, out.shape[1])):
            inside = 1.0
            for k in range(3):
                px, py = points[k]
                qx, qy = points[(k + 1) % 3]
                ex, ey = qx - px, qy - py
                distance = turn * (ex * (i + 0.5 - py) - ey * (j + 0.5 - px)) / np.sqrt(ex * ex + ey * ey + 1e-12)
                inside = min(inside, distance + 1.0)
            _darken(out, i, j, inside)


@compiled(error_model="numpy")
def _paint_plants(out: Uint8Array, base: Float32Array, sizes: Float32Array, pictures: Int32Array, origin_x: float,
                  origin_y: float, cell_m: float, sun_x: float, sun_y: float, sun_z: float) -> None:  # fmt: skip
    flat = np.sqrt(sun_x * sun_x + sun_y * sun_y)
    away_x, away_y = (-sun_x / flat, -sun_y / flat) if flat > 1e-6 else (1.0, 0.0)
    stretch = flat / sun_z
    for k in range(base.shape[0]):
        x, y = (base[k, 0] - origin_x) / cell_m, (base[k, 1] - origin_y) / cell_m
        half, height = sizes[k, 0] / cell_m, sizes[k, 1] / cell_m
        long = stretch * height
        if pictures[k] >= _FIRST_POST:
            _stick(out, x, y, x + away_x * long, y + away_y * long, half)
        elif pictures[k] >= _FIRST_BUSH:
            along = np.sqrt((0.85 * half) ** 2 + (0.4 * long) ** 2)
            _blob(out, x + away_x * 0.4 * long, y + away_y * 0.4 * long, along, 0.85 * half, away_x, away_y, 0.8)
        elif pictures[k] >= _FIRST_CONIFER:
            for part in range(4):
                at, wide = 0.22 + 0.2 * part, 0.9 * half * (1.0 - 0.22 * part)
                along = np.sqrt(wide * wide + (0.18 * long) ** 2)
                _blob(out, x + away_x * at * long, y + away_y * at * long, along, wide, away_x, away_y, 0.7)
            _stick(out, x, y, x + away_x * 0.2 * long, y + away_y * 0.2 * long, 0.09 * half)
        else:
            along = np.sqrt((0.85 * half) ** 2 + (0.32 * long) ** 2)
            _blob(out, x + away_x * 0.64 * long, y + away_y * 0.64 * long, along, 0.85 * half, away_x, away_y, 0.9)
            _stick(out, x, y, x + away_x * 0.5 * long, y + away_y * 0.5 * long, 0.08 * half)


@compiled(error_model="numpy")
def _paint_triangles(out: Uint8Array, vertices: Float32Array, triangles: Int32Array, ground_z: Float32Array,
                     origin_x: float, origin_y: float, cell_m: float, sun_x: float, sun_y: float,
                     sun_z: float) -> None:  # fmt: skip
    """Project triangles along the sunlight to the height of the ground where each stands."""
    points = np.empty((3, 2))
    for k in range(triangles.shape[0]):
        for c in range(3):
            vertex = vertices[triangles[k, c]]
            rise = max(vertex[2] - ground_z[k], 0.0) / sun_z
            points[c, 0] = (vertex[0] - sun_x * rise - origin_x) / cell_m
            points[c, 1] = (vertex[1] - sun_y * rise - origin_y) / cell_m
        _triangle(out, points)


@compiled(error_model="numpy")
def _pack(out: Uint32Array, lit: Uint8Array, first_i: int, last_i: int, first_j: int, last_j: int) -> None:
    """Cells [first, last) of ``out``: each with its neighbours right, below and both, lowest byte first."""
    for i in range(first_i, last_i):
        low = min(i + 1, lit.shape[0] - 1)
        for j in range(first_j, last_j):
            right = min(j + 1, lit.shape[1] - 1)
            value = np.uint32(lit[i, j]) | (np.uint32(lit[i, right]) << np.uint32(8))
            value |= np.uint32(lit[low, j]) << np.uint32(16)
            out[i, j] = value | (np.uint32(lit[low, right]) << np.uint32(24))


def _upright(scene: Scene) -> tuple[Int32Array, Float32Array]:
    """Triangles (N, 3) that stand above the ground, and the height of the ground under each, (N,) m."""
    chosen, heights = [np.zeros((0, 3), np.int32)], [np.zeros(0, np.float32)]
    material = scene.surfaces[scene.triangle_surface, 0].astype(np.int32)
    for (low, high), (first, last) in zip(scene.tile_triangles, scene.tile_vertices, strict=True):
        if material[low] < Material.RAIL:
            continue
        below_m = _BELOW_GROUND_M.get(Material(material[low]), 0.0)
        chosen.append(scene.triangles[low:high])
        ground_m = float(scene.vertices[first:last, 2].min()) + below_m
        heights.append(np.full(high - low, ground_m, np.float32))
    return np.concatenate(chosen), np.concatenate(heights)


def paint_shadows(scene: Scene, sun_direction: Float32Array) -> Uint8Array:
    """Lit share of the ground, ``scene.shadow_shape`` uint8 (255 = full sun); no single shadows below 4° altitude."""
    out = np.full(scene.shadow_shape, 255, dtype=np.uint8)
    if float(sun_direction[2]) > LOWEST_SUN:
        sprites, place = scene.sprites, (*scene.shadow_origin, scene.shadow_cell_m)
        sun = tuple(float(v) for v in sun_direction)
        _paint_plants(out, sprites.base, sprites.size, sprites.picture, *place, *sun)
        _paint_triangles(out, scene.vertices, *_upright(scene), *place, *sun)
    return out


@compiled(error_model="numpy")
def _stamp(out: Uint8Array, low_i: int, low_j: int, x: float, y: float, cos: float, sin: float, half_x: float,
           half_y: float, shift_x: float, shift_y: float) -> None:  # fmt: skip
    """Darken a window by a box at (x, y), turned, whose roof casts its shadow ``shift`` away; all in cells.

    Each of four points per cell is dark if its way towards the sun, as far as the roof's height, meets the box.
    """
    sx, sy = cos * shift_x + sin * shift_y, -sin * shift_x + cos * shift_y
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            hits, under = 0, 0
            for sample in range(4):
                px, py = low_j + j + 0.25 + 0.5 * (sample & 1) - x, low_i + i + 0.25 + 0.5 * (sample >> 1) - y
                qx, qy = cos * px + sin * py, -sin * px + cos * py
                first, last = 0.0, 1.0
                for q, s, half in ((qx, sx, half_x), (qy, sy, half_y)):
                    if abs(s) < 1e-6:
                        last = last if abs(q) < half else -1.0
                    else:
                        a, b = (q - half) / s, (q + half) / s
                        first, last = max(first, min(a, b)), min(last, max(a, b))
                hits += first <= last
                under += abs(qx) < half_x and abs(qy) < half_y
            lit = 255.0 * (1.0 - 0.25 * hits * (1.0 - DARKEST)) * (1.0 - 0.25 * under * (1.0 - UNDER_BODY / DARKEST))
            if lit < out[i, j]:
                out[i, j] = np.uint8(lit)


class ShadowMap:
    """Lit share of the ground for one position of the sun, with the movable bodies' shadows stamped in and out.

    Attributes:
        cells: (rows, columns) uint32, four neighbouring shares per cell, lowest byte first: one look-up reads them all.
        place: origin x, y (m) and cells per m.
    """

    def __init__(self, scene: Scene, sun_direction: Float32Array) -> None:
        self._lit = paint_shadows(scene, sun_direction)
        # Places beyond the picture read its rim.
        self._lit[[0, -1]] = 255
        self._lit[:, [0, -1]] = 255
        self._sun = [float(v) for v in sun_direction]
        self.cells: Uint32Array = np.empty(self._lit.shape, dtype=np.uint32)
        self.place = np.array([*scene.shadow_origin, 1.0 / scene.shadow_cell_m])
        _pack(self.cells, self._lit, 0, self._lit.shape[0], 0, self._lit.shape[1])

    def stamp(self, bodies: Sequence[BoxActor]) -> list[tuple[slice, slice, Uint8Array]]:
        """Add the shadows of movable bodies; returns what ``restore`` needs."""
        before: list[tuple[slice, slice, Uint8Array]] = []
        for body in bodies:
            yaw, scale = math.radians(body.yaw_deg), self.place[2]
            x, y = (body.x_m - self.place[0]) * scale, (body.y_m - self.place[1]) * scale
            half_x, half_y = body.extent_x_m * scale, body.extent_y_m * scale
            roof = 2.0 * body.extent_z_m * scale / self._sun[2] if self._sun[2] > LOWEST_SUN else 0.0
            shift_x, shift_y = -self._sun[0] * roof, -self._sun[1] * roof
            reach = math.hypot(half_x, half_y) + 1.0
            rows = self._window(y, shift_y, reach, self._lit.shape[0])
            columns = self._window(x, shift_x, reach, self._lit.shape[1])
            window = self._lit[rows, columns]
            if window.size:
                before.append((rows, columns, window.copy()))
                _stamp(window, rows.start, columns.start, x, y, math.cos(yaw), math.sin(yaw), half_x, half_y, shift_x,
                       shift_y)  # fmt: skip
                self._repack(rows, columns)
        return before

    def restore(self, before: list[tuple[slice, slice, Uint8Array]]) -> None:
        """Take the stamps out again."""
        for rows, columns, window in reversed(before):
            self._lit[rows, columns] = window
            self._repack(rows, columns)

    @staticmethod
    def _window(at: float, shift: float, reach: float, size: int) -> slice:
        """Cells that a shadow may touch, inside the rim, which stays lit."""
        low, high = int(at + min(shift, 0.0) - reach), int(at + max(shift, 0.0) + reach) + 1
        return slice(min(max(low, 1), size), max(min(high, size - 1), 0))

    def _repack(self, rows: slice, columns: slice) -> None:
        _pack(self.cells, self._lit, rows.start - 1, rows.stop, columns.start - 1, columns.stop)
