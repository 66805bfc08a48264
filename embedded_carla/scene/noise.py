"""Seeded noise that tiles: integer hashing, so the same seed gives the same bytes everywhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled

Float32Array = npt.NDArray[np.float32]


@compiled()
def hash_unit(a: int, b: int, seed: int) -> np.float32:
    """Hash two integers and a seed to [0, 1) (the finaliser of MurmurHash3, 32 bit)."""
    h = np.uint32(a * 374761393 + b * 668265263 + seed * 1274126177)
    h ^= h >> np.uint32(16)
    h = np.uint32(h * np.uint32(2246822507))
    h ^= h >> np.uint32(13)
    h = np.uint32(h * np.uint32(3266489909))
    h ^= h >> np.uint32(16)
    return np.float32(h >> np.uint32(8)) * np.float32(1.0 / 16777216.0)


@compiled(error_model="numpy")
def tiled_noise(rows: int, columns: int, cell_rows: int, cell_columns: int, seed: int) -> Float32Array:
    """Value noise in [0, 1], (rows, columns), periodic; cells must divide the size."""
    lattice_rows, lattice_columns = rows // cell_rows, columns // cell_columns
    lattice = np.empty((lattice_rows, lattice_columns), dtype=np.float32)
    for i in range(lattice_rows):
        for j in range(lattice_columns):
            lattice[i, j] = hash_unit(i, j, seed)
    out = np.empty((rows, columns), dtype=np.float32)
    for i in range(rows):
        i0 = i // cell_rows
        i1 = (i0 + 1) % lattice_rows
        p = np.float32((i - i0 * cell_rows) / cell_rows)
        p = p * p * (np.float32(3.0) - np.float32(2.0) * p)
        for j in range(columns):
            j0 = j // cell_columns
            j1 = (j0 + 1) % lattice_columns
            q = np.float32((j - j0 * cell_columns) / cell_columns)
            q = q * q * (np.float32(3.0) - np.float32(2.0) * q)
            top = lattice[i0, j0] + (lattice[i0, j1] - lattice[i0, j0]) * q
            bottom = lattice[i1, j0] + (lattice[i1, j1] - lattice[i1, j0]) * q
            out[i, j] = top + (bottom - top) * p
    return out


def layered_noise(
    rows: int, columns: int, cells: tuple[tuple[int, int], ...], weights: tuple[float, ...], seed: int
) -> Float32Array:
    """Sum of noise layers, mean 0, standard deviation 1. ``cells``: (rows, columns) of a lattice cell per layer."""
    total = np.zeros((rows, columns), dtype=np.float32)
    for k, ((cell_rows, cell_columns), weight) in enumerate(zip(cells, weights, strict=True)):
        total += np.float32(weight) * tiled_noise(rows, columns, cell_rows, cell_columns, seed * 31 + k)
    total -= total.mean()
    return total / np.float32(max(float(total.std()), 1e-6))
