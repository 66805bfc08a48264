"""Triangles to a visibility buffer: per pixel the inverse depth and which primitive is in front.

Everything else about a pixel is affine in screen space once multiplied by inverse depth, so it is kept per primitive
(nine coefficients) and evaluated when the pixel is shaded: less memory traffic than surface coordinates per pixel.

Fill rule: a pixel belongs to a span when its centre lies in [left, right) and in [top, bottom). Both triangles at an
edge compute its crossing from the same end points in the same order, so there is neither a gap nor a double hit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled
from embedded_carla.render.kernel import kernel

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]

NEAR_M = 0.1
PLANE_COLUMNS = 11
"""Inverse depth a, b, c (a·x + b·y + c); u − u0 over depth a, b, c; v − v0 over depth a, b, c; u0; v0."""

_HALF = np.float32(0.5)


@kernel
def _span_fill(depth: Float32Array, prim: Int32Array, columns: Float32Array, points: Float32Array, order: Int32Array,
               plane: Float64Array, index: int) -> None:  # fmt: skip
    """Fill one screen triangle. ``points``: (≥ 3, 2); ``order``: its three corners."""
    a, b, c = order[0], order[1], order[2]
    if points[b, 1] < points[a, 1] or (points[b, 1] == points[a, 1] and points[b, 0] < points[a, 0]):
        a, b = b, a
    if points[c, 1] < points[b, 1] or (points[c, 1] == points[b, 1] and points[c, 0] < points[b, 0]):
        b, c = c, b
        if points[b, 1] < points[a, 1] or (points[b, 1] == points[a, 1] and points[b, 0] < points[a, 0]):
            a, b = b, a
    ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
    height, width = np.float32(depth.shape[0]), np.float32(depth.shape[1])
    if cy <= _HALF or ay >= height - _HALF:
        return
    top = int(np.ceil(max(ay, np.float32(0.0)) - _HALF))
    middle = int(np.ceil(min(max(by, np.float32(0.0)), height + _HALF) - _HALF))
    bottom = int(np.ceil(min(cy, height + _HALF) - _HALF))
    top, middle, bottom = max(top, 0), min(middle, depth.shape[0]), min(bottom, depth.shape[0])
    if top >= bottom:
        return
    long_slope = (cx - ax) / (cy - ay)
    upper_slope = (bx - ax) / (by - ay) if by > ay else np.float32(0.0)
    lower_slope = (cx - bx) / (cy - by) if cy > by else np.float32(0.0)
    za = np.float32(plane[0])
    for y in range(top, bottom):
        centre = np.float32(y) + _HALF
        first = ax + (centre - ay) * long_slope
        second = ax + (centre - ay) * upper_slope if y < middle else bx + (centre - by) * lower_slope
        left, right = min(first, second), max(first, second)
        if right <= _HALF or left > width - _HALF:
            continue
        start = int(np.ceil(max(left, np.float32(0.0)) - _HALF))
        stop = int(np.ceil(min(right, width) - _HALF))
        if start >= stop:
            continue
        row_constant = np.float32(plane[1] * y + plane[2])
        depths = depth[y, start:stop]
        prims = prim[y, start:stop]
        xs = columns[start:stop]
        for k in range(depths.shape[0]):
            value = za * xs[k] + row_constant
            if value > depths[k]:
                depths[k] = value
                prims[k] = index


@kernel
def _set_plane(plane: Float64Array, corners: Float64Array, uv: Float32Array, triangle: Int32Array,
               size: tuple[int, int], focal: float) -> bool:  # fmt: skip
    """Coefficients of one triangle from its corners (3, 3), camera space (right, down, forward); False if seen edge on.

    Homogeneous rasterisation (Olano & Greer 1997): barycentric coordinates over depth are the rows of the inverse of
    the matrix of corners times the pixel's ray. No division by the area on screen, so grazing strips stay exact.
    """
    (x0, y0, z0), (x1, y1, z1), (x2, y2, z2) = corners
    m00, m01, m02 = y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2
    m10, m11, m12 = y2 * z0 - z2 * y0, z2 * x0 - x2 * z0, x2 * y0 - y2 * x0
    m20, m21, m22 = y0 * z1 - z0 * y1, z0 * x1 - x0 * z1, x0 * y1 - y0 * x1
    det = x0 * m00 + y0 * m01 + z0 * m02
    if abs(det) < 1e-9:
        return False
    scale = 1.0 / det
    shift_x, shift_y, step = 0.5 - 0.5 * size[1], 0.5 - 0.5 * size[0], 1.0 / focal
    u0, v0 = uv[triangle[0], 0], uv[triangle[0], 1]
    du1, du2 = np.float64(uv[triangle[1], 0]) - u0, np.float64(uv[triangle[2], 0]) - u0
    dv1, dv2 = np.float64(uv[triangle[1], 1]) - v0, np.float64(uv[triangle[2], 1]) - v0
    for k in range(3):
        if k == 0:
            a, b, c = m00 + m10 + m20, m01 + m11 + m21, m02 + m12 + m22
        elif k == 1:
            a, b, c = du1 * m10 + du2 * m20, du1 * m11 + du2 * m21, du1 * m12 + du2 * m22
        else:
            a, b, c = dv1 * m10 + dv2 * m20, dv1 * m11 + dv2 * m21, dv1 * m12 + dv2 * m22
        plane[3 * k] = a * scale * step
        plane[3 * k + 1] = b * scale * step
        plane[3 * k + 2] = (c + (a * shift_x + b * shift_y) * step) * scale
    plane[9], plane[10] = u0, v0
    return True


@kernel
def _clip_near(corners: Float64Array, clipped: Float64Array) -> int:
    """Cut a triangle (3, 3) at the near plane into ``clipped`` (4, 3); returns the number of corners.

    Cuts run from the inner to the outer end, so two triangles cut a common edge at the same point.
    """
    count = 0
    for k in range(3):
        n = (k + 1) % 3
        inside, next_inside = corners[k, 2] >= NEAR_M, corners[n, 2] >= NEAR_M
        if inside:
            for c in range(3):
                clipped[count, c] = corners[k, c]
            count += 1
        if inside != next_inside:
            p, q = (k, n) if inside else (n, k)
            t = (NEAR_M - corners[p, 2]) / (corners[q, 2] - corners[p, 2])
            for c in range(2):
                clipped[count, c] = corners[p, c] + (corners[q, c] - corners[p, c]) * t
            clipped[count, 2] = NEAR_M
            count += 1
    return count


@compiled(error_model="numpy")
def visible_tiles(centres: Float32Array, radii: Float32Array, eye: Float64Array, axes: Float64Array, slope_x: float,
                  slope_y: float, far_m: float) -> Int32Array:  # fmt: skip
    """Tiles whose sphere reaches into the view, nearest first."""
    keep = np.empty(len(radii), dtype=np.int32)
    depths = np.empty(len(radii), dtype=np.float64)
    count = 0
    length_x, length_y = np.sqrt(1.0 + slope_x * slope_x), np.sqrt(1.0 + slope_y * slope_y)
    for k in range(len(radii)):
        dx, dy, dz = centres[k, 0] - eye[0], centres[k, 1] - eye[1], centres[k, 2] - eye[2]
        forward = dx * axes[0, 0] + dy * axes[0, 1] + dz * axes[0, 2]
        right = dx * axes[1, 0] + dy * axes[1, 1] + dz * axes[1, 2]
        up = dx * axes[2, 0] + dy * axes[2, 1] + dz * axes[2, 2]
        radius = radii[k]
        if forward < NEAR_M - radius or forward > far_m + radius:
            continue
        if abs(right) > forward * slope_x + radius * length_x or abs(up) > forward * slope_y + radius * length_y:
            continue
        keep[count] = k
        depths[count] = forward - radius
        count += 1
    order = np.argsort(depths[:count], kind="mergesort")
    return keep[:count][order]


class DrawScratch:
    """What drawing triangles overwrites, grown to the largest tile.

    Attributes:
        seen, screen: (V, 3) vertices of a tile before the camera, (V, 2) on the screen.
        corners: (7, 3) a triangle, and what the near plane leaves of it. points, order: (4, 2), (3,) of one on screen.
    """

    def __init__(self) -> None:
        self.seen: Float64Array = np.empty((0, 3))
        self.screen: Float32Array = np.empty((0, 2), dtype=np.float32)
        self.corners: Float64Array = np.empty((7, 3))
        self.points: Float32Array = np.empty((4, 2), dtype=np.float32)
        self.order: Int32Array = np.empty(3, dtype=np.int32)

    def arrays(
        self, vertex_ranges: Int32Array
    ) -> tuple[Float64Array, Float32Array, Float64Array, Float32Array, Int32Array]:
        """All arrays, large enough for every tile of ``vertex_ranges`` (K, 2)."""
        largest = int((vertex_ranges[:, 1] - vertex_ranges[:, 0]).max(initial=0))
        if largest > len(self.seen):
            self.seen, self.screen = np.empty((largest, 3)), np.empty((largest, 2), dtype=np.float32)
        return self.seen, self.screen, self.corners, self.points, self.order


@kernel
def draw_triangles(depth: Float32Array, prim: Int32Array, columns: Float32Array, vertices: Float32Array,
                   uv: Float32Array, triangles: Int32Array, ranges: Int32Array, vertex_ranges: Int32Array,
                   tiles: Int32Array, eye: Float64Array, axes: Float64Array, focal: float, planes: Float64Array,
                   source: Int32Array, first: int, seen: Float64Array, screen: Float32Array, scratch: Float64Array,
                   points: Float32Array, order: Int32Array) -> int:  # fmt: skip
    """Draw the triangles of the given tiles.

    Args:
        depth, prim: (H, W) inverse depth and primitive number, updated where nearer. columns: 0, 1 … W − 1.
        vertices, uv, triangles: the mesh. ranges, vertex_ranges: (K, 2) of each tile. tiles: which to draw, in order.
        eye, axes, focal: the camera.
        planes: (≥ first + drawn, 11) receives coefficients; source: receives the triangle of each primitive.
        first: number of the first primitive.
        seen, screen, scratch, points, order: scratch, see ``DrawScratch``.

    Returns:
        The number after the last primitive.
    """
    size = (depth.shape[0], depth.shape[1])
    half_width, half_height = 0.5 * size[1], 0.5 * size[0]
    corners, clipped = scratch[:3], scratch[3:]
    number = first
    for t in tiles:
        low = vertex_ranges[t, 0]
        for k in range(vertex_ranges[t, 1] - low):
            dx, dy, dz = vertices[low + k, 0] - eye[0], vertices[low + k, 1] - eye[1], vertices[low + k, 2] - eye[2]
            seen[k, 0] = dx * axes[1, 0] + dy * axes[1, 1] + dz * axes[1, 2]
            seen[k, 1] = -(dx * axes[2, 0] + dy * axes[2, 1] + dz * axes[2, 2])
            seen[k, 2] = dx * axes[0, 0] + dy * axes[0, 1] + dz * axes[0, 2]
            inverse = focal / max(seen[k, 2], NEAR_M)
            screen[k, 0] = np.float32(seen[k, 0] * inverse + half_width)
            screen[k, 1] = np.float32(seen[k, 1] * inverse + half_height)
        for index in range(ranges[t, 0], ranges[t, 1]):
            i, j, k = triangles[index, 0] - low, triangles[index, 1] - low, triangles[index, 2] - low
            zi, zj, zk = seen[i, 2], seen[j, 2], seen[k, 2]
            if zi < NEAR_M and zj < NEAR_M and zk < NEAR_M:
                continue
            whole = zi >= NEAR_M and zj >= NEAR_M and zk >= NEAR_M
            if whole:
                xi, xj, xk = screen[i, 0], screen[j, 0], screen[k, 0]
                yi, yj, yk = screen[i, 1], screen[j, 1], screen[k, 1]
                if max(xi, xj, xk) <= _HALF or min(xi, xj, xk) > np.float32(size[1]):
                    continue
                if max(yi, yj, yk) <= _HALF or min(yi, yj, yk) > np.float32(size[0]):
                    continue
                # No pixel centre lies between top and bottom: nothing can be hit.
                if np.ceil(max(yi, yj, yk) - _HALF) <= np.ceil(min(yi, yj, yk) - _HALF):
                    continue
            for axis in range(3):
                corners[0, axis], corners[1, axis], corners[2, axis] = seen[i, axis], seen[j, axis], seen[k, axis]
            if not _set_plane(planes[number], corners, uv, triangles[index], size, focal):
                continue
            source[number] = index
            if whole:
                points[0, 0], points[0, 1] = screen[i, 0], screen[i, 1]
                points[1, 0], points[1, 1] = screen[j, 0], screen[j, 1]
                points[2, 0], points[2, 1] = screen[k, 0], screen[k, 1]
                order[0], order[1], order[2] = 0, 1, 2
                _span_fill(depth, prim, columns, points, order, planes[number], number)
            else:
                count = _clip_near(corners, clipped)
                for c in range(count):
                    inverse = focal / clipped[c, 2]
                    points[c, 0] = np.float32(clipped[c, 0] * inverse + half_width)
                    points[c, 1] = np.float32(clipped[c, 1] * inverse + half_height)
                for c in range(1, count - 1):
                    order[0], order[1], order[2] = 0, c, c + 1
                    _span_fill(depth, prim, columns, points, order, planes[number], number)
            number += 1
    return number
