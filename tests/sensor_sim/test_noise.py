"""Noise is Gaussian, white in space, time and colour, and belongs to (seed, tick)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from sensor_sim.effects.noise import BANK_SIZE, BANK_UNIT, noise_bank
from tests.sensor_sim.frames import BOOK_LINEAR, chain, context, degrade, effect

FLAT = np.full((360, 640, 3), 128, np.uint8)


@pytest.mark.parametrize("curve", [[], [BOOK_LINEAR], [effect("blur", width_px=1.5)]])
def test_variance_nine_on_flat_grey_reads_nine_and_a_twelfth(curve: list) -> None:
    out = degrade([effect("noise", sigma_dn=3.0), *curve], FLAT).astype(np.float64)
    assert out.var() == pytest.approx(9.0 + 1.0 / 12.0, rel=0.01)
    ideal = degrade(curve, FLAT)
    assert out.mean() == pytest.approx(ideal.mean(), abs=0.5 if curve == [BOOK_LINEAR] else 0.02)


@pytest.mark.parametrize("code", [40, 128, 215])
def test_noise_alone_has_the_same_size_at_every_brightness(code: int) -> None:
    out = degrade([effect("noise", sigma_dn=6.0)], np.full_like(FLAT, code))
    assert out.std() == pytest.approx(6.0, rel=0.01)
    assert out.mean() == pytest.approx(code, abs=0.05)


def test_channels_pixels_rows_and_ticks_are_uncorrelated() -> None:
    noisy = chain([effect("noise", sigma_dn=8.0)], FLAT)
    fields = [noisy.apply(FLAT, context(tick)).astype(np.float64) - 128.0 for tick in (0, 1, 20)]
    field = fields[0]
    pairs = {
        "red-green": (field[:, :, 0], field[:, :, 1]),
        "green-blue": (field[:, :, 1], field[:, :, 2]),
        "columns": (field[:, 1:], field[:, :-1]),
        "rows": (field[1:], field[:-1]),
        "next tick": (field, fields[1]),
        "later tick": (field, fields[2]),
    }
    for name, (first, second) in pairs.items():
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.01, name


def test_neighbouring_seeds_give_unrelated_noise() -> None:
    first, second = (degrade([effect("noise", sigma_dn=8.0)], FLAT, seed=seed) for seed in (1000, 1001))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.01


def test_the_bank_is_standard_normal() -> None:
    bank = noise_bank(1920)[:BANK_SIZE] / BANK_UNIT
    assert bank.mean() == pytest.approx(0.0, abs=0.002)
    assert bank.var() == pytest.approx(1.0, abs=0.003)
    assert (bank**3).mean() == pytest.approx(0.0, abs=0.01)
    assert (bank**4).mean() == pytest.approx(3.0, abs=0.02)
    assert kstest(bank[:: BANK_SIZE // 200_000], "norm").pvalue > 0.01


def test_the_bank_has_no_autocorrelation_at_any_lag() -> None:
    bank = noise_bank(1920)[:BANK_SIZE].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(bank - bank.mean())) ** 2
    correlation = np.fft.irfft(spectrum)[1 : BANK_SIZE // 2] / (bank.var() * BANK_SIZE)
    # White noise: standard deviation 1/sqrt(N) = 0.0005; the largest of 2 million lags stays below 6 of them.
    assert np.abs(correlation).max() < 6.0 / np.sqrt(BANK_SIZE)


def test_noise_and_black_stay_in_range() -> None:
    out = degrade([effect("noise", sigma_dn=100.0)], FLAT)
    assert (out == 0).mean() == pytest.approx(0.1014, abs=0.005)
    assert (out == 255).mean() == pytest.approx(0.1029, abs=0.005)
