"""Colour of every pixel: albedo of what is in front, light, wetness, fog, and the display's transfer curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from embedded_carla.render.billboards import texel_index
from embedded_carla.render.ground import ground_albedo
from embedded_carla.render.raster import Float32Array, Float64Array, Int32Array
from embedded_carla.render.sky import COLUMNS as SKY_COLUMNS
from embedded_carla.render.sky import LOWEST as SKY_LOWEST
from embedded_carla.render.sky import ROWS as SKY_ROWS
from embedded_carla.render.walls import wall_colour

Uint8Array = npt.NDArray[np.uint8]
Uint32Array = npt.NDArray[np.uint32]

ROW_LINES = 16
CHUNK_PX = 24
LIGHT_COLUMNS = 24
"""Of the light vector: 0-2 sun direction, 3-5 sun, 6-8 ambient, 9-11 horizon, 12-14 fog, 15 extinction, 16 fog start,
17 wetness, 18 headlight, 19 veil, 20 plane height, 21 track tone."""

_ZERO, _ONE, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_TONE_SCALE = np.float32(4095.0 / 2.0)
_SKY_ROW_SCALE = np.float32(SKY_ROWS / (1.0 - SKY_LOWEST))
_SKY_LOW = np.float32(SKY_LOWEST)
_SKY_HALF_COLUMNS = np.float32(SKY_COLUMNS / 2)


@njit(cache=True, error_model="numpy")
def sky_colour(sky: Uint32Array, x: float, y: float, z: float) -> np.uint32:
    """Painted sky in direction (x, y, z), float32, any length."""
    ax, ay = abs(x), abs(y)
    if ax >= ay:
        face, dominant, across = (0, ax, y) if x > _ZERO else (2, ax, -y)
    else:
        face, dominant, across = (1, ay, -x) if y > _ZERO else (3, ay, x)
    if z > dominant:
        face, dominant, across = 4, z, x
        row = int((y / z + _ONE) * np.float32(SKY_ROWS / 2))
    else:
        row = int((z / dominant - _SKY_LOW) * _SKY_ROW_SCALE)
    column = int((across / dominant + _ONE) * _SKY_HALF_COLUMNS)
    return sky[face, min(max(row, 0), SKY_ROWS - 1), min(max(column, 0), SKY_COLUMNS - 1)]


@njit(cache=True, error_model="numpy")
def transmission(distance_m: float, extinction: float, start_m: float) -> float:
    """exp(−extinction · max(0, distance − start)) to 2e-5 absolute, float32, without a call to exp.

    Eighth power of the inverse of the exponential's series: exp(−x) = (1 / exp(x / 8))^8.
    """
    x = min(max(distance_m - start_m, _ZERO) * extinction, np.float32(14.0)) * np.float32(0.125)
    series = _ONE + x * (
        _ONE + x * (_HALF + x * (np.float32(1 / 6) + x * (np.float32(1 / 24) + x * np.float32(1 / 120))))
    )
    inverse = _ONE / series
    inverse = inverse * inverse
    inverse = inverse * inverse
    return inverse * inverse


@njit(cache=True, error_model="numpy")
def _surface_lines(row: Float32Array, depths: Float32Array, columns: Float32Array, plane: Float64Array,
                   rays: Float64Array, y: int, low: int, high: int) -> None:  # fmt: skip
    """Lines 0-6 and 11, 12 of pixels [low, high): depth, u, v, x, y, footprints. See ``ground_albedo``."""
    za, zb = np.float32(plane[0]), np.float32(plane[1])
    ua, ub, va, vb = np.float32(plane[3]), np.float32(plane[4]), np.float32(plane[6]), np.float32(plane[7])
    u_row, v_row = np.float32(plane[4] * y + plane[5]), np.float32(plane[7] * y + plane[8])
    u0, v0 = np.float32(plane[9]), np.float32(plane[10])
    eye_x, eye_y = np.float32(rays[0, 0]), np.float32(rays[0, 1])
    ray_x, ray_y = np.float32(rays[1, 0] + y * rays[3, 0]), np.float32(rays[1, 1] + y * rays[3, 1])
    step_x, step_y = np.float32(rays[2, 0]), np.float32(rays[2, 1])
    down_x, down_y = np.float32(rays[3, 0]), np.float32(rays[3, 1])
    for k in range(low, high):
        z = _ONE / depths[k]
        q = columns[k]
        du, dv = (ua * q + u_row) * z, (va * q + v_row) * z
        rx, ry = ray_x + step_x * q, ray_y + step_y * q
        row[0, k] = z
        row[1, k], row[2, k] = u0 + du, v0 + dv
        row[3, k], row[4, k] = eye_x + z * rx, eye_y + z * ry
        across, down = ua - du * za, ub - du * zb
        row[5, k] = z * np.sqrt(across * across + down * down)
        across, down = va - dv * za, vb - dv * zb
        row[6, k] = z * np.sqrt(across * across + down * down)
    middle = (low + high) // 2
    z, q = row[0, middle], columns[middle]
    for axis in range(2):
        r = ray_x + step_x * q if axis == 0 else ray_y + step_y * q
        step, down_step = (step_x, down_x) if axis == 0 else (step_y, down_y)
        across, down = step - r * z * za, down_step - r * z * zb
        row[11 + axis, middle] = z * np.sqrt(across * across + down * down)


@njit(cache=True, error_model="numpy")
def _light_ground(row: Float32Array, columns: Float32Array, light: Float32Array, shadow: Uint8Array, shadow_x: float,
                  shadow_y: float, shadow_scale: float, eye_z: float, focal: float, centre_x: float, low: int,
                  high: int) -> None:  # fmt: skip
    """Turn albedo lines 7-9 of [low, high) into radiance: sun with shadows, sky, headlights, wet reflection."""
    sun_up = max(light[2], _ZERO)
    sun_r, sun_g, sun_b = light[3] * sun_up, light[4] * sun_up, light[5] * sun_up
    shadowed = sun_r + sun_g + sun_b > np.float32(0.02)
    rows, cells = shadow.shape
    wet, headlight = light[17], light[18]
    for k in range(low, high):
        lit = _ONE
        if shadowed:
            i = int((row[4, k] - shadow_y) * shadow_scale)
            j = int((row[3, k] - shadow_x) * shadow_scale)
            if 0 <= i < rows and 0 <= j < cells:
                lit = np.float32(shadow[i, j]) * np.float32(1.0 / 255.0)
        er, eg, eb = light[6] + lit * sun_r, light[7] + lit * sun_g, light[8] + lit * sun_b
        if headlight > _ZERO:
            z = row[0, k]
            sideways = (columns[k] - centre_x) * (_ONE / focal)
            lobe = _ONE / (_ONE + np.float32(9.0) * sideways * sideways)
            beam = headlight * lobe * lobe * np.float32(0.75) / (_ONE + z * z * np.float32(1.0 / 420.0))
            beam *= min(max((z - np.float32(2.0)) * np.float32(0.25), _ZERO), _ONE)
            er += beam
            eg += beam * np.float32(0.95)
            eb += beam * np.float32(0.85)
        red, green, blue = row[7, k], row[8, k], row[9, k]
        if wet > _ZERO:
            gloss = wet * row[10, k]
            dark = _ONE - np.float32(0.55) * gloss
            facing = min(max(eye_z / row[0, k], _ZERO), _ONE)
            away = _ONE - facing
            mirror = gloss * np.float32(0.55) * (np.float32(0.03) + np.float32(0.97) * away * away * away * away)
            red = red * dark * er + mirror * light[9]
            green = green * dark * eg + mirror * light[10]
            blue = blue * dark * eb + mirror * light[11]
        else:
            red, green, blue = red * er, green * eg, blue * eb
        row[7, k], row[8, k], row[9, k] = red, green, blue


@njit(cache=True, error_model="numpy")
def _light_sprite(row: Float32Array, placed: Float32Array, starts: Int32Array, texels: Uint8Array, brightness: float,
                  light: Float32Array, axes: Float64Array, y: int, low: int, high: int) -> None:  # fmt: skip
    """Radiance of pixels [low, high) of one sprite."""
    level = max(np.sqrt(axes[0, 0] * axes[0, 0] + axes[0, 1] * axes[0, 1]), 1e-6)
    sun_near = np.float32(-(light[0] * axes[0, 0] + light[1] * axes[0, 1]) / level)
    sun_right = np.float32((-light[0] * axes[0, 1] + light[1] * axes[0, 0]) / level)
    sun_up = light[2]
    headlight = light[18] * np.float32(0.5) / (_ONE + np.float32(1.0 / 420.0) / (placed[6] * placed[6]))
    scale = brightness * np.float32(1.0 / 255.0)
    for k in range(low, high):
        index = texel_index(placed, starts, k, y)
        row[7, k], row[8, k], row[9, k] = _ZERO, _ZERO, _ZERO
        if index >= 0:
            right = (np.float32(texels[index, 4]) - np.float32(128.0)) * np.float32(1.0 / 127.0)
            up = (np.float32(texels[index, 5]) - np.float32(128.0)) * np.float32(1.0 / 127.0)
            near = (np.float32(texels[index, 6]) - np.float32(128.0)) * np.float32(1.0 / 127.0)
            direct = max(np.float32(0.8) * (right * sun_right + up * sun_up + near * sun_near) + np.float32(0.2), _ZERO)
            sky = np.float32(0.62) + np.float32(0.38) * up
            row[7, k] = np.float32(texels[index, 0]) * scale * (light[6] * sky + light[3] * direct + headlight)
            row[8, k] = np.float32(texels[index, 1]) * scale * (light[7] * sky + light[4] * direct + headlight)
            row[9, k] = np.float32(texels[index, 2]) * scale * (light[8] * sky + light[5] * direct + headlight)


@njit(cache=True, error_model="numpy")
def shade_rgb(out: Uint32Array, depth: Float32Array, prim: Int32Array, columns: Float32Array, ray_lengths: Float32Array,
              planes: Float64Array, prim_surface: Int32Array, surfaces: Float32Array, sprite_first: int,
              placed: Float32Array, pictures: Int32Array, brightness: Float32Array, atlas: Uint8Array,
              level_start: Int32Array, colours: Float32Array, paint: Float32Array, wear: np.float32, texels: Uint8Array,
              start: Int32Array, scale: Float32Array, shadow: Uint8Array, shadow_place: Float64Array, sky: Uint32Array,
              tone: Uint8Array, light: Float32Array, rays: Float64Array, axes: Float64Array, focal: float,
              background: Float32Array) -> None:  # fmt: skip
    """Colour all pixels.

    Args:
        out: (H, W) receives 0xAARRGGBB, which in memory is B, G, R, A.
        depth, prim: the visibility buffer: primitive 0 is the endless plane (where depth > 0) or sky.
        columns, ray_lengths: 0 … W − 1; (H, W) length of each pixel's ray.
        planes, prim_surface: coefficients and surface row of each triangle. surfaces: surface table.
        sprite_first, placed, pictures, brightness, atlas, level_start: sprites.
        colours … scale: materials and textures of the scene.
        shadow, shadow_place: lit share of the ground, its origin and cells per m.
        sky, tone, light: painted sky, tone table, light vector. rays, axes, focal: camera.
        background: surface row of the endless plane.
    """
    height, width = depth.shape
    row = np.zeros((ROW_LINES, width), dtype=np.float32)
    extinction, fog_start, veil = light[15], light[16], light[19]
    fog_r, fog_g, fog_b = light[12], light[13], light[14]
    centre_x = np.float32(0.5 * width - 0.5)
    shadow_x, shadow_y = np.float32(shadow_place[0]), np.float32(shadow_place[1])
    shadow_scale = np.float32(shadow_place[2])
    focal32 = np.float32(focal)
    step_x, step_y, step_z = np.float32(rays[2, 0]), np.float32(rays[2, 1]), np.float32(rays[2, 2])
    for y in range(height):
        depths, prims = depth[y], prim[y]
        ray_x, ray_y = np.float32(rays[1, 0] + y * rays[3, 0]), np.float32(rays[1, 1] + y * rays[3, 1])
        ray_z = np.float32(rays[1, 2] + y * rays[3, 2])
        low = 0
        while low < width:
            index = prims[low]
            high = low + 1
            if index == 0 and depths[low] <= _ZERO:
                while high < width and prims[high] == 0 and depths[high] <= _ZERO:
                    high += 1
                for k in range(low, high):
                    q = np.float32(k)
                    out[y, k] = sky_colour(sky, ray_x + step_x * q, ray_y + step_y * q, ray_z + step_z * q)
                low = high
                continue
            limit = min(width, low + CHUNK_PX)
            while high < limit and prims[high] == index and depths[high] > _ZERO:
                high += 1
            if index >= sprite_first:
                sprite = placed[index - sprite_first]
                which = int(sprite[9])
                _light_sprite(
                    row, sprite, level_start[pictures[which]], atlas, brightness[which], light, axes, y, low, high
                )
            else:
                surface = background if index == 0 else surfaces[prim_surface[index]]
                _surface_lines(row, depths, columns, planes[index], rays, y, low, high)
                if surface[13] != _ZERO or surface[14] != _ZERO or surface[15] != _ZERO:
                    wall_colour(surface, colours, light, row, low, high)
                else:
                    ground_albedo(surface, colours, paint, wear, light[21], texels, start, scale, row, low, high)
                    _light_ground(row, columns, light, shadow, shadow_x, shadow_y, shadow_scale,
                                  np.float32(rays[0, 2]) - light[20], focal32, centre_x, low, high)  # fmt: skip
            for k in range(low, high):
                clear = transmission(ray_lengths[y, k] / depths[k], extinction, fog_start) * (_ONE - veil)
                red = fog_r + (row[7, k] - fog_r) * clear
                green = fog_g + (row[8, k] - fog_g) * clear
                blue = fog_b + (row[9, k] - fog_b) * clear
                r = tone[min(int(np.sqrt(red) * _TONE_SCALE), 4095)]
                g = tone[min(int(np.sqrt(green) * _TONE_SCALE), 4095)]
                b = tone[min(int(np.sqrt(blue) * _TONE_SCALE), 4095)]
                out[y, k] = (
                    np.uint32(0xFF000000)
                    | (np.uint32(r) << np.uint32(16))
                    | (np.uint32(g) << np.uint32(8))
                    | np.uint32(b)
                )
            low = high
