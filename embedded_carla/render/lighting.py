"""From CARLA's weather to light: sun, sky light, fog, wetness, headlights. The exposure follows the weather alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embedded_carla.render.types import Weather

Vector = npt.NDArray[np.float32]

HAZE_PER_M = 1.2e-4
TONE_ENTRIES = 4096
TONE_WHITE = 4.0
SHOULDER = 0.55
DAY_IRRADIANCE = 0.85
MOST_GAIN = 2.6
HEADLIGHT = 1.7


@dataclass(frozen=True)
class Light:
    """Light of one moment, linear RGB; a white surface in full noon reaches about 1.

    Attributes:
        sun_direction: unit vector towards the sun. sun: irradiance on a surface facing it.
        ambient: irradiance from the sky on level ground.
        zenith, horizon, fog: radiance of the sky overhead, at the horizon, and of thick fog.
        cloud: share of sky covered.
        extinction_per_m, fog_start_m: transmission = exp(−extinction · max(0, distance − start)).
        wetness, puddles: 0..1. headlight: strength 0..1. veil: share of grey that rain adds.
        glow: strength of the halo round the sun, 1 in CARLA's presets.
    """

    sun_direction: Vector
    sun: Vector
    ambient: Vector
    zenith: Vector
    horizon: Vector
    fog: Vector
    cloud: float
    extinction_per_m: float
    fog_start_m: float
    wetness: float
    headlight: float
    veil: float
    puddles: float
    glow: float


def _smooth(low: float, high: float, x: float) -> float:
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def fog_extinction_per_m(weather: Weather) -> float:
    """Extinction coefficient (1/m) of fog, rain and dust: 0.1 · density^1.5 (density as a share), plus clear-air haze.

    Meteorological visibility is 3.9 / extinction (Koschmieder): 1.2 km at density 10, 110 m at 50, 39 m at 100.
    """
    fog = 0.1 * (min(max(weather.fog_density, 0.0), 100.0) / 100.0) ** 1.5
    dust = 0.03 * (min(max(weather.dust_storm, 0.0), 100.0) / 100.0) ** 1.5
    rain = 0.004 * (min(max(weather.precipitation, 0.0), 100.0) / 100.0)
    return HAZE_PER_M + fog + dust + rain


def fog_transmission(weather: Weather, distance_m: float) -> float:
    """Share of light that reaches the camera over ``distance_m``."""
    return math.exp(-fog_extinction_per_m(weather) * max(distance_m - max(weather.fog_distance, 0.0), 0.0))


def sun_direction(weather: Weather) -> Vector:
    """Unit vector towards the sun, CARLA axes."""
    azimuth, altitude = math.radians(weather.sun_azimuth_angle), math.radians(weather.sun_altitude_angle)
    c = math.cos(altitude)
    return np.array([c * math.cos(azimuth), c * math.sin(azimuth), math.sin(altitude)], dtype=np.float32)


def _exposure_gain(irradiance: float) -> float:
    """How far the camera opens up in dim light, 1..MOST_GAIN: it makes up for part of the dimming, as eyes do."""
    return min(max((DAY_IRRADIANCE / irradiance) ** 0.6, 1.0), MOST_GAIN)


def _scattering_glow(weather: Weather) -> float:
    """Strength of the sun's halo relative to CARLA's presets (Mie scale 0.03, intensity 1), 0..3."""
    return min(max(weather.scattering_intensity, 0.0) * math.sqrt(max(weather.mie_scattering_scale, 0.0) / 0.03), 3.0)


def _sky_blue(weather: Weather) -> npt.NDArray[np.float64]:
    """Factor on the clear sky overhead: bluer with more Rayleigh scattering; 1 at the presets' scale of 0.0331."""
    more = min(max(weather.rayleigh_scattering_scale, 0.0), 2.0) / 0.0331
    return np.array([0.85, 0.93, 1.0]) ** (math.log2(max(more, 1.0 / 16.0)) * 0.5)


