"""The box is symmetric, of exactly the width asked for, and keeps the light."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from sensor_sim.effects.blur import blur_rows, box_reach
from sensor_sim.transfer_curve import decode_table
from tests.sensor_sim.frames import BOOK_LINEAR, Frame, degrade, effect, smooth_frame


def blurred_linear(codes: Frame, width_px: float) -> np.ndarray:
    shape = codes.shape
    row = np.empty(shape[1] + 2 * box_reach(width_px), np.float32)
    out = np.empty(shape, np.float32)
    blur_rows(decode_table()[codes], width_px, row, out, 0, shape[0])
    return out


def box_weights(width_px: float) -> np.ndarray:
    """Overlap of the box [−w/2, w/2] with each pixel, over w."""
    reach = box_reach(width_px)
    pixels = np.arange(-reach, reach + 1)
    overlap = np.minimum(pixels + 0.5, width_px / 2) - np.maximum(pixels - 0.5, -width_px / 2)
    return np.maximum(overlap, 0.0) / width_px


def test_a_step_edge_under_a_box_of_four_has_the_symmetric_profile() -> None:
    step = np.zeros((20, 40, 3), np.uint8)
    step[:, 20:] = 255
    profile = degrade([effect("blur", width_px=4.0), BOOK_LINEAR], step)[10, 17:23, 1] / 255.0
    assert np.allclose(profile, [0.0, 0.125, 0.375, 0.625, 0.875, 1.0], atol=0.5 / 255)


@pytest.mark.parametrize("width_px", [1.25, 2.0, 4.0, 5.5, 12.0])
def test_an_impulse_stays_where_it_is(width_px: float) -> None:
    impulse = np.zeros((41, 61), np.uint8)
    impulse[20, 30] = 255
    light = blurred_linear(impulse, width_px).astype(np.float64)
    rows, columns = np.mgrid[0:41, 0:61]
    assert light.sum() == pytest.approx(1.0, abs=1e-5)
    assert (light * columns).sum() / light.sum() == pytest.approx(30.0, abs=1e-5)
    assert (light * rows).sum() / light.sum() == pytest.approx(20.0, abs=1e-5)


@pytest.mark.parametrize("width_px", [1.25, 3.0, 4.0, 7.3, 64.0])
def test_it_equals_a_separable_correlation_with_the_overlap_weights(width_px: float) -> None:
    codes = np.ascontiguousarray(smooth_frame(70, 50)[:, :, 0])
    linear = decode_table()[codes].astype(np.float64)
    weights = box_weights(width_px)
    rows = correlate1d(linear, weights, axis=1, mode="nearest")
    expected = correlate1d(rows, weights, axis=0, mode="nearest")
    assert np.allclose(blurred_linear(codes, width_px), expected, atol=2e-6)


def test_blur_alone_keeps_the_brightness_of_the_picture() -> None:
    frame = smooth_frame()
    linear = decode_table()
    before, after = linear[frame].mean(), linear[degrade([effect("blur", width_px=5.0)], frame)].mean()
    assert after == pytest.approx(before, rel=0.01)
