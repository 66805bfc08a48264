"""Texture packs and the sun's position change what is seen, not only numbers in a table."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from embedded_carla.render.types import Weather
from embedded_carla.scene.packs import PACKS
from tests.embedded_carla.drawn_roads import DrawnRoad, drawn, road_xodr

WIDTH, HEIGHT, FOV_DEG = 320, 180, 90.0
ROAD, TERRAIN = 1, 10
LOWEST_DIFFERENCE = 8.0
"""Of 255, in the mean or the spread of one colour of asphalt or soil."""


def _road_and_soil(road: DrawnRoad, weather: Weather) -> tuple[np.ndarray, np.ndarray]:
    """RGB of asphalt pixels (N, 3) and of soil pixels (M, 3)."""
    camera = road.camera(30.0)
    view = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG)
    picture = road.renderer.rgb_bgra(view, weather, camera)[..., 2::-1].astype(np.float64)
    tags = road.renderer.semantic_bgra(view)[..., 2]
    return picture[tags == ROAD], picture[tags == TERRAIN]


def test_every_pack_looks_different_from_every_other() -> None:
    looks = {}
    for pack in PACKS:
        parts = _road_and_soil(drawn(road_xodr(1 / 90, length_m=90.0), pack=pack), Weather())
        looks[pack] = np.concatenate([f(part, axis=0) for part in parts for f in (np.mean, np.std)])
    for (name, look), (other_name, other) in combinations(looks.items(), 2):
        assert np.abs(look - other).max() > LOWEST_DIFFERENCE, f"{name} looks like {other_name}"


def test_the_light_on_the_ground_depends_on_the_suns_place_less_under_clouds_and_not_at_all_when_overcast() -> None:
    road = drawn(road_xodr(1 / 90, length_m=90.0))
    dependence = []
    for cloudiness in (0.0, 60.0, 100.0):
        weather = Weather(cloudiness=cloudiness, sun_altitude_angle=20.0)
        one, other = (
            np.concatenate(_road_and_soil(road, replace(weather, sun_azimuth_angle=azimuth_deg)))
            for azimuth_deg in (40.0, 220.0)
        )
        dependence.append(float(np.abs(one - other).mean() / one.mean()))
    assert dependence[0] > 1.3 * dependence[1] > 0.0, dependence
    assert dependence[2] == 0.0
