"""The fill rule: every pixel of a closed mesh is hit exactly once, however it is cut into triangles."""

from __future__ import annotations

import numpy as np
import pytest

from embedded_carla.render.camera import camera_axes
from embedded_carla.render.raster import PLANE_COLUMNS, DrawScratch, draw_triangles
from embedded_carla.render.types import CameraPose

WIDTH, HEIGHT, FOCAL = 160, 90, 80.0


def _draw(
    vertices: np.ndarray, triangles: np.ndarray, camera: CameraPose
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Inverse depth, primitive, planes, source of a mesh drawn as one tile."""
    depth, prim = np.zeros((HEIGHT, WIDTH), np.float32), np.zeros((HEIGHT, WIDTH), np.int32)
    planes, source = np.zeros((len(triangles) + 1, PLANE_COLUMNS)), np.zeros(len(triangles) + 1, np.int32)
    one = np.array([[0, len(triangles)]], np.int32)
    draw_triangles(
        depth,
        prim,
        np.arange(WIDTH, dtype=np.float32),
        vertices.astype(np.float32),
        vertices[:, :2].astype(np.float32),
        triangles.astype(np.int32),
        one,
        np.array([[0, len(vertices)]], np.int32),
        np.zeros(1, np.int32),
        np.array([camera.x_m, camera.y_m, camera.z_m]),
        camera_axes(camera),
        FOCAL,
        planes,
        source,
        1,
        *DrawScratch().arrays(np.array([[0, len(vertices)]], np.int32)),
    )
    return depth, prim, planes, source


def _jittered_ground(seed: int, cells: int, half_m: float) -> tuple[np.ndarray, np.ndarray]:
    """A ground of thin, irregular triangles around the origin, its diagonals turned at random."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-half_m, half_m, cells + 1), np.linspace(-half_m, half_m, cells + 1))
    inner = np.zeros_like(x)
    inner[1:-1, 1:-1] = 0.4 * 2 * half_m / cells
    x, y = x + rng.uniform(-1, 1, x.shape) * inner, y + rng.uniform(-1, 1, y.shape) * inner
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    triangles = []
    for i in range(cells):
        for j in range(cells):
            a, b = i * (cells + 1) + j, i * (cells + 1) + j + 1
            c, d = a + cells + 1, b + cells + 1
            triangles += [(a, b, c), (b, d, c)] if rng.random() < 0.5 else [(a, b, d), (a, d, c)]
    return vertices, np.array(triangles)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "camera", [CameraPose(0.3, -0.2, 1.4, -30.0, 17.0, 0.0), CameraPose(1.0, 2.0, 0.3, -60.0, 200.0, 25.0)]
)
def test_every_pixel_of_a_closed_ground_is_hit_exactly_once(seed: int, camera: CameraPose) -> None:
    vertices, triangles = _jittered_ground(seed, cells=14, half_m=60.0)
    hits = np.zeros((HEIGHT, WIDTH), np.int64)
    for triangle in triangles:
        depth, _, _, _ = _draw(vertices, triangle[None], camera)
        hits += depth > 0.0
    # Far out the ground ends; there a triangle fewer is right.
    whole, _, _, _ = _draw(vertices, triangles, camera)
    axes = camera_axes(camera)
    right, down = (np.arange(WIDTH) + 0.5 - WIDTH / 2) / FOCAL, (np.arange(HEIGHT) + 0.5 - HEIGHT / 2) / FOCAL
    ray = axes[0] + right[None, :, None] * axes[1] - down[:, None, None] * axes[2]
    reach = np.where(ray[..., 2] < -1e-6, camera.z_m / np.maximum(-ray[..., 2], 1e-6), np.inf)
    point = np.abs(
        np.array([camera.x_m, camera.y_m]) + np.where(np.isfinite(reach), reach, 0)[..., None] * ray[..., :2]
    )
    covered = np.isfinite(reach) & (point.max(axis=2) < 59.9) & (reach > 0.11)
    assert covered.sum() > 5_000
    assert (hits[covered] == 1).all()
    assert np.allclose(1.0 / whole[covered], reach[covered], rtol=1e-4)


def test_interpolated_coordinates_are_those_of_the_point_seen() -> None:
    vertices, triangles = _jittered_ground(1, cells=5, half_m=30.0)
    camera = CameraPose(0.5, 1.0, 2.0, -35.0, 60.0, 5.0)
    depth, prim, planes, _ = _draw(vertices, triangles, camera)
    axes = camera_axes(camera)
    for y, x in [(40, 30), (60, 80), (85, 150), (70, 5)]:
        plane, z = planes[prim[y, x]], 1.0 / float(depth[y, x])
        u = plane[9] + (plane[3] * x + plane[4] * y + plane[5]) * z
        v = plane[10] + (plane[6] * x + plane[7] * y + plane[8]) * z
        ray = axes[0] + (x + 0.5 - WIDTH / 2) / FOCAL * axes[1] - (y + 0.5 - HEIGHT / 2) / FOCAL * axes[2]
        assert (u, v) == pytest.approx((camera.x_m + z * ray[0], camera.y_m + z * ray[1]), abs=1e-3)


def test_the_nearer_of_two_surfaces_wins_in_either_order() -> None:
    low = np.array([[2.0, -5, 0], [30, -5, 0], [30, 5, 0], [2, 5, 0]])
    high = low + np.array([0.0, 0.0, 0.5])
    quads = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    camera = CameraPose(0.0, 0.0, 1.5, -20.0, 0.0, 0.0)
    first, _, _, _ = _draw(np.concatenate([low, high]), quads, camera)
    second, _, _, _ = _draw(np.concatenate([high, low]), quads, camera)
    assert np.array_equal(first, second)
    only_high, _, _, _ = _draw(high, quads[:2], camera)
    assert np.array_equal(first[only_high > 0], only_high[only_high > 0])


def test_what_is_behind_the_camera_is_not_drawn() -> None:
    behind = np.array([[-2.0, -5, 0], [-30, -5, 0], [-30, 5, 3]])
    depth, _, _, _ = _draw(behind, np.array([[0, 1, 2]]), CameraPose(0.0, 0.0, 1.5, 0.0, 0.0, 0.0))
    assert not depth.any()
