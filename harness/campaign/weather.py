"""Weather: CARLA's 14 parameters, its presets by name, and variations of them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator


class WeatherParameters(BaseModel):
    """CARLA's weather, field by field in its order (`carla.WeatherParameters`); percentages and degrees.

    ``sun_azimuth_deg`` and ``sun_altitude_deg`` are read as well.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    cloudiness: float = Field(ge=0, le=100)
    precipitation: float = Field(ge=0, le=100)
    precipitation_deposits: float = Field(ge=0, le=100)
    wind_intensity: float = Field(ge=0, le=100)
    sun_azimuth_angle: float = Field(
        ge=-360, le=360, validation_alias=AliasChoices("sun_azimuth_angle", "sun_azimuth_deg")
    )
    sun_altitude_angle: float = Field(
        ge=-90, le=90, validation_alias=AliasChoices("sun_altitude_angle", "sun_altitude_deg")
    )
    fog_density: float = Field(ge=0, le=100)
    fog_distance: float = Field(ge=0)
    fog_falloff: float = Field(ge=0)
    wetness: float = Field(ge=0, le=100)
    scattering_intensity: float = Field(ge=0)
    mie_scattering_scale: float = Field(ge=0)
    rayleigh_scattering_scale: float = Field(ge=0)
    dust_storm: float = Field(ge=0, le=100)


_FIELDS = tuple(WeatherParameters.model_fields)
PRESETS: dict[str, tuple[float, ...]] = {
    "ClearNight": (5.0, 0.0, 0.0, 10.0, -1.0, -90.0, 60.0, 75.0, 1.0, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "ClearNoon": (5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "ClearSunset": (5.0, 0.0, 0.0, 10.0, -1.0, 15.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "CloudyNight": (60.0, 0.0, 0.0, 10.0, -1.0, -90.0, 60.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "CloudyNoon": (60.0, 0.0, 0.0, 10.0, -1.0, 45.0, 3.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "CloudySunset": (60.0, 0.0, 0.0, 10.0, -1.0, 15.0, 3.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "DustStorm": (100.0, 0.0, 0.0, 100.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 100.0),
    "HardRainNight": (
        100.0,
        100.0,
        90.0,
        100.0,
        -1.0,
        -90.0,
        100.0,
        0.75,
        0.1,
        100.0,
        1.0,
        0.03,
        0.0331,
        0.0,
    ),
    "HardRainNoon": (100.0, 100.0, 90.0, 100.0, -1.0, 45.0, 7.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "HardRainSunset": (100.0, 100.0, 90.0, 100.0, -1.0, 15.0, 7.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "MidRainSunset": (60.0, 60.0, 60.0, 60.0, -1.0, 15.0, 3.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "MidRainyNight": (80.0, 60.0, 60.0, 60.0, -1.0, -90.0, 60.0, 0.75, 0.1, 80.0, 1.0, 0.03, 0.0331, 0.0),
    "MidRainyNoon": (60.0, 60.0, 60.0, 60.0, -1.0, 45.0, 3.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "SoftRainNight": (60.0, 30.0, 50.0, 30.0, -1.0, -90.0, 60.0, 0.75, 0.1, 60.0, 1.0, 0.03, 0.0331, 0.0),
    "SoftRainNoon": (20.0, 30.0, 50.0, 30.0, -1.0, 45.0, 3.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "SoftRainSunset": (20.0, 30.0, 50.0, 30.0, -1.0, 15.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "WetCloudyNight": (60.0, 0.0, 50.0, 10.0, -1.0, -90.0, 60.0, 0.75, 0.1, 60.0, 1.0, 0.03, 0.0331, 0.0),
    "WetCloudyNoon": (60.0, 0.0, 50.0, 10.0, -1.0, 45.0, 3.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "WetCloudySunset": (60.0, 0.0, 50.0, 10.0, -1.0, 15.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "WetNight": (5.0, 0.0, 50.0, 10.0, -1.0, -90.0, 60.0, 75.0, 1.0, 60.0, 1.0, 0.03, 0.0331, 0.0),
    "WetNoon": (5.0, 0.0, 50.0, 10.0, -1.0, 45.0, 3.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
    "WetSunset": (5.0, 0.0, 50.0, 10.0, -1.0, 15.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0),
}
"""The presets of CARLA 0.9.16; a campaign must not need the client to be read."""


class Weather(WeatherParameters):
    """A named weather: in a scenario a preset's name, or a name, a ``base`` preset and changes to it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    base: str = "ClearNoon"

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value, "base": value}
        if not isinstance(value, dict):
            raise ValueError("a weather is the name of a CARLA preset, or a mapping with a name")
        base = value.get("base", "ClearNoon")
        if base not in PRESETS:
            raise ValueError(f"unknown weather preset {base!r}{_suggestion(base)}; known: {', '.join(PRESETS)}")
        given = {_ALIASES.get(key, key): content for key, content in value.items()}
        return dict(zip(_FIELDS, PRESETS[base], strict=True)) | given

    @property
    def parameters(self) -> WeatherParameters:
        """The 14 numbers alone."""
        return WeatherParameters(**self.model_dump(exclude={"name", "base"}))


_ALIASES = {"sun_azimuth_deg": "sun_azimuth_angle", "sun_altitude_deg": "sun_altitude_angle"}


def _suggestion(name: object) -> str:
    close = get_close_matches(str(name), PRESETS, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
