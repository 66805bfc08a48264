"""Red and blue move by f·k1·r³ against green, in OpenCV's direction."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from sensor_sim.effects.chromatic_aberration import focal_px, radial_map, shift_rows, transfer_k1
from sensor_sim.errors import SensorSpecError
from tests.sensor_sim.frames import BOOK_LINEAR, Frame, chain, degrade, effect, smooth_frame

WIDTH, HEIGHT, FOV_DEG = 640, 360, 90.0
FOCAL = focal_px(WIDTH, FOV_DEG)


def soft_edge(column: float) -> Frame:
    """Dark left, bright right; half of the light at ``column`` in every row."""
    u = np.arange(WIDTH)
    light = 0.5 + 0.5 * np.tanh((u - column) / 4.0)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.tile(np.round(255 * code).astype(np.uint8)[None, :, None], (HEIGHT, 1, 3))


def edge_position(row: np.ndarray) -> float:
    """Column where a row crosses half of 255, by linear interpolation."""
    after = int(np.argmax(row >= 127.5))
    low, high = float(row[after - 1]), float(row[after])
    return after - 1 + (127.5 - low) / (high - low)


@pytest.mark.parametrize("column", [24.3, 200.0, 615.7])
@pytest.mark.parametrize("k1", [0.02, -0.01])
def test_an_edge_moves_by_the_forward_map_of_its_colour(column: float, k1: float) -> None:
    out = degrade([effect("chromatic_aberration", k1=k1), BOOK_LINEAR], soft_edge(column))
    middle_row = out[HEIGHT // 2].astype(np.float64)
    for channel, coefficient in ((0, k1), (2, -k1)):
        distorted, _ = cv2.projectPoints(
            np.array([[[(column - (WIDTH - 1) / 2) / FOCAL, 0.0, 1.0]]]),
            np.zeros(3),
            np.zeros(3),
            np.array([[FOCAL, 0, (WIDTH - 1) / 2], [0, FOCAL, (HEIGHT - 1) / 2], [0, 0, 1]]),
            np.array([coefficient, 0.0, 0.0, 0.0]),
        )
        assert edge_position(middle_row[:, channel]) == pytest.approx(distorted[0, 0, 0], abs=0.1)
    r = (column - (WIDTH - 1) / 2) / FOCAL
    offset = edge_position(middle_row[:, 0]) - edge_position(middle_row[:, 2])
    assert offset == pytest.approx(2 * FOCAL * k1 * r**3, abs=0.1)


def test_green_is_unchanged_bit_for_bit_and_the_centre_does_not_move() -> None:
    frame = smooth_frame(WIDTH, HEIGHT)
    out = degrade([effect("chromatic_aberration", k1=0.03)], frame)
    assert np.array_equal(out[:, :, 1], frame[:, :, 1])
    assert not np.array_equal(out[:, :, 0], frame[:, :, 0])
    centre = (slice(HEIGHT // 2 - 6, HEIGHT // 2 + 6), slice(WIDTH // 2 - 6, WIDTH // 2 + 6))
    assert np.abs(out[centre].astype(int) - frame[centre]).max() <= 1


@pytest.mark.parametrize(("width", "height"), [(640, 360), (101, 53), (33, 2)])
@pytest.mark.parametrize("k1", [0.001, 0.05, -0.05])
def test_resampling_is_bilinear_at_the_inverse_map(width: int, height: int, k1: float) -> None:
    channel = np.random.default_rng(0).random((height, width)).astype(np.float32)
    focal = focal_px(width, FOV_DEG)
    inverse = radial_map(k1, width, height, focal)
    out = np.empty_like(channel)
    shift_rows(channel, 0, inverse.scale, inverse.uniform, 0, height, out)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    x, y = (columns - (width - 1) / 2) / focal, (rows - (height - 1) / 2) / focal
    scale = np.ones_like(x)
    for _ in range(30):
        scale = 1.0 / (1.0 + k1 * (x**2 + y**2) * scale**2)
    source = [y * scale * focal + (height - 1) / 2, x * scale * focal + (width - 1) / 2]
    expected = map_coordinates(channel.astype(np.float64), source, order=1, mode="nearest")
    # float32 positions: 1e-4 px times the steepest step between neighbours, and 1e-3 px at the clamped far
    # border.
    assert np.abs(out - expected).max() < 2e-3


def test_picture_and_mirror_image_are_degraded_alike() -> None:
    frame = smooth_frame(WIDTH, HEIGHT)
    entries = [effect("chromatic_aberration", k1=0.04)]
    there = degrade(entries, frame)[:, ::-1]
    back = degrade(entries, np.ascontiguousarray(frame[:, ::-1]))
    assert np.abs(there.astype(int) - back).max() <= 1


def test_transfer_keeps_the_displacement_at_the_edge_as_a_share_of_the_width() -> None:
    reference_width, reference_focal = 2048.0, 2262.0
    for width, fov_deg in ((640, 90.0), (1280, 60.0), (800, 110.0)):
        focal = focal_px(width, fov_deg)
        k1 = transfer_k1(0.008, reference_width, reference_focal, width, focal)
        displacement = focal * k1 * (width / 2 / focal) ** 3
        reference = reference_focal * 0.008 * (reference_width / 2 / reference_focal) ** 3
        assert displacement / width == pytest.approx(reference / reference_width)
        assert reference == pytest.approx(1.68, abs=0.01)


def test_a_coefficient_that_nearly_folds_the_picture_is_refused_with_the_allowed_range() -> None:
    with pytest.raises(SensorSpecError, match=r"'k1': 0\.15 is not allowed .* from -0\.0759\d* to 0\.0759"):
        chain([effect("chromatic_aberration", k1=0.15)], smooth_frame(WIDTH, HEIGHT))
