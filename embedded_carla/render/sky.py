"""The sky and the far hills, painted once per weather on the five upper faces of a cube."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from embedded_carla.render.lighting import TONE_ENTRIES, TONE_WHITE, Light
from embedded_carla.scene.noise import hash_unit, layered_noise

Float32Array = npt.NDArray[np.float32]
Uint32Array = npt.NDArray[np.uint32]

COLUMNS, ROWS = 1024, 544
LOWEST = -0.0625
"""Sideways faces (0: +x, 1: +y, 2: −x, 3: −y) span −1…1 across and LOWEST…1 upwards (tangents); face 4 looks up."""
HILL_BIT = 0xFE000000
"""Highest byte of a hill texel; of open sky it is 255."""

_NOISE = 512


@njit(cache=True, error_model="numpy")
def _noise_at(noise: Float32Array, x: float, y: float) -> float:
    fx, fy = np.floor(x), np.floor(y)
    i, j = int(fy) & (_NOISE - 1), int(fx) & (_NOISE - 1)
    i2, j2 = (i + 1) & (_NOISE - 1), (j + 1) & (_NOISE - 1)
    p, q = y - fy, x - fx
    top = noise[i, j] + (noise[i, j2] - noise[i, j]) * q
    bottom = noise[i2, j] + (noise[i2, j2] - noise[i2, j]) * q
    return top + (bottom - top) * p


@njit(cache=True, error_model="numpy")
def _hill_line(azimuth: float, height: float, seed: int) -> float:
    """Tangent of the horizon's elevation towards ``azimuth`` (rad): hills of several widths, closed in a circle."""
    total = 0.35
    for k in range(1, 9):
        waves = (1, 2, 3, 5, 9, 17, 33, 71)[k - 1]
        phase = 6.2831853 * hash_unit(k, 3, seed)
        total += (0.30, 0.26, 0.22, 0.14, 0.09, 0.05, 0.03, 0.018)[k - 1] * np.sin(waves * azimuth + phase)
    return max(total, 0.06) * height


