"""Depth, class and instance pictures in CARLA's encodings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from embedded_carla.render.marking import paint_cover
from embedded_carla.render.raster import Float32Array, Float64Array, Int32Array
from embedded_carla.render.sky_rows import horizon_tag, sky_texels

Uint32Array = npt.NDArray[np.uint32]

FARTHEST_M = 1000.0
_HALF, _ZERO, _ONE = np.float32(0.5), np.float32(0.0), np.float32(1.0)
_PAVED_LAST = 2


@njit(cache=True, error_model="numpy")
def encode_depth(out: Uint32Array, depth: Float32Array) -> None:
    """Depth along the optical axis: metres = 1000 · (R + 256 G + 65536 B) / (2^24 − 1); sky is 1000 m."""
    height, width = depth.shape
    for y in range(height):
        for x in range(width):
            metres = 1.0 / np.float64(depth[y, x]) if depth[y, x] > 0.0 else FARTHEST_M
            value = np.uint32(min(metres / FARTHEST_M, 1.0) * 16777215.0 + 0.5)
            red, green, blue = value & np.uint32(255), (value >> np.uint32(8)) & np.uint32(255), value >> np.uint32(16)
            out[y, x] = np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


@njit(cache=True, error_model="numpy")
def _ground_tag(
    surface: Float32Array, plane: Float64Array, tags: Int32Array, road_line: int, z: float, x: int, y: int
) -> int:
    """Class of a pixel on a strip: road line where paint covers at least half of it, else the material's."""
    du = (plane[3] * x + plane[4] * y + plane[5]) * z
    dv = (plane[6] * x + plane[7] * y + plane[8]) * z
    v = np.float32(plane[10] + dv)
    fu = z * np.sqrt((plane[3] - du * plane[0]) ** 2 + (plane[4] - du * plane[1]) ** 2)
    fv = z * np.sqrt((plane[6] - dv * plane[0]) ** 2 + (plane[7] - dv * plane[1]) ** 2)
    cover = paint_cover(surface, np.float32(plane[9] + du), v, np.float32(fu), max(np.float32(fv), np.float32(0.004)))
    if cover >= _HALF:
        return road_line
    return tags[int(surface[1])] if v > _ZERO else tags[int(surface[0])]


@njit(cache=True, error_model="numpy")
def encode_tags(out: Uint32Array, depth: Float32Array, prim: Int32Array, planes: Float64Array, prim_surface: Int32Array,
                surfaces: Float32Array, sprite_first: int, placed: Float32Array, pictures: Int32Array,
                picture_tags: Int32Array, material_tags: Int32Array, road_line: int, terrain: int, sky: int,
                woods: int, horizon: Float32Array, rays: Float64Array, columns: Float32Array, ids: Int32Array,
                sprite_ids: Int32Array) -> None:  # fmt: skip
    """City object label in R, low and high byte of the instance id in G and B.

    ``ids``: instance of each triangle primitive (empty array: write no ids); ``sprite_ids``: of each sprite. A
    vehicle's own label stands in column 5 of its surface row. ``horizon``: heights of hills (``terrain``) and of woods.
    """
    height, width = depth.shape
    texels, ray, step = np.empty((1, width), dtype=np.int32), np.empty(3, dtype=np.float32), rays[2].astype(np.float32)
    for y in range(height):
        for axis in range(3):
            ray[axis] = np.float32(rays[1, axis] + y * rays[3, axis])
        for x in range(width):
            index = prim[y, x]
            instance = 0
            if index == 0:
                tag = terrain
                if depth[y, x] <= _ZERO:
                    sky_texels(texels, columns, ray, step, x, x + 1)
                    tag = horizon_tag(texels[0, x], horizon, woods, terrain, sky)
            elif index >= sprite_first:
                which = int(placed[index - sprite_first, 9])
                tag = picture_tags[pictures[which]]
                instance = sprite_ids[which]
            else:
                surface = surfaces[prim_surface[index]]
                if len(ids) > 0:
                    instance = ids[index]
                if surface[13] != _ZERO or surface[14] != _ZERO or surface[15] != _ZERO:
                    tag = int(surface[5]) if surface[5] > _ZERO else material_tags[int(surface[0])]
                else:
                    tag = _ground_tag(surface, planes[index], material_tags, road_line, 1.0 / depth[y, x], x, y)
            if len(ids) == 0:
                instance = 0
            blue, green = (instance >> 8) & 255, instance & 255
            out[y, x] = np.uint32(0xFF000000) | np.uint32(tag << 16) | np.uint32(green << 8) | np.uint32(blue)
