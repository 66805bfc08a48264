"""Nothing scheduled, nothing changed."""

from __future__ import annotations

import numpy as np
import pytest

from sensor_sim.transfer_curve import decode_table, srgb_decode, srgb_encode
from tests.sensor_sim.frames import BOOK_LINEAR, chain, context, degrade, effect, smooth_frame


def test_an_empty_schedule_returns_the_very_frame() -> None:
    frame = smooth_frame()
    assert degrade([], frame) is frame


def test_effects_before_their_onset_return_the_very_frame() -> None:
    frame = smooth_frame()
    entries = [{**effect("noise", sigma_dn=5.0), "onset_s": 1.0}]
    late = chain(entries, frame)
    assert late.apply(frame, context(19)) is frame
    assert not np.array_equal(late.apply(frame, context(20)), frame)


def test_effects_at_neutral_values_change_nothing() -> None:
    frame = smooth_frame()
    neutral = [
        effect("blur", width_px=1.0),
        effect("chromatic_aberration", k1=0.0),
        effect("noise", sigma_dn=0.0),
        effect("gain", factor=1.0),
        effect("gamma", gamma=1.0),
    ]
    assert np.array_equal(degrade(neutral, frame), frame)


def test_every_code_passes_the_detour_through_linear_light_unchanged() -> None:
    flat = np.empty((4, 40, 3), np.uint8)
    blurred = chain([effect("blur", width_px=3.7)], flat)
    for code in range(256):
        flat[:] = code
        assert (blurred.apply(flat, context(0)) == code).all()


def test_the_books_curve_with_exponent_one_shows_rounded_linear_light() -> None:
    frame = np.arange(256, dtype=np.uint8).reshape(4, 64, 1).repeat(3, axis=2)
    expected = np.floor(255.0 * srgb_decode(frame / 255.0) + 0.5)
    assert np.array_equal(degrade([BOOK_LINEAR], frame), expected)


def test_the_input_frame_is_not_modified() -> None:
    frame = smooth_frame()
    before = frame.copy()
    degrade([effect("blur", width_px=3.0), effect("noise", sigma_dn=9.0)], frame)
    assert np.array_equal(frame, before)


def test_encode_and_decode_are_inverse_of_each_other() -> None:
    codes = np.arange(256) / 255.0
    assert np.allclose(srgb_encode(decode_table().astype(np.float64)), codes, atol=1e-6)
    assert srgb_decode(np.array([0.5]))[0] == pytest.approx(0.21404, abs=1e-5)
