"""What one camera sees, before colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embedded_carla.render.kernel import kernel
from embedded_carla.render.lines import INDEX_LINES, PADDING_PX, ROW_LINES
from embedded_carla.render.shade import SEGMENT_COLUMNS
from embedded_carla.render.types import BoxActor
from embedded_carla.scene.types import Float32Array, Int32Array

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GBuffer:
    """What one camera sees, before colour.

    Attributes:
        inverse_depth: (H, W) 1/m along the optical axis, 0 for sky.
        primitive: (H, W) number of what is in front: 0 endless ground or sky, then triangles, from ``sprite_first`` on
            sprites.
        planes: (n, 11) coefficients of each triangle (see ``raster``). surface, instance: (n,) of each triangle.
        surfaces: surface table these refer to.
        sprite_first, placed: first sprite's number, sprites on screen (see ``billboards``).
        rays, axes, focal_px: the camera. ray_lengths: (H, W).
        bodies: the movable bodies, which cast shadows even where they are not seen.
    """

    inverse_depth: Float32Array
    primitive: Int32Array
    planes: Float64Array
    surface: Int32Array
    instance: Int32Array
    surfaces: Float32Array
    sprite_first: int
    placed: Float32Array
    rays: Float64Array
    axes: Float64Array
    focal_px: float
    ray_lengths: Float32Array
    bodies: tuple[BoxActor, ...]


@dataclass(frozen=True)
class Scratch:
    """Arrays that shading a picture of one width overwrites (see ``shade_rgb``)."""

    row: Float32Array
    indices: Int32Array
    segments: Int32Array
    stretches: Int32Array

    @classmethod
    def of_width(cls, width: int) -> Scratch:
        """For pictures ``width`` px wide."""
        wide = max(width, 8) + PADDING_PX
        return cls(
            np.zeros((ROW_LINES, wide), np.float32),
            np.zeros((INDEX_LINES, wide), np.int32),
            np.zeros((wide, SEGMENT_COLUMNS), np.int32),
            np.zeros((wide, 2), np.int32),
        )


@kernel
def clear_to_plane(
    depth: Float32Array, prim: Int32Array, plane: Float64Array, rays: Float64Array, plane_z_m: float
) -> None:
    """Start from the endless ground: inverse depth is affine in screen space, positive below the horizon."""
    inverse_height = 1.0 / (plane_z_m - rays[0, 2])
    plane[0], plane[1], plane[2] = rays[2, 2] * inverse_height, rays[3, 2] * inverse_height, rays[1, 2] * inverse_height
    for k in range(3, 11):
        plane[k] = 0.0
    plane[10] = 100.0
    step = np.float32(plane[0])
    for y in range(depth.shape[0]):
        first = np.float32(plane[1] * y + plane[2])
        for x in range(depth.shape[1]):
            depth[y, x] = max(first + step * np.float32(x), np.float32(0.0))
            prim[y, x] = 0


@kernel
def _fill_ray_lengths(out: Float32Array, focal: float) -> None:
    height, width = out.shape
    for y in range(height):
        for x in range(width):
            right, down = (x + 0.5 - 0.5 * width) / focal, (y + 0.5 - 0.5 * height) / focal
            out[y, x] = np.sqrt(1.0 + right * right + down * down)


def ray_lengths(height: int, width: int, focal_px: float) -> Float32Array:
    """(height, width) length of each pixel's ray when its forward part is 1."""
    out = np.empty((height, width), dtype=np.float32)
    _fill_ray_lengths(out, focal_px)
    return out
