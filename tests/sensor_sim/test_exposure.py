"""Auto exposure follows the picture, not the light; gain is a fixed exposure."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sensor_sim.effects.exposure import count_codes, measure_range, range_at
from sensor_sim.transfer_curve import decode_table, srgb_encode
from tests.sensor_sim.frames import BOOK_LINEAR, Frame, chain, context, degrade, effect, smooth_frame


def long_tailed_frame() -> Frame:
    """Mostly dark with a thin bright tail, so that a single code near the percentile holds few values."""
    rng = np.random.default_rng(3)
    light = np.where(
        rng.random((360, 640, 3)) < 0.94,
        rng.random((360, 640, 3)) * 0.2,
        0.2 + 0.8 * rng.random((360, 640, 3)),
    )
    return np.round(255 * srgb_encode(light)).astype(np.uint8)


@pytest.mark.parametrize("saturation_percent", [0.5, 2.0, 4.0])
def test_the_share_of_values_above_the_range_is_the_setting(saturation_percent: float) -> None:
    frame = long_tailed_frame()
    counts = np.bincount(frame.ravel(), minlength=256)
    measured = measure_range(counts, decode_table(), saturation_percent)
    assert measured is not None
    above = (decode_table()[frame] > measured[1]).mean() * 100.0
    assert above == pytest.approx(saturation_percent, abs=0.1)
    assert measured[0] == decode_table()[frame.min()]


def test_counting_equals_numpy_for_any_length() -> None:
    codes = np.random.default_rng(0).integers(0, 256, 1003, dtype=np.uint8)
    counts = np.empty((4, 256), np.int32)
    count_codes(codes, counts)
    assert np.array_equal(counts.sum(axis=0), np.bincount(codes, minlength=256))


@pytest.mark.parametrize("factor", [0.2, 0.7, 5.0])
@pytest.mark.parametrize("curve", [[], [BOOK_LINEAR], [effect("blur", width_px=3.0)]])
def test_the_output_does_not_depend_on_the_amount_of_light(factor: float, curve: list) -> None:
    frame = smooth_frame()
    auto = effect("exposure", saturation_percent=2.0)
    reference = degrade([auto, *curve], frame).astype(int)
    assert np.abs(degrade([auto, effect("gain", factor=factor), *curve], frame) - reference).max() <= 1


def test_the_measured_range_scales_with_the_light() -> None:
    counts = np.bincount(smooth_frame().ravel(), minlength=256)
    lo, hi = measure_range(counts, decode_table(), 2.0) or (0.0, 0.0)
    lo_bright, hi_bright = measure_range(counts, 3.0 * decode_table(), 2.0) or (0.0, 0.0)
    assert (lo_bright, hi_bright) == pytest.approx((3.0 * lo, 3.0 * hi), rel=1e-6)


def test_auto_exposure_stretches_the_picture_to_the_whole_range() -> None:
    dull = (60 + smooth_frame() // 4).astype(np.uint8)
    out = degrade([effect("exposure", saturation_percent=2.0)], dull)
    assert out.min() == 0
    # Only 64 codes are in use, so the saturated share comes in steps.
    assert 0.015 <= (out == 255).mean() < 0.08


@pytest.mark.parametrize("code", [0, 128, 255])
def test_a_flat_picture_has_no_range_and_keeps_its_exposure(code: int) -> None:
    frame = np.full((8, 8, 3), code, np.uint8)
    assert np.array_equal(degrade([effect("exposure", saturation_percent=2.0)], frame), frame)


def test_auto_exposure_sets_in_gradually_on_a_ramp() -> None:
    dull = (60 + smooth_frame() // 4).astype(np.uint8)
    ramped = chain([{**effect("exposure", saturation_percent=2.0), "ramp_s": 1.0}], dull)
    spreads = [float(ramped.apply(dull, context(tick)).std()) for tick in range(0, 21, 4)]
    assert spreads[0] == float(dull.std())
    assert all(later > earlier for earlier, later in pairwise(spreads))
    assert range_at((0.2, 0.4), 0.0, 2.0) == (0.0, 0.5)
    assert range_at((0.2, 0.4), 1.0, 2.0) == pytest.approx((0.2, 0.4))


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0])
def test_gain_multiplies_linear_light(factor: float) -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(4, 64, 1).repeat(3, axis=2)
    light = np.minimum(factor * decode_table()[codes].astype(np.float64), 1.0)
    expected = np.floor(255 * srgb_encode(light) + 0.5)
    assert np.abs(degrade([effect("gain", factor=factor)], codes) - expected).max() <= 1


def test_a_ramp_of_gain_takes_equal_steps_in_stops() -> None:
    frame = np.full((4, 4, 3), 200, np.uint8)
    ramped = chain([{**effect("gain", factor=0.25), "ramp_s": 1.0}], frame)
    halfway = ramped.apply(frame, context(10))
    assert np.array_equal(halfway, degrade([effect("gain", factor=0.5)], frame))
