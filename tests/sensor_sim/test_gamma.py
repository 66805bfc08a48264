"""The tone curve acts on normalised values and is monotone."""

from __future__ import annotations

import numpy as np
import pytest

from sensor_sim.effects.gamma import linear_output_table, output_table
from tests.sensor_sim.frames import degrade, effect, smooth_frame

CODES = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, axis=2)


def curve(**parameters: object) -> np.ndarray:
    return degrade([effect("gamma", **parameters)], np.repeat(CODES, 2, axis=0))[0, :, 0]


def test_gamma_of_0_8_brightens_64_to_84_and_128_to_147() -> None:
    brighter = curve(gamma=0.8)
    assert (brighter[0], brighter[64], brighter[128], brighter[255]) == (0, 84, 147, 255)
    assert np.array_equal(brighter, np.floor(255 * (np.arange(256) / 255) ** 0.8 + 0.5))


@pytest.mark.parametrize(("gamma", "codes"), [(0.8, 235), (1 / 2.2, 184)])
def test_rounding_before_the_power_leaves_the_known_gaps(gamma: float, codes: int) -> None:
    # The book's curve on every 8-bit linear value: only so many of 256 output codes occur.
    assert len(np.unique(output_table(gamma, "book"))) == codes
    assert len(np.unique(output_table(gamma, "late"))) > codes


@pytest.mark.parametrize("gamma", [0.1, 0.45, 0.8, 1.0, 2.2, 10.0])
@pytest.mark.parametrize("quantise", ["late", "book"])
@pytest.mark.parametrize("book_level", [0.0, 0.3, 1.0])
def test_curves_are_monotone_and_keep_black_and_white(gamma: float, quantise: str, book_level: float) -> None:
    table = linear_output_table(book_level, gamma, quantise).astype(int)
    assert (np.diff(table) >= 0).all()
    assert (table[0], table[-1]) == (0, 255)


def test_the_books_curve_is_darker_than_the_display_curve() -> None:
    assert curve(gamma=0.8, curve="book")[128] == round(255 * (0.2158605**0.8))
    assert (curve(gamma=0.8, curve="book")[1:255] < curve(gamma=0.8)[1:255]).all()


def test_point_wise_and_spatial_path_agree_on_the_curve() -> None:
    frame = smooth_frame()
    entries = [effect("gamma", gamma=0.6), effect("gain", factor=0.8)]
    point_wise = degrade(entries, frame).astype(int)
    spatial = degrade([*entries, effect("blur", width_px=1.0 + 1e-6)], frame)
    assert np.abs(point_wise - spatial).max() <= 1
