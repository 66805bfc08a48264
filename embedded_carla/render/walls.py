"""Colour of upright and other flat faces: houses, guard rails, vehicles."""

from __future__ import annotations

import numpy as np

from embedded_carla.render.headlights import beam_on_upright
from embedded_carla.render.kernel import kernel
from embedded_carla.render.raster import Float32Array
from embedded_carla.scene.noise import hash_unit

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_RAIL, _FACADE, _ROOF, _BODY = 5, 6, 7, 8
_LAMPLIGHT, _TAIL_LAMP = np.float32(0.40), np.float32(0.5)


@kernel
def wall_colour(surface: Float32Array, colours: Float32Array, light: Float32Array, columns: Float32Array,
                inverse_focal: float, centre_x: float, rise: float, rise_step: float, row: Float32Array, low: int,
                high: int) -> None:  # fmt: skip
    """Radiance (lines 7-9) of pixels [low, high) of one wall.

    A vehicle's body (material BODY) keeps its own linear colour in columns 2-4 of its surface row. Walls read line 1 as
    metres along and line 2 as metres up (bodies: shares of the length from −1 to 1 and of the height from 0 to 1).
    ``rise`` + column · ``rise_step``: change of height over the camera per metre of depth.
    """
    material = int(surface[0])
    colour = colours[material]
    facing = surface[13] * light[0] + surface[14] * light[1] + surface[15] * light[2]
    if material == _RAIL:
        facing = abs(facing)
    direct = max(facing, _ZERO)
    sky = np.float32(0.62) + np.float32(0.38) * surface[15]
    er, eg, eb = (
        light[6] * sky + light[3] * direct,
        light[7] * sky + light[4] * direct,
        light[8] * sky + light[5] * direct,
    )
    for k in range(low, high):
        u, v = row[1, k], row[2, k]
        red, green, blue = colour[0], colour[1], colour[2]
        glow, lamp = _ZERO, _ZERO
        if material == _RAIL:
            # Two waves of the profile: light ridges, a dark groove between.
            phase = (v - np.float32(0.42)) * np.float32(1.0 / 0.34)
            fold = abs(phase - np.float32(0.5)) * np.float32(2.0)
            gain = np.float32(0.65) + np.float32(0.55) * (_ONE - abs(fold - np.float32(0.55)) * np.float32(1.6))
            red, green, blue = red * gain, green * gain, blue * gain
        elif material == _FACADE:
            column, floor = u * np.float32(1.0 / 2.6), (v - np.float32(1.0)) * np.float32(1.0 / 2.9)
            p, q = column - np.floor(column), floor - np.floor(floor)
            if v > np.float32(1.0) and np.float32(0.3) < p < np.float32(0.7) and np.float32(0.32) < q < np.float32(0.8):
                red, green, blue = np.float32(0.035), np.float32(0.045), np.float32(0.055)
                house = int(surface[13] * np.float32(97.0)) + int(surface[14] * np.float32(53.0))
                if light[18] > np.float32(0.5) and hash_unit(int(column), int(floor) + house, 5) < np.float32(0.3):
                    glow = _LAMPLIGHT * light[18]
        elif material == _ROOF:
            course = v * np.float32(3.0)
            gain = np.float32(0.8) + np.float32(0.4) * (course - np.floor(course))
            red, green, blue = red * gain, green * gain, blue * gain
        elif material == _BODY:
            red, green, blue = surface[2], surface[3], surface[4]
            wheel = (abs(u) - np.float32(0.62)) * np.float32(1.0 / 0.17)
            rise = v * np.float32(1.0 / 0.42)
            if surface[6] != _ZERO and wheel * wheel + rise * rise < _ONE:
                red, green, blue = np.float32(0.02), np.float32(0.02), np.float32(0.022)
            elif surface[7] != _ZERO and abs(u) > np.float32(0.66) and np.float32(0.45) < v < np.float32(0.85):
                red, green, blue = np.float32(0.45), np.float32(0.025), np.float32(0.02)
                lamp = _TAIL_LAMP * light[18]
        headlight = _ZERO
        if light[18] > _ZERO:
            sideways, over_m = (columns[k] - centre_x) * inverse_focal, row[0, k] * (rise + rise_step * columns[k])
            headlight = beam_on_upright(light[18], row[0, k], sideways, over_m)
        row[7, k] = red * (er + headlight) + glow + lamp
        row[8, k] = green * (eg + headlight) + np.float32(0.62) * glow + np.float32(0.05) * lamp
        row[9, k] = blue * (eb + headlight) + np.float32(0.30) * glow + np.float32(0.04) * lamp
