"""Rain streaks over a finished picture. They follow from the camera's place alone, so a picture repeats exactly."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled
from embedded_carla.render.types import CameraPose, Weather
from embedded_carla.scene.noise import hash_unit

Uint32Array = npt.NDArray[np.uint32]

MOST_STREAKS = 700
FAINTEST, STRONGEST = 0.06, 0.30
LONGEST_SHARE = 0.16
"""Longest streak as a share of the picture's height."""


@compiled(error_model="numpy")
def _draw(out: Uint32Array, count: int, slant: float, grey: float, seed: int) -> None:
    height, width = out.shape
    for n in range(count):
        near = hash_unit(n, 1, seed)
        near = near * near * near
        length = (0.025 + (LONGEST_SHARE - 0.025) * near) * height
        x = (hash_unit(n, 2, seed) * 1.4 - 0.2) * width
        y = (hash_unit(n, 3, seed) * 1.2 - 0.2) * height
        own_slant = slant + 0.08 * (hash_unit(n, 4, seed) - 0.5)
        alpha = FAINTEST + (STRONGEST - FAINTEST) * near * hash_unit(n, 5, seed)
        half = (0.0006 + 0.0022 * near) * width
        for i in range(max(int(y), 0), min(int(y + length), height)):
            share = (i + 0.5 - y) / length
            middle = x + own_slant * (i + 0.5 - y)
            fade = alpha * 4.0 * share * (1.0 - share)
            for j in range(max(int(middle - half - 0.5), 0), min(int(middle + half + 1.5), width)):
                # Share of the pixel's width that the streak covers.
                cover = min(j + 1.0, middle + half) - max(float(j), middle - half)
                if cover > 0.0:
                    mix = fade * min(cover, 1.0)
                    pixel, result = out[i, j], np.uint32(0xFF000000)
                    for shift in (16, 8, 0):
                        value = float((pixel >> np.uint32(shift)) & np.uint32(255))
                        value += (max(grey, value * 1.1) - value) * mix
                        result |= np.uint32(min(value + 0.5, 255.0)) << np.uint32(shift)
                    out[i, j] = result


def draw_rain(out: Uint32Array, weather: Weather, camera: CameraPose, grey: float) -> None:
    """Draw streaks into a colour picture.

    Args:
        out: (H, W) 0xAARRGGBB, changed in place.
        weather: ``precipitation`` decides how many, ``wind_intensity`` how slanted.
        camera: its bits seed the streaks.
        grey: display value 0..255 of the streaks: that of the sky's light.
    """
    share = min(max(weather.precipitation, 0.0), 100.0) / 100.0
    if share <= 0.0:
        return
    pose = (camera.x_m, camera.y_m, camera.z_m, camera.pitch_deg, camera.yaw_deg, camera.roll_deg)
    seed = zlib.crc32(struct.pack("<6d", *pose)) % 1_000_003
    slant = 0.9 * min(max(weather.wind_intensity, 0.0), 100.0) / 100.0
    _draw(out, round(MOST_STREAKS * share), slant, grey, seed)
