"""Depth, class and instance pictures in CARLA's encodings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.render.kernel import kernel
from embedded_carla.render.marking import paint_cover
from embedded_carla.render.raster import Float32Array, Float64Array, Int32Array
from embedded_carla.render.sky_rows import horizon_tag, sky_texels

Uint32Array = npt.NDArray[np.uint32]

FARTHEST_M = 1000.0
_HALF, _ZERO, _ONE = np.float32(0.5), np.float32(0.0), np.float32(1.0)
_MARGIN_M = np.float32(0.001)


@kernel
def encode_depth(out: Uint32Array, depth: Float32Array) -> None:
    """Depth along the optical axis: metres = 1000 · (R + 256 G + 65536 B) / (2^24 − 1); sky is 1000 m."""
    height, width = depth.shape
    for y in range(height):
        for x in range(width):
            metres = 1.0 / np.float64(depth[y, x]) if depth[y, x] > 0.0 else FARTHEST_M
            value = np.uint32(min(metres / FARTHEST_M, 1.0) * 16777215.0 + 0.5)
            red, green, blue = value & np.uint32(255), (value >> np.uint32(8)) & np.uint32(255), value >> np.uint32(16)
            out[y, x] = np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


@kernel
def _ground_tags(line: Uint32Array, surface: Float32Array, plane: Float64Array, depths: Float32Array,
                 left: int, right: int, road_line: int, y: int, low: int, high: int) -> None:  # fmt: skip
    """Classes of pixels [low, high) of one strip: road line where paint covers at least half of a pixel, else material.

    Worn paint keeps its class. Only pixels whose middle lies on a line can be half covered.
    """
    reach = surface[4] + _HALF * surface[3] + _MARGIN_M
    painted = surface[2] != _ZERO
    if not painted and left == right:
        for x in range(low, high):
            line[x] = left
        return
    for x in range(low, high):
        z = 1.0 / depths[x]
        dv = (plane[6] * x + plane[7] * y + plane[8]) * z
        v = np.float32(plane[10] + dv)
        tag = right if v > _ZERO else left
        if painted and abs(v) <= reach:
            du = (plane[3] * x + plane[4] * y + plane[5]) * z
            fu = z * np.sqrt((plane[3] - du * plane[0]) ** 2 + (plane[4] - du * plane[1]) ** 2)
            fv = z * np.sqrt((plane[6] - dv * plane[0]) ** 2 + (plane[7] - dv * plane[1]) ** 2)
            thick = max(np.float32(fv), np.float32(0.004))
            if paint_cover(surface, np.float32(plane[9] + du), v, np.float32(fu), thick) >= _HALF:
                tag = road_line
        line[x] = tag


@kernel
def _beyond_tags(line: Uint32Array, texels: Int32Array, columns: Float32Array, ray: Float32Array, step: Float32Array,
                 horizon: Float32Array, woods: int, terrain: int, sky: int, low: int, high: int) -> None:  # fmt: skip
    """Classes of pixels [low, high) beyond all ground: sky, and land on the horizon."""
    sky_texels(texels, columns, ray, step, low, high)
    for x in range(low, high):
        line[x] = horizon_tag(texels[0, x], horizon, woods, terrain, sky)


@kernel
def encode_tags(out: Uint32Array, depth: Float32Array, prim: Int32Array, planes: Float64Array, prim_surface: Int32Array,
                surfaces: Float32Array, sprite_first: int, placed: Float32Array, pictures: Int32Array,
                picture_tags: Int32Array, material_tags: Int32Array, road_line: int, terrain: int, sky: int,
                woods: int, horizon: Float32Array, rays: Float64Array, columns: Float32Array, ids: Int32Array,
                sprite_ids: Int32Array, texels: Int32Array, ray: Float32Array,
                step: Float32Array) -> None:  # fmt: skip
    """City object label in R, low and high byte of the instance id in G and B.

    ``ids``: instance of each triangle primitive (empty array: write no ids); ``sprite_ids``: of each sprite. A
    vehicle's own label stands in column 5 of its surface row. ``horizon``: heights of hills (``terrain``) and of woods.
    ``texels`` (≥ 1, W), ``ray``, ``step`` (3,): scratch.
    """
    height, width = depth.shape
    for axis in range(3):
        step[axis] = np.float32(rays[2, axis])
    for y in range(height):
        for axis in range(3):
            ray[axis] = np.float32(rays[1, axis] + y * rays[3, axis])
        line, depths, prims = out[y], depth[y], prim[y]
        low = 0
        while low < width:
            index, beyond = prims[low], depths[low] <= _ZERO
            high = low + 1
            while high < width and prims[high] == index and (depths[high] <= _ZERO) == beyond:
                high += 1
            instance, tag = 0, -1
            if index == 0 and beyond:
                _beyond_tags(line, texels, columns, ray, step, horizon, woods, terrain, sky, low, high)
            elif index == 0:
                tag = terrain
            elif index >= sprite_first:
                which = int(placed[index - sprite_first, 9])
                tag, instance = picture_tags[pictures[which]], sprite_ids[which]
            else:
                surface = surfaces[prim_surface[index]]
                if len(ids) > 0:
                    instance = ids[index]
                if surface[13] != _ZERO or surface[14] != _ZERO or surface[15] != _ZERO:
                    tag = int(surface[5]) if surface[5] > _ZERO else material_tags[int(surface[0])]
                else:
                    left, right = material_tags[int(surface[0])], material_tags[int(surface[1])]
                    _ground_tags(line, surface, planes[index], depths, left, right, road_line, y, low, high)
            if len(ids) == 0:
                instance = 0
            marks = np.uint32(0xFF000000) | np.uint32((instance & 255) << 8) | np.uint32((instance >> 8) & 255)
            for x in range(low, high):
                label = np.uint32(tag) if tag >= 0 else line[x]
                line[x] = marks | (label << np.uint32(16))
            low = high
