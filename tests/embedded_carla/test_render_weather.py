"""Weather acts on the picture as stated, in the stated direction and amount."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from embedded_carla.render.develop import transmission
from embedded_carla.render.lighting import fog_extinction_per_m, fog_transmission, light_of, tone_table
from embedded_carla.render.types import Weather
from embedded_carla.scene.types import TAG_ROAD_LINE
from tests.embedded_carla.drawn_roads import DrawnRoad, drawn, metres, rays, road_xodr

WIDTH, HEIGHT, FOV_DEG = 320, 180, 90.0
NOON = Weather(cloudiness=10.0, sun_altitude_angle=60.0)


@pytest.fixture(scope="module")
def road() -> DrawnRoad:
    return drawn(road_xodr())


def _picture(road: DrawnRoad, weather: Weather) -> np.ndarray:
    camera = road.camera(20.0)
    gbuffer = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG)
    return road.renderer.rgb_bgra(gbuffer, weather, camera)[..., 2::-1].astype(np.float64)


def _road_part(road: DrawnRoad) -> np.ndarray:
    """Asphalt pixels (no paint)."""
    return road.renderer.semantic_bgra(road.renderer.view(road.camera(20.0), WIDTH, HEIGHT, FOV_DEG))[..., 2] == 1


def test_picture_darkens_as_the_sun_sinks(road: DrawnRoad) -> None:
    means = [_picture(road, replace(NOON, sun_altitude_angle=a)).mean() for a in (75, 45, 25, 12, 5, -3, -8, -30)]
    assert all(after < before for before, after in pairwise(means))
    assert means[-1] < 0.4 * means[0]


def test_night_road_is_lit_by_headlights_near_and_dark_far(road: DrawnRoad) -> None:
    night = _picture(road, replace(NOON, sun_altitude_angle=-30.0)).mean(axis=2)
    depth = metres(road.renderer.depth_bgra(road.renderer.view(road.camera(20.0), WIDTH, HEIGHT, FOV_DEG)))
    asphalt = _road_part(road)
    near, far = asphalt & (depth > 7.0) & (depth < 14.0), asphalt & (depth > 60.0) & (depth < 120.0)
    assert night[near].mean() > 2.0 * night[far].mean()


def test_low_sun_is_warmer_than_noon(road: DrawnRoad) -> None:
    def red_over_blue(altitude_deg: float) -> float:
        sun = light_of(replace(NOON, sun_altitude_angle=altitude_deg)).sun
        return float(sun[0] / sun[2])

    assert red_over_blue(5.0) > 2.0 * red_over_blue(60.0)


@pytest.mark.parametrize("density", [5.0, 20.0, 50.0, 100.0])
def test_kernel_transmission_is_the_exponential(density: float) -> None:
    weather = replace(NOON, fog_density=density, fog_distance=4.0)
    extinction = fog_extinction_per_m(weather)
    for distance_m in (0.0, 3.0, 10.0, 60.0, 200.0, 900.0):
        expected = math.exp(-extinction * max(distance_m - 4.0, 0.0))
        got = transmission(np.float32(distance_m), np.float32(extinction), np.float32(4.0))
        assert got == pytest.approx(expected, abs=1e-4)
        assert fog_transmission(weather, distance_m) == pytest.approx(expected, rel=1e-12)


def test_fog_in_the_picture_follows_the_exponential_of_the_distance(road: DrawnRoad) -> None:
    """Invert the display curve: radiance with fog = fog + (radiance without − fog) · exp(−extinction · distance)."""
    # A dull light keeps the whole picture below the shoulder of the display curve.
    foggy = replace(NOON, sun_altitude_angle=-9.0, fog_density=40.0)
    light = light_of(foggy)
    camera = road.camera(20.0)
    gbuffer = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG)
    distance = metres(road.renderer.depth_bgra(gbuffer)) * np.linalg.norm(rays(camera, WIDTH, HEIGHT, FOV_DEG), axis=2)
    asphalt = _road_part(road) & (distance < 150.0)
    radiance = [_linear(_picture(road, replace(foggy, fog_density=d)), asphalt) for d in (0.0, 40.0)]
    fog = light.fog.astype(np.float64)
    extra = fog_extinction_per_m(foggy)
    clear_air = np.exp(-fog_extinction_per_m(replace(foggy, fog_density=0.0)) * distance)[..., None]
    haze = light_of(replace(foggy, fog_density=0.0)).fog.astype(np.float64)
    bare = (radiance[0] - haze * (1.0 - clear_air)) / clear_air
    expected = fog + (bare - fog) * np.exp(-extra * distance)[..., None]
    error = np.abs(radiance[1][asphalt] - expected[asphalt])
    assert asphalt.sum() > 5_000
    assert np.quantile(error / expected[asphalt], 0.99) < 0.05


def _linear(display: np.ndarray, asphalt: np.ndarray) -> np.ndarray:
    """Invert the sRGB curve (valid below the shoulder, where the asphalt must lie)."""
    value = display / 255.0
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    assert linear[asphalt].max() < 0.55
    return linear


def test_contrast_of_paint_on_asphalt_falls_with_fog(road: DrawnRoad) -> None:
    view = road.renderer.view(road.camera(20.0), WIDTH, HEIGHT, FOV_DEG)
    depth, tags = metres(road.renderer.depth_bgra(view)), road.renderer.semantic_bgra(view)[..., 2]
    band = (depth > 10.0) & (depth < 25.0)
    paint, asphalt = band & (tags == TAG_ROAD_LINE), band & (tags == 1)
    assert paint.sum() > 30
    contrasts = []
    for density in (0.0, 25.0, 60.0, 100.0):
        picture = _picture(road, replace(NOON, fog_density=density))
        contrasts.append(picture[paint].mean() - picture[asphalt].mean())
    assert all(after < before for before, after in pairwise(contrasts))
    assert contrasts[-1] < 0.25 * contrasts[0]


def test_fog_distance_keeps_the_near_clear(road: DrawnRoad) -> None:
    clear = _picture(road, NOON)[-20:]
    thick = replace(NOON, fog_density=60.0)
    near = np.abs(_picture(road, replace(thick, fog_distance=15.0))[-20:] - clear).mean()
    assert near < 0.5 * np.abs(_picture(road, thick)[-20:] - clear).mean()


def test_clouds_grey_the_sky_and_flatten_the_light(road: DrawnRoad) -> None:
    clear, overcast = _picture(road, replace(NOON, cloudiness=0.0)), _picture(road, replace(NOON, cloudiness=100.0))
    assert np.ptp(overcast[5].mean(axis=0)) < 0.4 * np.ptp(clear[5].mean(axis=0))
    assert overcast[_road_part(road)].mean() < clear[_road_part(road)].mean()


def test_wet_asphalt_is_darker_near_and_mirrors_the_sky_far(road: DrawnRoad) -> None:
    dry, wet = _picture(road, NOON).mean(axis=2), _picture(road, replace(NOON, wetness=100.0)).mean(axis=2)
    depth = metres(road.renderer.depth_bgra(road.renderer.view(road.camera(20.0), WIDTH, HEIGHT, FOV_DEG)))
    asphalt = _road_part(road)
    near, far = asphalt & (depth < 4.0), asphalt & (depth > 60.0)
    assert wet[near].mean() < 0.92 * dry[near].mean()
    assert wet[far].mean() > 1.08 * dry[far].mean()


def test_little_is_clipped_at_noon(road: DrawnRoad) -> None:
    picture = _picture(road, NOON)
    assert (picture >= 254).mean() < 0.01
    assert (picture <= 1).mean() < 0.01


def test_display_curve_is_srgb_below_the_shoulder_and_never_falls() -> None:
    table = tone_table().astype(int)
    assert (np.diff(table) >= 0).all()
    entry = round(math.sqrt(0.18 / 4.0) * 4095)
    assert table[entry] == pytest.approx(255 * (1.055 * 0.18 ** (1 / 2.4) - 0.055), abs=1.0)