def light_of(weather: Weather) -> Light:
    """Derive the light from the weather.

    Sunlight is dimmed and reddened by the relative air mass (Kasten & Young 1989); sky light falls through twilight to
    a faint night level; clouds take the sun and even out the sky.
    """
    altitude = min(max(weather.sun_altitude_angle, -90.0), 90.0)
    cloud = min(max(weather.cloudiness, weather.precipitation * 0.9, 0.0), 100.0) / 100.0
    above = max(altitude, -2.0)
    air_mass = 1.0 / (math.sin(math.radians(max(above, 0.0))) + 0.50572 * (max(above, 0.0) + 6.07995) ** -1.6364)
    through = np.exp(-np.array([0.075, 0.13, 0.24]) * min(air_mass, 38.0) ** 0.85)
    day = _smooth(-2.0, 1.5, altitude)
    sun = 1.45 * through * day * (1.0 - cloud) ** 1.3 * (1.0 - 0.5 * min(weather.dust_storm, 100.0) / 100.0)
    twilight = 0.010 + 0.08 * _smooth(-14.0, 2.0, altitude) + 0.26 * _smooth(-1.0, 40.0, altitude)
    warm = _smooth(-8.0, 2.0, altitude) * (1.0 - _smooth(3.0, 22.0, altitude)) * (1.0 - 0.8 * cloud)
    night = 1.0 - _smooth(-10.0, 0.0, altitude)
    blue = np.array([0.78, 0.95, 1.22]) * (1.0 - night) + np.array([0.65, 0.85, 1.35]) * night
    tint = blue * (1.0 - cloud) + np.array([0.97, 1.0, 1.03]) * cloud
    ambient = twilight * tint * (1.0 + 0.55 * cloud * (1.0 - 0.45 * max(weather.precipitation, 0.0) / 100.0))
    sky_level = twilight * (1.0 - 0.25 * cloud)
    zenith = sky_level * (
        np.array([0.55, 1.05, 2.3]) * _sky_blue(weather) * (1 - cloud) + np.array([1.35, 1.42, 1.52]) * cloud
    )
    clear_horizon = np.array([1.75, 2.05, 2.35]) * (1 - warm) + np.array([3.1, 1.75, 1.05]) * warm
    horizon = sky_level * (clear_horizon * (1 - cloud) + np.array([1.75, 1.80, 1.86]) * cloud)
    dust = min(max(weather.dust_storm, 0.0), 100.0) / 100.0
    grey = float(horizon.mean())
    density = min(max(weather.fog_density, 0.0), 100.0) / 100.0
    whiteness = min(1.0, 2.5 * density + 0.7 * weather.precipitation / 100.0)
    fog = horizon * (1 - whiteness) + grey * np.array([0.98, 1.0, 1.02]) * whiteness
    fog = fog * (1 - dust) + grey * np.array([1.15, 0.92, 0.62]) * dust
    deposits = min(max(weather.precipitation_deposits, 0.0), 100.0) / 100.0
    wetness = min(1.0, max(weather.wetness / 100.0, 0.8 * deposits, 0.5 * weather.precipitation / 100.0, 0.0))

    gain = _exposure_gain(float(sun.mean()) * max(math.sin(math.radians(altitude)), 0.0) + float(ambient.mean()))

    def vector(values: npt.NDArray[np.float64]) -> Vector:
        return (gain * values).astype(np.float32)

    return Light(
        sun_direction=sun_direction(weather),
        sun=vector(sun),
        ambient=vector(ambient),
        zenith=vector(zenith),
        horizon=vector(horizon),
        fog=vector(fog),
        cloud=cloud,
        extinction_per_m=fog_extinction_per_m(weather),
        fog_start_m=max(weather.fog_distance, 0.0),
        wetness=wetness,
        headlight=HEADLIGHT * (1.0 - _smooth(-4.0, 6.0, altitude)) * gain / MOST_GAIN,
        veil=0.10 * min(max(weather.precipitation, 0.0), 100.0) / 100.0,
        puddles=deposits,
        glow=_scattering_glow(weather),
    )


def display_radiance() -> Vector:
    """(256,) radiance in the middle of what each display value stands for: inverse of ``tone_table``."""
    table = tone_table().astype(np.int64)
    entries = np.arange(TONE_ENTRIES)
    middle = np.bincount(table, entries, minlength=256) / np.maximum(np.bincount(table, minlength=256), 1)
    shown = np.flatnonzero(np.bincount(table, minlength=256))
    middle = np.interp(np.arange(256), shown, middle[shown])
    return np.asarray(TONE_WHITE * (middle / (TONE_ENTRIES - 1.0)) ** 2, dtype=np.float32)


def tone_table() -> npt.NDArray[np.uint8]:
    """(4096,) display value of sqrt(radiance / 4) · 4095.

    Linear, then a soft shoulder to white, then the sRGB transfer curve. The square root spends the entries
    where the eye does; 4 is the radiance that clips.
    """
    x = TONE_WHITE * (np.arange(TONE_ENTRIES) / (TONE_ENTRIES - 1.0)) ** 2
    over = np.maximum(x - SHOULDER, 0.0) / (1.0 - SHOULDER)
    y = np.where(x <= SHOULDER, x, SHOULDER + (1.0 - SHOULDER) * over / (1.0 + over))
    encoded = np.where(y <= 0.0031308, 12.92 * y, 1.055 * np.maximum(y, 1e-9) ** (1 / 2.4) - 0.055)
    return np.clip(np.floor(encoded * 255.0 + 0.5), 0, 255).astype(np.uint8)
