"""Effects of pixels, white balance and the digital link against independent computations."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.stats import poisson

from sensor_sim.bench import UNSEEN_CORRUPTIONS, noise_axis
from sensor_sim.effects.rms_noise import EPSILONS_DN, rounded_sigma, strike_power
from sensor_sim.effects.white_balance import black_body_xy, channel_gains
from sensor_sim.frame_context import FrameContext
from tests.sensor_sim.frames import BOOK_LINEAR, chain, degrade, effect, smooth_frame
from tests.sensor_sim.test_optics import applied

TICKS = range(0, 120, 2)
STILL = FrameContext(5, 0.05, 0.0, 0.0)


@pytest.mark.parametrize("electrons", [3.0, 20.0, 400.0])
def test_shot_noise_has_the_moments_of_poisson(electrons: float) -> None:
    flat = np.full((3, 200, 400), 0.5, np.float32)
    out = applied("shot_noise", flat, STILL, electrons_at_white=2 * electrons, read_noise_e=0.0)
    counts = out.astype(np.float64) * 2 * electrons
    mean, variance, skewness = poisson.stats(electrons, moments="mvs")
    assert counts.mean() == pytest.approx(mean, rel=0.01)
    assert counts.var() == pytest.approx(variance, rel=0.02)
    assert ((counts - mean) ** 3).mean() / variance**1.5 == pytest.approx(skewness, abs=0.04)


def test_read_noise_is_there_in_the_dark_and_adds_to_shot_noise() -> None:
    dark = applied("shot_noise", np.zeros((3, 200, 400), np.float32), STILL, electrons_at_white=100, read_noise_e=5)
    assert dark.std() == pytest.approx(0.05, rel=0.03)
    grey = np.full((3, 200, 400), 0.36, np.float32)
    both = applied("shot_noise", grey, STILL, electrons_at_white=100, read_noise_e=5)
    assert both.var() == pytest.approx((36 + 25) / 100**2, rel=0.03)


def test_dead_and_hot_pixels_stay_and_have_their_share() -> None:
    grey = np.full((90, 160, 3), 120, np.uint8)
    first, later = (degrade([effect("dead_pixels", share=0.02, hot_share=0.25)], grey, tick=t) for t in (0, 9))
    assert np.array_equal(first, later)
    assert (first != 120).mean() == pytest.approx(0.02, abs=1e-4)
    assert (first == 255).sum() / (first != 120).sum() == pytest.approx(0.25, abs=0.05)
    assert set(np.unique(first)) == {0, 120, 255}


def test_the_planckian_locus_passes_through_illuminant_a_and_near_daylight() -> None:
    assert black_body_xy(2856.0) == pytest.approx((0.4476, 0.4074), abs=1e-3)
    assert black_body_xy(6504.0) == pytest.approx((0.3135, 0.3237), abs=5e-4)


def test_balanced_for_tungsten_daylight_turns_blue_and_the_other_way_round() -> None:
    red, green, blue = channel_gains(150.0)
    assert red < 1.0 == green < blue
    red, _, blue = channel_gains(-80.0)
    assert red > 1.0 > blue
    assert channel_gains(0.0) == (1.0, 1.0, 1.0)


def test_banding_repeats_after_its_period_in_rows() -> None:
    flat = np.full((3, 90, 8), 0.5, np.float32)
    out = applied("banding", flat, STILL, modulation=0.4, frequency_hz=100.0, readout_s=0.05)[0, :, 0]
    # Ninety rows are read in 50 ms, so a period of 10 ms lasts 18 of them.
    period = 90 * 0.01 / 0.05
    spectrum = np.abs(np.fft.rfft(out[:90] - out[:90].mean()))
    assert 90 / spectrum.argmax() == pytest.approx(period, rel=0.01)
    assert np.ptp(out) == pytest.approx(0.5 * 0.8, rel=0.03)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 1.0])
def test_impulses_strike_their_share_of_the_values(share: float) -> None:
    grey = np.full((360, 640, 3), 90, np.uint8)
    out = degrade([effect("impulse_noise", share=share)], grey)
    assert (out != 90).mean() == pytest.approx(share, rel=0.05)
    assert (out == 255).mean() == pytest.approx(share / 2, rel=0.07)
    assert set(np.unique(out)) <= {0, 90, 255}


@pytest.mark.parametrize("epsilon_dn", EPSILONS_DN)
def test_the_noise_axis_has_its_root_mean_square(epsilon_dn: float) -> None:
    middle = np.random.default_rng(0).integers(80, 176, (180, 320, 3), dtype=np.uint8)  # nothing clips
    for kind, tolerance in (("gaussian", 0.02), ("salt_and_pepper", 0.05 if epsilon_dn >= 1.0 else 0.2)):
        (entry,) = noise_axis(kind)[epsilon_dn].to_spec()
        # A weak salt-and-pepper frame has a handful of hits: what must be right is the mean over frames.
        power = np.mean([np.square(degrade([entry], middle, tick=t).astype(np.float64) - middle).mean() for t in TICKS])
        assert np.sqrt(power) == pytest.approx(epsilon_dn, rel=tolerance), kind


def test_weak_salt_and_pepper_has_its_root_mean_square_over_many_frames() -> None:
    """A quarter of a grey level is less than one hit per frame."""
    middle = np.random.default_rng(0).integers(80, 176, (180, 320, 3), dtype=np.uint8)
    made = chain(noise_axis("salt_and_pepper")[0.25].to_spec(), middle)
    powers = []
    for tick in range(1500):
        out = made.apply(middle, FrameContext(tick, 0.05, 0.0, 0.0)).reshape(-1)
        hit = np.flatnonzero(out != middle.reshape(-1))
        powers.append(np.square(out[hit].astype(float) - middle.reshape(-1)[hit]).sum() / middle.size)
    assert np.sqrt(np.mean(powers)) == pytest.approx(0.25, rel=0.05)


def test_salt_and_pepper_strikes_as_often_as_the_formula_says() -> None:
    frame = np.array([[[0, 255, 128]]], np.uint8)
    expected = np.mean([0.5 * x**2 + 0.5 * (255 - x) ** 2 for x in (0.0, 255.0, 128.0)])
    assert strike_power(frame) == pytest.approx(expected)
    assert rounded_sigma(16.0) ** 2 == pytest.approx(256.0 - 1 / 12, rel=1e-3)


def test_jpeg_is_what_the_library_makes_of_the_picture() -> None:
    frame = smooth_frame()
    bgr = np.ascontiguousarray(frame[:, :, ::-1])
    expected = cv2.imdecode(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 12])[1], cv2.IMREAD_COLOR)
    assert np.array_equal(degrade([effect("jpeg", quality=12)], frame), expected[:, :, ::-1])


def test_sensor_noise_comes_before_gain_and_blur_before_both() -> None:
    grey = np.full((90, 160, 3), 128, np.uint8)
    linear = [BOOK_LINEAR, effect("shot_noise", electrons_at_white=2000, read_noise_e=0)]
    quiet, amplified = degrade(linear, grey), degrade([*linear, effect("gain", factor=3.0)], grey)
    blurred = degrade([*linear, effect("blur", width_px=8.0)], grey)
    assert amplified.std() == pytest.approx(3.0 * quiet.std(), rel=0.05)
    assert blurred.std() == pytest.approx(quiet.std(), rel=0.05)


def test_the_bench_has_the_seven_unseen_corruptions() -> None:
    assert list(UNSEEN_CORRUPTIONS) == [
        "gaussian_noise", "shot_noise", "impulse_noise", "defocus", "frosted_glass", "motion_blur", "zoom_blur",
    ]  # fmt: skip
