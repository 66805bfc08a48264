"""Camera attributes: each is in the table, the honoured ones act, the others are accepted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from embedded_carla.render.types import Weather
from embedded_carla.sensors.camera import CameraSettings
from embedded_carla.sensors.camera_attributes import CAMERA_ATTRIBUTES, attribute_table
from embedded_carla.sensors.film import Film
from embedded_carla.world.blueprints import BY_ID
from tests.embedded_carla.drawn_roads import drawn, road_xodr

RGB = {attribute.name: attribute.value for attribute in BY_ID["sensor.camera.rgb"].attributes}


def _picture(changes: Mapping[str, str]) -> np.ndarray:
    road = drawn(road_xodr())
    settings, camera = CameraSettings.from_attributes({**RGB, **changes}), road.camera(20.0)
    view = road.renderer.view(camera, 160, 90, 90.0)
    return settings.film.develop(road.renderer.rgb_bgra(view, Weather(), camera)).astype(np.int64)


def test_the_table_names_every_attribute_of_the_cameras_once() -> None:
    listed = [name for row in CAMERA_ATTRIBUTES for name in row.names]
    cameras = [blueprint for name, blueprint in BY_ID.items() if name.startswith("sensor.camera.")]
    assert len(listed) == len(set(listed))
    assert set(listed) == {attribute.name for blueprint in cameras for attribute in blueprint.attributes}
    assert all(f"`{name}`" in attribute_table() for name in listed)


def test_defaults_change_no_pixel() -> None:
    assert CameraSettings.from_attributes(RGB).film == Film()
    picture = np.arange(256, dtype=np.uint8).reshape(8, 8, 4)
    assert Film().develop(picture) is picture


@pytest.mark.parametrize(
    ("brighter", "darker"),
    [
        ({"exposure_compensation": "1.0"}, {"exposure_compensation": "-1.0"}),
        ({"exposure_mode": "manual", "iso": "400"}, {"exposure_mode": "manual", "iso": "50"}),
        ({"exposure_mode": "manual", "shutter_speed": "50"}, {"exposure_mode": "manual", "shutter_speed": "1000"}),
        ({"exposure_mode": "manual", "fstop": "0.7"}, {"exposure_mode": "manual", "fstop": "5.6"}),
        ({"gamma": "3.0"}, {"gamma": "1.0"}),
    ],
)
def test_exposure_and_gamma_brighten_and_darken(brighter: Mapping[str, str], darker: Mapping[str, str]) -> None:
    dark, plain, bright = (_picture(changes)[..., :3].mean() for changes in (darker, {}, brighter))
    assert dark < 0.9 * plain < 0.9 * 0.9 * bright
    assert (_picture(brighter)[..., 3] == 255).all()


def test_one_stop_doubles_the_light() -> None:
    """Where neither picture reaches the shoulder of the display curve; the curve is sRGB there."""

    def linear(display: np.ndarray) -> np.ndarray:
        value = display / 255.0
        return np.asarray(np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4))

    plain, bright = _picture({})[..., :3], _picture({"exposure_compensation": "1.0"})[..., :3]
    middle = (plain > 60) & (bright < 190)
    assert middle.sum() > 1000
    np.testing.assert_allclose(linear(bright[middle]) / linear(plain[middle]), 2.0, atol=0.06)


def test_in_histogram_mode_iso_and_shutter_cancel_out() -> None:
    assert CameraSettings.from_attributes({**RGB, "iso": "800", "shutter_speed": "20"}).film == Film()


@pytest.mark.parametrize(
    "wrong",
    [
        {"gamma": "0"},
        {"gamma": "nan"},
        {"exposure_mode": "manual", "iso": "-100"},
        {"exposure_compensation": "99"},
        {"fov": "0"},
        {"image_size_x": "0"},
    ],
)
def test_impossible_values_are_refused(wrong: Mapping[str, str]) -> None:
    with pytest.raises(ValueError, match=list(wrong)[-1].split("_")[0]):
        CameraSettings.from_attributes({**RGB, **wrong})
