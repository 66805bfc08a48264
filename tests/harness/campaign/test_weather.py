"""Weather presets are CARLA's own."""

from __future__ import annotations

import carla
import pytest
from pydantic import ValidationError

from harness.campaign.weather import PRESETS, Weather, WeatherParameters


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_equal_carlas(name: str) -> None:
    theirs = getattr(carla.WeatherParameters, name)
    for field, value in Weather.model_validate(name).parameters.model_dump().items():
        assert value == pytest.approx(getattr(theirs, field), rel=1e-5), field


def test_no_preset_is_missing() -> None:
    theirs = {name for name in dir(carla.WeatherParameters) if name[0].isupper()} - {"Default"}
    assert set(PRESETS) == theirs


def test_a_named_weather_changes_its_base() -> None:
    weather = Weather.model_validate({"name": "low", "base": "WetNoon", "sun_altitude_deg": 8, "cloudiness": 70})
    wet = Weather.model_validate("WetNoon")
    assert weather.parameters == WeatherParameters(
        **wet.parameters.model_dump() | {"sun_altitude_angle": 8, "cloudiness": 70}
    )
    assert Weather.model_validate_json(weather.model_dump_json()) == weather


@pytest.mark.parametrize("value", ["ClearNon", {"name": "x", "cloudiness": 101}, {"cloudiness": 10}, 7])
def test_bad_weather_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Weather.model_validate(value)
