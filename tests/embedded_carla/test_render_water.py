"""Rain, puddles and wet roads: each weather parameter by what it changes in the picture."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from embedded_carla.render.types import BoxActor, CameraPose, Weather
from tests.embedded_carla.drawn_roads import DrawnRoad, drawn, metres, road_xodr

WIDTH, HEIGHT, FOV_DEG = 320, 180, 90.0
OVERCAST = Weather(cloudiness=100.0, sun_altitude_angle=50.0)


@pytest.fixture(scope="module")
def road() -> DrawnRoad:
    return drawn(road_xodr())


def _picture(
    road: DrawnRoad, weather: Weather, camera: CameraPose | None = None, bodies: tuple[BoxActor, ...] = ()
) -> np.ndarray:
    camera = camera or road.camera(20.0)
    view = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG, bodies)
    return road.renderer.rgb_bgra(view, weather, camera)[..., 2::-1].astype(np.float64)


def _asphalt(road: DrawnRoad, nearest_m: float, farthest_m: float) -> np.ndarray:
    view = road.renderer.view(road.camera(20.0), WIDTH, HEIGHT, FOV_DEG)
    depth = metres(road.renderer.depth_bgra(view))
    return (road.renderer.semantic_bgra(view)[..., 2] == 1) & (depth > nearest_m) & (depth < farthest_m)


def _streaks(road: DrawnRoad, weather: Weather) -> np.ndarray:
    """What streaks add to the road: two cameras a billionth of a metre apart differ in nothing else."""
    camera = road.camera(20.0)
    other = replace(camera, x_m=camera.x_m + 1e-9)
    difference = _picture(road, weather, camera) - _picture(road, weather, other)
    return np.asarray(np.maximum(difference.mean(axis=2)[100:], 0.0))


def test_more_rain_more_streaks(road: DrawnRoad) -> None:
    shares = [float((_streaks(road, replace(OVERCAST, precipitation=p)) > 3.0).mean()) for p in (0.0, 30.0, 100.0)]
    assert shares[0] == 0.0
    assert shares[2] > 2.0 * shares[1] > 0.004


def test_wind_slants_the_rain(road: DrawnRoad) -> None:
    """In still air the streaks of one row lie over those 8 rows below; in wind they are shifted sideways."""

    def shift(wind: float) -> int:
        detail = _streaks(road, replace(OVERCAST, precipitation=100.0, wind_intensity=wind))
        scores = [float((detail[:-8] * np.roll(detail[8:], -k, axis=1)).sum()) for k in range(-9, 10)]
        return int(np.argmax(scores)) - 9

    assert abs(shift(0.0)) <= 1
    assert shift(80.0) >= 4


def test_rain_repeats_for_the_same_pose_and_moves_with_the_camera(road: DrawnRoad) -> None:
    rain = replace(OVERCAST, precipitation=80.0)
    assert np.array_equal(_picture(road, rain), _picture(road, rain))
    moved = road.camera(20.0)
    moved = replace(moved, x_m=moved.x_m + 1e-9)
    assert not np.array_equal(_picture(road, rain), _picture(road, rain, moved))


def test_deposits_put_puddles_on_the_road_in_patches(road: DrawnRoad) -> None:
    near = _asphalt(road, 4.0, 30.0)
    damp = _picture(road, replace(OVERCAST, wetness=80.0))
    shares = []
    for deposits in (20.0, 60.0, 100.0):
        flooded = _picture(road, replace(OVERCAST, wetness=80.0, precipitation_deposits=deposits))
        shares.append(float((np.abs(flooded - damp).max(axis=2)[near] > 6.0).mean()))
    assert shares[0] < shares[1] < shares[2]
    assert 0.03 < shares[2] < 0.9


def test_a_wet_road_mirrors_what_stands_far_beyond_it(road: DrawnRoad) -> None:
    """Between camera and a red tower, the wet road turns redder than without the tower; the dry one stays."""
    tower = BoxActor(5, 110.0, 1.75, 10.0, 0.0, 0.0, 2.0, 6.0, 10.0, (220, 10, 10), 12)
    near, columns = _asphalt(road, 15.0, 60.0), slice(WIDTH // 2 - 6, WIDTH // 2 + 6)

    def redder(weather: Weather) -> float:
        change = (_picture(road, weather, bodies=(tower,)) - _picture(road, weather))[:, columns][near[:, columns]]
        assert len(change) > 100
        return float((change[:, 0] - change[:, 2]).mean())

    assert abs(redder(OVERCAST)) < 0.5
    assert redder(replace(OVERCAST, wetness=100.0, precipitation_deposits=100.0)) > 4.0


def test_wetness_darkens_asphalt_step_by_step(road: DrawnRoad) -> None:
    near = _asphalt(road, 2.0, 4.0)
    levels = [_picture(road, replace(OVERCAST, wetness=w))[near].mean() for w in (0.0, 30.0, 60.0, 100.0)]
    assert all(after < 0.985 * before for before, after in pairwise(levels)), levels
