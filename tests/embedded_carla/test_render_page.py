"""The page of pictures."""

from __future__ import annotations

import carla
import pytest

from embedded_carla.pictures import HEIGHT, LABEL_PX, PRESETS, SHOWN, WIDTH, preset, sheet


def test_presets_are_those_of_the_client_library() -> None:
    assert preset("HardRainNoon").precipitation == carla.WeatherParameters.HardRainNoon.precipitation == 100.0
    assert preset("ClearNight").sun_altitude_angle == -90.0
    for name in PRESETS:
        preset(name)
    with pytest.raises(AttributeError):
        preset("Sunny")


def test_the_page_has_a_column_per_pack_and_a_row_per_preset() -> None:
    page = sheet(["summer", "dry"], ["ClearNoon", "ClearNight", "WetNoon"], 60.0, 7)
    cell_rows = SHOWN[1] + LABEL_PX
    assert page.shape == (3 * cell_rows, 2 * SHOWN[0], 3)
    assert WIDTH * SHOWN[1] == HEIGHT * SHOWN[0]
    day, night = (page[k * cell_rows + LABEL_PX : (k + 1) * cell_rows].mean() for k in (0, 1))
    assert night < 0.6 * day