@njit(cache=True, error_model="numpy")
def _paint(out: Uint32Array, noise: Float32Array, tone: npt.NDArray[np.uint8], sun_direction: Float32Array,
           sun: Float32Array, ambient: Float32Array, zenith: Float32Array, horizon: Float32Array, fog: Float32Array,
           hill_colour: Float32Array, cloud: float, extinction: float, hill_height: float, veil: float,
           seed: int) -> None:  # fmt: skip
    tone_scale = (TONE_ENTRIES - 1) / np.sqrt(TONE_WHITE)
    lines = np.empty(COLUMNS)
    colour = np.empty(3)
    threshold = 1.3 - 2.9 * cloud
    for face in range(5):
        for column in range(COLUMNS):
            across = (column + 0.5) * 2.0 / COLUMNS - 1.0
            lines[column] = 0.0
            if face < 4:
                lines[column] = (
                    _hill_line(np.arctan(across) + face * 1.5707963, hill_height, seed)
                    / np.sqrt(1.0 + across * across)
                    * (1.0 + across * across)
                )
        for row in range(ROWS):
            for column in range(COLUMNS):
                across = (column + 0.5) * 2.0 / COLUMNS - 1.0
                if face == 4:
                    x, y, z = across, (row + 0.5) * 2.0 / ROWS - 1.0, 1.0
                else:
                    up = LOWEST + (row + 0.5) * (1.0 - LOWEST) / ROWS
                    if face == 0:
                        x, y = 1.0, across
                    elif face == 1:
                        x, y = -across, 1.0
                    elif face == 2:
                        x, y = -1.0, -across
                    else:
                        x, y = across, -1.0
                    z = up
                inverse = 1.0 / np.sqrt(x * x + y * y + z * z)
                elevation = max(z * inverse, 0.0)
                towards_sun = max((x * sun_direction[0] + y * sun_direction[1] + z * sun_direction[2]) * inverse, 0.0)
                bright = towards_sun * towards_sun
                bright = bright * bright
                wide = bright * bright
                narrow = wide**8
                disc = 1.0 if towards_sun > 0.99985 else 0.0
                low = (1.0 - elevation) ** 5
                cover, shade = 0.0, 0.0
                if elevation > 0.004 and cloud > 0.0:
                    scale = 26.0 / (elevation + 0.10) * inverse
                    value = _noise_at(noise, x * scale + 100.0, y * scale + 40.0) + 0.5 * _noise_at(
                        noise, x * scale * 3.1, y * scale * 3.1
                    )
                    cover = min(max((value - threshold) * 0.9, 0.0), 1.0) * min(elevation * 12.0, 1.0)
                    cover = cover * cover * (3.0 - 2.0 * cover)
                    shade = min(max(0.5 + 0.22 * value, 0.0), 1.0)
                # Seen flat, a layer of fog is thick; seen upwards, thin.
                thickness = max(extinction - 1.2e-4, 0.0) * 220.0 / max(elevation, 0.02)
                through = np.exp(-thickness) * (1.0 - veil)
                hill = 0.0
                if face < 4:
                    texel = (1.0 - LOWEST) / ROWS
                    hill = min(max((lines[column] - z) / texel + 0.5, 0.0), 1.0)
                for c in range(3):
                    value = zenith[c] + (horizon[c] - zenith[c]) * low
                    value += sun[c] * (0.10 * wide + 0.9 * narrow + 12.0 * disc) * (1.0 - cloud) * 0.8
                    lit = ambient[c] * (1.15 + 0.7 * (1.0 - cloud)) + 0.45 * sun[c] * (0.6 + wide)
                    cloud_colour = lit * (1.0 - 0.45 * shade * (0.4 + 0.6 * cloud))
                    value = value * (1.0 - cover) + cloud_colour * cover
                    if hill > 0.0:
                        rough = 0.9 + 0.12 * _noise_at(noise, column * 0.37 + face * 97.0, row * 0.9)
                        land = hill_colour[c] * rough * (ambient[c] + 0.55 * sun[c] * max(sun_direction[2], 0.0))
                        land = land + (horizon[c] - land) * 0.45
                        value = value * (1.0 - hill) + land * hill
                        through_here = np.exp(-max(extinction - 1.2e-4, 0.0) * 3000.0) * (1.0 - veil)
                        value_through = through * (1.0 - hill) + through_here * hill
                    else:
                        value_through = through
                    colour[c] = fog[c] + (value - fog[c]) * value_through
                top = HILL_BIT if hill > 0.5 else 0xFF000000
                packed = np.uint32(top)
                for c in range(3):
                    entry = min(int(np.sqrt(max(colour[c], 0.0)) * tone_scale + 0.5), TONE_ENTRIES - 1)
                    packed |= np.uint32(np.uint32(tone[entry]) << np.uint32(16 - 8 * c))
                out[face, row, column] = packed


def paint_sky(light: Light, tone: npt.NDArray[np.uint8], hill_height_deg: float,
              hill_colour: tuple[float, float, float], seed: int) -> Uint32Array:  # fmt: skip
    """Paint the sky.

    Returns:
        (5, 544, 1024) uint32 display colours 0xAARRGGBB; rows upwards; alpha 254 marks hills, 255 open sky.
    """
    seed = int(seed % 1_000_003)
    noise = layered_noise(
        _NOISE, _NOISE, ((64, 64), (32, 32), (16, 16), (8, 8), (4, 4)), (1.0, 0.8, 0.5, 0.3, 0.15), seed + 11
    )
    out = np.empty((5, ROWS, COLUMNS), dtype=np.uint32)
    _paint(out, noise, tone, light.sun_direction, light.sun, light.ambient, light.zenith, light.horizon, light.fog,
           np.array(hill_colour, np.float32), light.cloud, light.extinction_per_m,
           float(np.tan(np.radians(hill_height_deg))), light.veil, seed)  # fmt: skip
    return out
