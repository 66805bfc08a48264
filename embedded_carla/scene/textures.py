"""Brightness textures of asphalt and open ground, drawn from a seed, with rip-maps.

A road is seen at a grazing angle: along the view a pixel covers metres, across it centimetres. A rip-map holds every
combination of halvings per axis, so each axis is filtered by its own footprint and neither aliases nor blurs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled
from embedded_carla.scene.noise import Float32Array, hash_unit, layered_noise
from embedded_carla.scene.packs import TexturePack
from embedded_carla.scene.types import TextureSet

SIZE = 512
LEVELS = 10
ASPHALT_GRAIN, ASPHALT_MACRO, GROUND_GRAIN, GROUND_MACRO = range(4)
TEXELS_PER_M = np.array([[100.0, 100.0], [8.0, 50.0], [50.0, 50.0], [2.5, 2.5]], dtype=np.float32)
"""Along s and across for asphalt; along x and y of the world for ground."""


def _asphalt_grain(seed: int) -> Float32Array:
    grain = layered_noise(SIZE, SIZE, ((1, 1), (2, 2), (4, 4)), (1.0, 0.9, 0.5), seed)
    stones = layered_noise(SIZE, SIZE, ((2, 2),), (1.0,), seed + 7)
    return grain + np.float32(1.2) * (stones > 1.55).astype(np.float32)


@compiled(error_model="numpy")
def _draw_damage(out: Float32Array, patches: int, cracks: int, joints: int, seed: int) -> None:
    """Repairs, tarred cracks, cross joints and stains on the (s, t) map of one stretch of asphalt."""
    size = out.shape[0]
    for k in range(patches):
        row, column = int(hash_unit(k, 1, seed) * size), int(hash_unit(k, 2, seed) * size)
        length, width = int(12 + 60 * hash_unit(k, 3, seed)), int(30 + 130 * hash_unit(k, 4, seed))
        tone = np.float32(-1.5 if hash_unit(k, 5, seed) < 0.7 else 1.1)
        for i in range(length):
            for j in range(width):
                rim = i == 0 or i == length - 1 or j < 3 or j > width - 4
                out[(row + i) % size, (column + j) % size] += np.float32(1.6) * tone if rim and tone < 0 else tone
    for k in range(cracks):
        across = hash_unit(k, 11, seed) < 0.55
        row, column = hash_unit(k, 12, seed) * size, hash_unit(k, 13, seed) * size
        steps = int(150 + 300 * hash_unit(k, 14, seed))
        for step in range(steps):
            wiggle = hash_unit(k, 20 + step, seed) - 0.5
            if across:
                column += 1.0
                row += wiggle * 0.9
            else:
                row += 0.5
                column += wiggle * 3.0
            for j in range(-2, 3 if not across else -1):
                out[int(row) % size, (int(column) + j) % size] = np.float32(-3.2)
    for k in range(joints):
        row = k * size // joints
        for j in range(size):
            out[row, j] = np.float32(-3.0)
    for k in range(10):
        row, column = hash_unit(k, 31, seed) * size, hash_unit(k, 32, seed) * size
        radius = 6.0 + 18.0 * hash_unit(k, 33, seed)
        for i in range(-8, 9):
            for j in range(-26, 27):
                d = np.sqrt((i * 6.0) ** 2 + (j * 1.0) ** 2) / radius
                if d < 1.0:
                    out[(int(row) + i) % size, (int(column) + j) % size] -= np.float32(1.5 * (1.0 - d))


@compiled(error_model="numpy")
def _draw_seams(out: Float32Array, seams: int, seed: int) -> None:
    """Tarred seams along the road, between strips paved apart, whose tones differ; they wander and close after 64 m."""
    size = out.shape[0]
    for k in range(seams):
        start, stop = hash_unit(k, 41, seed) * size, hash_unit(k, 42, seed) * size
        wander, phase = 2.0 + 5.0 * hash_unit(k, 43, seed), 6.2831853 * hash_unit(k, 44, seed)
        tone, half = np.float32(0.9 * (hash_unit(k, 45, seed) - 0.5)), 1 + int(2.2 * hash_unit(k, 46, seed))
        gap, filled = 6.2831853 * hash_unit(k, 47, seed), hash_unit(k, 48, seed) < 0.65
        for i in range(size):
            turn = 6.2831853 * i / size
            shift = wander * (np.sin(turn + phase) + 0.4 * np.sin(5.0 * turn + 2.0 * phase))
            first = int(start + shift)
            for j in range(int(abs(stop - start))):
                out[i, (first + j) % size] += tone
            if filled and np.sin(3.0 * turn + gap) > -0.75:
                for j in range(-half, half + 1):
                    out[i, (first + j) % size] = np.float32(-2.9 + 0.5 * hash_unit(i, k, seed))


@compiled(error_model="numpy")
def _draw_nets(out: Float32Array, nets: int, seed: int) -> None:
    """Places where the surface has broken into a net of cracks."""
    size = out.shape[0]
    for k in range(nets):
        row, column = hash_unit(k, 51, seed) * size, hash_unit(k, 52, seed) * size
        rows, columns = 10.0 + 24.0 * hash_unit(k, 53, seed), 25.0 + 50.0 * hash_unit(k, 54, seed)
        for step in range(70):
            i = row + rows * (hash_unit(step, 55 + k, seed) - 0.5)
            j = column + columns * (hash_unit(step, 75 + k, seed) - 0.5)
            di, dj = 0.4 * (hash_unit(step, 95 + k, seed) - 0.5), 2.0 * (hash_unit(step, 115 + k, seed) - 0.5)
            for _ in range(12):
                out[int(i) % size, int(j) % size] -= np.float32(1.6)
                i += di
                j += dj


def _asphalt_macro(pack: TexturePack, seed: int) -> Float32Array:
    base = layered_noise(SIZE, SIZE, ((64, 128), (16, 32), (4, 8)), (1.0, 0.6, 0.35), seed)
    joints = round(SIZE / 8.0 / pack.joints_m) if pack.joints_m > 0 else 0
    _draw_seams(base, 1 + int(hash_unit(3, 61, seed) * 3.0), seed)
    _draw_damage(base, round(60 * pack.patches), 3 * pack.cracks, joints, seed)
    _draw_nets(base, pack.cracks, seed)
    return base


def _along(wear: float, seed: int) -> Float32Array:
    """(2, LEVELS, SIZE): see ``TextureSet.along``. Resurfaced lengths with sharp ends; paint that comes and goes."""
    rng = np.random.Generator(np.random.PCG64(seed))
    tone, missing = np.empty(SIZE), np.zeros(SIZE)
    at = 0
    while at < SIZE:
        length = int(rng.integers(18, 110))
        tone[at : at + length] = float(np.exp(0.20 * np.clip(rng.normal(), -2.5, 2.5)))
        at += length
    for waves, weight in ((5, 0.8), (13, 0.8), (31, 0.6), (67, 0.5), (149, 0.5)):
        phase = rng.uniform(0.0, 2.0 * np.pi)
        missing += weight * np.sin(2.0 * np.pi * waves * np.arange(SIZE) / SIZE + phase)
    # Of the sum, deviation 0.96, a quarter of fresh and half of badly worn roads lies above the threshold.
    missing = np.clip((missing - 1.15 + 2.6 * wear) * 0.75, 0.0, 0.96)
    out = np.zeros((2, LEVELS, SIZE), dtype=np.float32)
    for row, values in enumerate((tone, missing)):
        for level in range(LEVELS):
            out[row, level, : SIZE >> level] = values.reshape(SIZE >> level, -1).mean(axis=1)
    return out


def _ground_grain(seed: int) -> Float32Array:
    cells = ((1, 1), (2, 4), (4, 2), (8, 8), (32, 32))
    return layered_noise(SIZE, SIZE, cells, (0.9, 0.9, 0.9, 0.8, 0.6), seed)


def _ground_macro(seed: int) -> Float32Array:
    return layered_noise(SIZE, SIZE, ((128, 128), (32, 32), (8, 8), (2, 2)), (1.0, 0.8, 0.6, 0.4), seed)


@compiled(error_model="numpy")
def _rip_map(image: Float32Array, out: npt.NDArray[np.uint8], start: npt.NDArray[np.int32]) -> None:
    """Write all levels of ``image`` (mean 0, deviation 1); start[i, j]: first texel, rows halved i, columns j times."""
    position = 0
    rows = image.copy()
    for i in range(LEVELS):
        level = rows.copy()
        for j in range(LEVELS):
            start[i, j] = position
            for r in range(level.shape[0]):
                for c in range(level.shape[1]):
                    value = np.float32(128.5) + np.float32(36.0) * level[r, c]
                    out[position] = np.uint8(min(max(value, np.float32(0.0)), np.float32(255.0)))
                    position += 1
            if j < LEVELS - 1:
                half = np.empty((level.shape[0], level.shape[1] // 2), dtype=np.float32)
                for r in range(half.shape[0]):
                    for c in range(half.shape[1]):
                        half[r, c] = np.float32(0.5) * (level[r, 2 * c] + level[r, 2 * c + 1])
                level = half
        if i < LEVELS - 1:
            less = np.empty((rows.shape[0] // 2, SIZE), dtype=np.float32)
            for r in range(less.shape[0]):
                for c in range(SIZE):
                    less[r, c] = np.float32(0.5) * (rows[2 * r, c] + rows[2 * r + 1, c])
            rows = less


@compiled(error_model="numpy")
def _pack_neighbours(texels: npt.NDArray[np.uint8], out: npt.NDArray[np.uint32], start: npt.NDArray[np.int32]) -> None:
    """Per texel of one texture: itself, the next in its row, and the two below them, lowest byte first."""
    for a in range(LEVELS):
        for b in range(LEVELS):
            rows, columns, first = SIZE >> a, SIZE >> b, start[a, b]
            for i in range(rows):
                upper, lower = first + i * columns, first + ((i + 1) % rows) * columns
                for j in range(columns):
                    right = (j + 1) % columns
                    value = np.uint32(texels[upper + j]) | (np.uint32(texels[upper + right]) << np.uint32(8))
                    value |= np.uint32(texels[lower + j]) << np.uint32(16)
                    out[upper + j] = value | (np.uint32(texels[lower + right]) << np.uint32(24))


def build_textures(pack: TexturePack, seed: int) -> TextureSet:
    """Draw the four textures of a pack. Same pack and seed, same bytes."""
    seed = int(seed % 1_000_003)
    images = (_asphalt_grain(seed), _asphalt_macro(pack, seed + 1), _ground_grain(seed + 2), _ground_macro(seed + 3))
    per_texture = (2 * SIZE - 1) ** 2
    texels = np.empty(len(images) * per_texture, dtype=np.uint8)
    start = np.empty((len(images), LEVELS, LEVELS), dtype=np.int32)
    for k, image in enumerate(images):
        _rip_map(image.astype(np.float32), texels[k * per_texture : (k + 1) * per_texture], start[k])
        start[k] += k * per_texture
    coarse, coarse_start = np.empty(2 * per_texture, dtype=np.uint32), np.empty((2, LEVELS, LEVELS), dtype=np.int32)
    for k, texture in enumerate((ASPHALT_MACRO, GROUND_MACRO)):
        part = slice(k * per_texture, (k + 1) * per_texture)
        own_start = start[texture] - np.int32(texture * per_texture)
        _pack_neighbours(texels[texture * per_texture : (texture + 1) * per_texture], coarse[part], own_start)
        coarse_start[k] = own_start + np.int32(k * per_texture)
    return TextureSet(texels, start, TEXELS_PER_M, coarse, coarse_start, _along(pack.wear, seed + 4))
