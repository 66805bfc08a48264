"""Pictures of trees, bushes and posts, painted leaf by leaf from a seed, in halving sizes."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled
from embedded_carla.scene.noise import hash_unit
from embedded_carla.scene.packs import TexturePack
from embedded_carla.scene.types import TAG_POLE, TAG_VEGETATION, Float32Array, SpriteAtlas

ROWS, COLUMNS, LEVELS = 256, 128, 7


class Picture(IntEnum):
    """First row of the atlas of each kind."""

    BROADLEAF = 0
    CONIFER = 4
    BUSH = 7
    MARKER_POST = 10
    RAIL_POST = 11


VARIANTS = {Picture.BROADLEAF: 4, Picture.CONIFER: 3, Picture.BUSH: 3, Picture.MARKER_POST: 1, Picture.RAIL_POST: 1}
TAGS = np.array([TAG_VEGETATION] * 10 + [TAG_POLE, 28], dtype=np.int32)


@compiled(error_model="numpy")
def _blob(image: Float32Array, row: float, column: float, radius: float, colour: Float32Array, bare: float, seed: int,
          lean_x: float | np.float32, lean_y: float) -> None:  # fmt: skip
    """Paint a ball of leaves: (r, g, b, opaque, normal right, up, near)."""
    for i in range(max(int(row - radius), 0), min(int(row + radius) + 2, image.shape[0])):
        for j in range(max(int(column - radius), 0), min(int(column + radius) + 2, image.shape[1])):
            x, y = (j + 0.5 - column) / radius, (row - i - 0.5) / radius
            reach = x * x + y * y
            ragged = hash_unit(i, j, seed)
            if reach + 0.5 * ragged > 1.15 or hash_unit(j, i, seed + 5) < bare:
                continue
            z = np.sqrt(max(1.0 - reach, 0.05))
            tone = 0.72 + 0.28 * z + 0.35 * (hash_unit(i // 2, j // 2, seed + 9) - 0.5) + 0.25 * (ragged - 0.5)
            for c in range(3):
                image[i, j, c] = colour[c] * tone
            image[i, j, 3] = 1.0
            nx, ny, nz = 0.6 * x + lean_x, 0.6 * y + lean_y, 0.6 * z + 0.3
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-6
            image[i, j, 4], image[i, j, 5], image[i, j, 6] = nx / length, ny / length, nz / length


@compiled(error_model="numpy")
def _bar(image: Float32Array, top: float, bottom: float, half_width: float, colour: Float32Array,
         reflector: float = 0.0) -> None:  # fmt: skip
    """Paint an upright round bar between heights given as rows. ``reflector``: share that throws light back."""
    centre = image.shape[1] * 0.5
    for i in range(max(int(top), 0), min(int(bottom), image.shape[0])):
        for j in range(image.shape[1]):
            x = (j + 0.5 - centre) / half_width
            if abs(x) < 1.0:
                for c in range(3):
                    image[i, j, c] = colour[c]
                image[i, j, 3], image[i, j, 4], image[i, j, 5] = 1.0, x * 0.9, 0.0
                image[i, j, 6] = np.sqrt(1.0 - 0.81 * x * x)
                image[i, j, 7] = reflector


@compiled(error_model="numpy")
def _crown(image: Float32Array, kind: int, dark: Float32Array, light: Float32Array, bare: float, seed: int) -> None:
    """Paint the leaves of a broadleaf tree (0), conifer (1) or bush (2)."""
    rows, columns = image.shape[0], image.shape[1]
    count = 170 if kind == 0 else (220 if kind == 1 else 110)
    colour = np.empty(3, dtype=np.float32)
    for k in range(count):
        p, q, depth = hash_unit(k, 1, seed), hash_unit(k, 2, seed), k / count
        if kind == 1:
            height = p
            half = (1.0 - height) * 0.46 + 0.03
            x = (q * 2.0 - 1.0) * half
            row, column = (0.94 - 0.92 * height) * rows, (0.5 + x) * columns
            radius = columns * (0.035 + 0.06 * (1.0 - height))
            lean_x, lean_y = 0.9 * x / half, 0.15
        else:
            angle, reach = 6.2831853 * p, np.sqrt(q) * (0.9 if depth < 0.6 else 0.7)
            x, y = np.cos(angle) * reach, np.sin(angle) * reach
            middle, tall = (0.36, 0.30) if kind == 0 else (0.58, 0.34)
            row, column = (middle - tall * y) * rows, (0.5 + 0.38 * x) * columns
            radius = columns * (0.06 + 0.06 * hash_unit(k, 3, seed))
            lean_x, lean_y = 0.8 * x, 0.8 * y + 0.1
        mix = hash_unit(k, 4, seed)
        tone = 0.65 + 0.45 * depth
        for c in range(3):
            colour[c] = (dark[c] + (light[c] - dark[c]) * mix) * tone
        _blob(image, row, column, radius, colour, bare, seed * 77 + k, lean_x, lean_y)


@compiled(error_model="numpy")
def _write_levels(
    image: Float32Array, texels: npt.NDArray[np.uint8], position: int, starts: npt.NDArray[np.int32]
) -> int:
    """Append all levels of one picture; returns the next free texel."""
    level = image
    for k in range(starts.shape[0]):
        starts[k] = position
        rows, columns = level.shape[0], level.shape[1]
        for i in range(rows):
            for j in range(columns):
                for c in range(3):
                    texels[position, c] = np.uint8(min(max(level[i, j, c] * 255.0 + 0.5, 0.0), 255.0))
                    texels[position, 4 + c] = np.uint8(min(max(level[i, j, 4 + c] * 127.0 + 128.5, 0.0), 255.0))
                texels[position, 3] = 255 if level[i, j, 3] >= 0.42 else 0
                texels[position, 7] = np.uint8(level[i, j, 7] * 255.0 + 0.5)
                position += 1
        if k + 1 < starts.shape[0]:
            half = np.zeros((rows // 2, columns // 2, 8), dtype=np.float32)
            for i in range(rows // 2):
                for j in range(columns // 2):
                    weight = np.float32(0.0)
                    for a in range(2):
                        for b in range(2):
                            opaque = level[2 * i + a, 2 * j + b, 3]
                            weight += opaque
                            for c in range(8):
                                if c != 3:
                                    half[i, j, c] += opaque * level[2 * i + a, 2 * j + b, c]
                    for c in range(8):
                        half[i, j, c] = half[i, j, c] / max(weight, np.float32(1e-6))
                    half[i, j, 3] = weight * np.float32(0.25)
            level = half
    return position


def build_atlas(pack: TexturePack, seed: int) -> SpriteAtlas:
    """Paint all pictures of a pack. Same pack and seed, same bytes."""
    seed = int(seed % 1_000_003)
    dark, light = np.array(pack.leaves, np.float32), np.array(pack.leaves_alternate, np.float32)
    trunk = np.array(pack.trunk, np.float32)
    per_picture = sum((ROWS >> k) * (COLUMNS >> k) for k in range(LEVELS))
    texels = np.empty((len(TAGS) * per_picture, 8), dtype=np.uint8)
    starts = np.empty((len(TAGS), LEVELS), dtype=np.int32)
    position = 0
    for kind, count in VARIANTS.items():
        for variant in range(count):
            image = np.zeros((ROWS, COLUMNS, 8), dtype=np.float32)
            own_seed = seed + 1009 * (int(kind) + variant)
            if kind == Picture.BROADLEAF:
                _bar(image, ROWS * 0.5, ROWS, 4.4 + variant, trunk)
                _crown(image, 0, dark, light, pack.bare, own_seed)
            elif kind == Picture.CONIFER:
                _bar(image, ROWS * 0.8, ROWS, 4.0, trunk)
                _crown(image, 1, dark * np.float32(0.8), light * np.float32(0.8), pack.bare * 0.5, own_seed)
            elif kind == Picture.BUSH:
                _crown(image, 2, dark, light, pack.bare, own_seed)
            elif kind == Picture.MARKER_POST:
                _bar(image, 0, ROWS, COLUMNS * 0.5, np.array([0.70, 0.70, 0.68], np.float32))
                _bar(image, ROWS * 0.10, ROWS * 0.34, COLUMNS * 0.5, np.array([0.02, 0.02, 0.02], np.float32))
                _bar(image, ROWS * 0.15, ROWS * 0.29, COLUMNS * 0.24, np.array([0.85, 0.60, 0.25], np.float32), 1.0)
            else:
                _bar(image, 0, ROWS, COLUMNS * 0.5, np.array([0.30, 0.31, 0.32], np.float32))
            position = _write_levels(image, texels, position, starts[int(kind) + variant])
    return SpriteAtlas(texels, starts, TAGS)
