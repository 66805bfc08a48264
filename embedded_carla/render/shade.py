"""Colour of every pixel: albedo of what is in front, light, wetness, fog, and the display's transfer curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.render.billboards import texel_index
from embedded_carla.render.develop import develop
from embedded_carla.render.ground import PAVED_LAST, ground_albedo, texture_levels
from embedded_carla.render.ground_light import light_ground
from embedded_carla.render.headlights import beam_on_upright
from embedded_carla.render.kernel import kernel, parallel_kernel
from embedded_carla.render.lines import ROW_LINES, place_footprints, surface_lines
from embedded_carla.render.raster import Float32Array, Float64Array, Int32Array
from embedded_carla.render.sky_rows import draw_sky
from embedded_carla.render.walls import wall_colour

Uint8Array = npt.NDArray[np.uint8]
Uint32Array = npt.NDArray[np.uint32]

CHUNK_PX = 24
LIGHT_COLUMNS = 24
"""Of the light vector: 0-2 sun direction, 3-5 sun, 6-8 ambient, 9-11 horizon, 12-14 fog, 15 extinction, 16 fog start,
17 wetness, 18 headlight, 19 veil, 20 plane height, 21 track tone, 22 puddles."""

SEGMENT_COLUMNS = 11
"""Of a segment of a row: first pixel, end, surface row (−1: endless plane), levels of four textures along two axes."""

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_RETRO_GAIN = np.float32(12.0 / 255.0)
"""How many times as bright as a matt surface a full reflector looks from the place of its lamp."""


@kernel
def _light_sprite(row: Float32Array, placed: Float32Array, starts: Int32Array, texels: Uint8Array, brightness: float,
                  light: Float32Array, axes: Float64Array, columns: Float32Array, inverse_focal: float,
                  centre_x: float, rise: float, rise_step: float, y: int, low: int, high: int) -> None:  # fmt: skip
    """Radiance of pixels [low, high) of one sprite. ``rise``, ``rise_step``: see ``wall_colour``."""
    level = max(np.sqrt(axes[0, 0] * axes[0, 0] + axes[0, 1] * axes[0, 1]), 1e-6)
    sun_near = np.float32(-(light[0] * axes[0, 0] + light[1] * axes[0, 1]) / level)
    sun_right = np.float32((-light[0] * axes[0, 1] + light[1] * axes[0, 0]) / level)
    sun_up = light[2]
    headlight, depth_m = _ZERO, _ONE / placed[6]
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
            if light[18] > _ZERO:
                sideways, over_m = (columns[k] - centre_x) * inverse_focal, depth_m * (rise + rise_step * columns[k])
                headlight = beam_on_upright(light[18], depth_m, sideways, over_m)
                headlight *= max(near, np.float32(0.15)) + np.float32(texels[index, 7]) * _RETRO_GAIN
            row[7, k] = np.float32(texels[index, 0]) * scale * (light[6] * sky + light[3] * direct + headlight)
            row[8, k] = np.float32(texels[index, 1]) * scale * (light[7] * sky + light[4] * direct + headlight)
            row[9, k] = np.float32(texels[index, 2]) * scale * (light[8] * sky + light[5] * direct + headlight)


@kernel
def mirror_row(rays: Float64Array, axes: Float64Array, focal: float, y: int, width: int, height: int) -> np.float32:
    """Row of the picture towards which level ground mirrors row ``y``, in the middle of the picture; −1: none."""
    forward, up = 0.0, 0.0
    for axis in range(3):
        ray = rays[1, axis] + 0.5 * width * rays[2, axis] + y * rays[3, axis]
        ray = -ray if axis == 2 else ray
        forward += ray * axes[0, axis]
        up += ray * axes[2, axis]
    return np.float32(0.5 * height - 0.5 - focal * up / forward) if forward > 0.05 else np.float32(-1.0)


@kernel
def _add_segments(segments: Int32Array, count: int, row: Float32Array, columns: Float32Array, plane: Float64Array,
                  rays: Float64Array, scale: Float32Array, surface: Float32Array, surface_index: int, y: int, low: int,
                  high: int) -> int:  # fmt: skip
    """Note down pixels [low, high) of one triangle for shading; returns the number of segments.

    Texture levels are those in the middle of each chunk. A chunk that continues a segment with the same surface and
    levels joins it, so that long stretches are shaded at once.
    """
    left_paved, right_paved = surface[0] <= PAVED_LAST, surface[1] <= PAVED_LAST
    paved, soil = left_paved or right_paved or surface[2] != _ZERO, not (left_paved and right_paved)
    for chunk in range(low, high, CHUNK_PX):
        end = min(chunk + CHUNK_PX, high)
        middle = (chunk + end) // 2
        segment = segments[count]
        segment[0], segment[1], segment[2] = chunk, end, surface_index
        if paved:
            texture_levels(row, scale, 0, middle, segment[3:])
        if soil:
            place_footprints(row, columns, plane, rays, y, middle)
            texture_levels(row, scale, 2, middle, segment[3:])
        joins = count > 0 and segments[count - 1, 1] == chunk and segments[count - 1, 2] == surface_index
        if joins and paved:
            for k in range(3, 7):
                joins = joins and segments[count - 1, k] == segment[k]
        if joins and soil:
            for k in range(7, SEGMENT_COLUMNS):
                joins = joins and segments[count - 1, k] == segment[k]
        if joins:
            segments[count - 1, 1] = end
        else:
            count += 1
    return count


@parallel_kernel
def shade_rgb(out: Uint32Array, depth: Float32Array, prim: Int32Array, columns: Float32Array, ray_lengths: Float32Array,
              planes: Float64Array, prim_surface: Int32Array, surfaces: Float32Array, sprite_first: int,
              placed: Float32Array, pictures: Int32Array, brightness: Float32Array, atlas: Uint8Array,
              level_start: Int32Array, colours: Float32Array, paint: Float32Array, wear: np.float32, texels: Uint8Array,
              start: Int32Array, scale: Float32Array, coarse: Uint32Array, coarse_start: Int32Array,
              along: Float32Array, shadow: Uint32Array, shadow_place: Float64Array, bodies: bool, sky: Uint32Array,
              tone: Uint8Array, radiance: Float32Array, light: Float32Array, rays: Float64Array, axes: Float64Array,
              focal: float, background: Float32Array, row: Float32Array, indices: Int32Array, segments: Int32Array,
              stretches: Int32Array, first_row: int, row_step: int) -> None:  # fmt: skip
    """Colour the pixels of every ``row_step``-th row from ``first_row`` on.

    Rows do not depend on each other, except that wet ground mirrors rows above it: then one call colours all of them.

    Args:
        out: (H, W) receives 0xAARRGGBB, which in memory is B, G, R, A.
        depth, prim: the visibility buffer: primitive 0 is the endless plane (where depth > 0) or sky.
        columns, ray_lengths: 0 … W − 1; (H, W) length of each pixel's ray.
        planes, prim_surface: coefficients and surface row of each triangle. surfaces: surface table.
        sprite_first, placed, pictures, brightness, atlas, level_start: sprites.
        colours … along: materials and textures of the scene.
        shadow, shadow_place: lit share of the ground, its origin and cells per m; bodies: movable ones are in it.
        sky, tone, radiance, light: painted sky, tone table, radiance of each display value, light vector.
        rays, axes, focal: camera. background: surface row of the endless plane.
        row, indices, segments, stretches: scratch (see ``lines``), (ROW_LINES, W), (INDEX_LINES, W), (W,
            SEGMENT_COLUMNS), (W, 2); every thread has its own.
    """
    height, width = depth.shape
    centre_x = np.float32(0.5 * width - 0.5)
    shadow_x, shadow_y = np.float32(shadow_place[0]), np.float32(shadow_place[1])
    shadow_scale = np.float32(shadow_place[2])
    focal32, over_plane = np.float32(focal), np.float32(rays[0, 2]) - light[20]
    flat_sky, inverse_focal, rise_step = sky.reshape(-1), _ONE / focal32, np.float32(rays[2, 2])
    ray, step = row[ROW_LINES - 1, :3], row[ROW_LINES - 2, :3]
    for axis in range(3):
        step[axis] = np.float32(rays[2, axis])
    for y in range(first_row, height, row_step):
        depths, prims = depth[y], prim[y]
        for axis in range(3):
            ray[axis] = np.float32(rays[1, axis] + y * rays[3, axis])
        mirror_at = mirror_row(rays, axes, focal, y, width, height)
        low, first, last, segment_count, stretch_count = 0, width, 0, 0, 0
        while low < width:
            index = prims[low]
            high = low + 1
            if index == 0 and depths[low] <= _ZERO:
                while high < width and prims[high] == 0 and depths[high] <= _ZERO:
                    high += 1
                draw_sky(out[y], flat_sky, indices, columns, ray, step, low, high)
                low = high
                continue
            while high < width and prims[high] == index and depths[high] > _ZERO:
                high += 1
            first, last = min(first, low), high
            if index >= sprite_first:
                sprite = placed[index - sprite_first]
                which = int(sprite[9])
                _light_sprite(
                    row,
                    sprite,
                    level_start[pictures[which]],
                    atlas,
                    brightness[which],
                    light,
                    axes,
                    columns,
                    inverse_focal,
                    centre_x,
                    ray[2],
                    rise_step,
                    y,
                    low,
                    high,
                )
                low = high
                continue
            surface_index = -1 if index == 0 else prim_surface[index]
            surface = background if index == 0 else surfaces[surface_index]
            surface_lines(row, depths, columns, planes[index], rays, y, low, high)
            if surface[13] != _ZERO or surface[14] != _ZERO or surface[15] != _ZERO:
                wall_colour(
                    surface, colours, light, columns, inverse_focal, centre_x, ray[2], rise_step, row, low, high
                )
            else:
                segment_count = _add_segments(segments, segment_count, row, columns, planes[index], rays, scale,
                                              surface, surface_index, y, low, high)  # fmt: skip
                if stretch_count > 0 and stretches[stretch_count - 1, 1] == low:
                    stretches[stretch_count - 1, 1] = high
                else:
                    stretches[stretch_count, 0], stretches[stretch_count, 1] = low, high
                    stretch_count += 1
            low = high
        for k in range(segment_count):
            segment = segments[k]
            ground_albedo(background if segment[2] < 0 else surfaces[segment[2]], colours, paint, wear, light[21],
                          texels, start, scale, coarse, coarse_start, along, segment[3:], row, indices, segment[0],
                          segment[1])  # fmt: skip
        for k in range(stretch_count):
            light_ground(row, indices, columns, light, coarse, coarse_start[1, 0, 0], scale[3, 0], shadow, shadow_x,
                         shadow_y, shadow_scale, bodies, out[:y], radiance, mirror_at, over_plane, focal32, centre_x,
                         stretches[k, 0], stretches[k, 1])  # fmt: skip
        if first < last:
            develop(out[y], row, indices, depths, ray_lengths[y], tone, light, first, last)
