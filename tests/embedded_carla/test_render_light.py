"""Weather in the picture: sun, clouds, fog, wet roads."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from embedded_carla.render.lighting import fog_transmission, light_of
from embedded_carla.render.shade import transmission
from embedded_carla.render.types import Weather
from tests.embedded_carla import drawing as d


def _picture(weather: Weather) -> d.Picture:
    carla_map, renderer = d.drawn(d.winding_xodr())
    return d.rgb(renderer, d.lane_camera(carla_map, 60.0), weather)


def _tags() -> d.Picture:
    carla_map, renderer = d.drawn(d.winding_xodr())
    return d.tags(renderer, d.lane_camera(carla_map, 60.0))


def test_transmission_of_fog_is_the_exponential() -> None:
    for extinction in (1.2e-4, 0.004, 0.03, 0.1):
        for start_m in (0.0, 25.0):
            distances = np.linspace(0.5, 600.0, 400, dtype=np.float32)
            ours = [transmission(x, np.float32(extinction), np.float32(start_m)) for x in distances]
            exact = np.exp(-extinction * np.maximum(distances.astype(np.float64) - start_m, 0.0))
            np.testing.assert_allclose(ours, exact, atol=2e-5)


def test_fog_thickens_with_its_density_and_starts_at_its_distance() -> None:
    densities = [fog_transmission(Weather(fog_density=density), 80.0) for density in (0, 10, 40, 100)]
    assert densities == sorted(densities, reverse=True) and densities[-1] < 0.01
    assert fog_transmission(Weather(fog_density=80.0, fog_distance=50.0), 49.0) == 1.0
    light = light_of(Weather(fog_density=80.0, fog_distance=50.0))
    assert fog_transmission(Weather(fog_density=80.0, fog_distance=50.0), 90.0) == pytest.approx(
        np.exp(-light.extinction_per_m * (90.0 - light.fog_start_m))
    )


def test_far_contrast_falls_with_fog_density_and_near_contrast_stays() -> None:
    _, depth_m = d.on_road(d.lane_camera(d.drawn(d.winding_xodr())[0], 60.0))
    distance = np.nan_to_num(depth_m, nan=1e9)
    far, near = (distance > 25.0) & (distance < 80.0), distance < 4.0
    pictures = [d.luminance(_picture(replace(d.NOON, fog_density=density))) for density in (0.0, 15.0, 40.0, 80.0)]
    contrasts = [float(picture[far].std()) for picture in pictures]
    assert all(a > 1.15 * b for a, b in itertools.pairwise(contrasts)), contrasts
    assert contrasts[-1] < 0.3 * contrasts[0]
    assert pictures[1][near].std() > 0.8 * pictures[0][near].std()


def test_pictures_darken_as_the_sun_sets() -> None:
    means = [float(d.luminance(_picture(replace(d.NOON, sun_altitude_angle=a))).mean()) for a in (60.0, 15.0, -10.0)]
    assert means[0] > 1.1 * means[1] > 1.5 * means[2], means


def test_clouds_take_the_shadows() -> None:
    """The share of the road's light that depends on where the sun stands falls with the clouds, to nothing."""
    ground = np.isin(_tags(), (d.ROAD, d.TERRAIN))
    dependence = []
    for cloudiness in (0.0, 60.0, 100.0):
        weather = replace(d.NOON, sun_altitude_angle=20.0, cloudiness=cloudiness)
        one, other = (
            d.luminance(_picture(replace(weather, sun_azimuth_angle=azimuth)))[ground] for azimuth in (40.0, 220.0)
        )
        dependence.append(float(np.abs(one - other).mean() / one.mean()))
    assert dependence[0] > 1.3 * dependence[1] > 0.0, dependence
    assert dependence[2] == 0.0


def test_wet_asphalt_is_darker_seen_from_above_and_mirrors_the_sky_seen_flat() -> None:
    carla_map, renderer = d.drawn(d.winding_xodr())
    above, flat = (d.lane_camera(carla_map, 60.0, pitch_deg=pitch_deg) for pitch_deg in (-60.0, -6.0))
    distance = np.nan_to_num(d.on_road(flat)[1], nan=1e9)
    masks = (d.tags(renderer, above) == d.ROAD, (_tags() == d.ROAD) & (distance > 20.0))
    means = []
    for wetness in (0.0, 50.0, 100.0):
        pictures = (d.rgb(renderer, camera, replace(d.NOON, wetness=wetness)) for camera in (above, flat))
        means.append([float(d.luminance(p)[mask].mean()) for p, mask in zip(pictures, masks, strict=True)])
    from_above, from_flat = zip(*means, strict=True)
    assert from_above[0] > 1.05 * from_above[1] > 1.1 * from_above[2], from_above
    assert from_flat[0] < from_flat[1] < from_flat[2], from_flat
