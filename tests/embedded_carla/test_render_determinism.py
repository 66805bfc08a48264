"""The bytes depend on the arguments alone: not on the process, nor on what was drawn before."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np

from embedded_carla.render.renderer import Renderer
from embedded_carla.render.types import BoxActor, Weather
from tests.embedded_carla.drawn_roads import DrawnRoad, drawn, road_xodr

REPOSITORY = Path(__file__).resolve().parents[2]
WEATHERS = (Weather(), Weather(cloudiness=80, precipitation=60, wetness=70), Weather(sun_altitude_angle=-20))
CAR = BoxActor(42, 40.0, 1.75, 0.75, 5.0, 0.0, 2.3, 0.9, 0.75, (180, 20, 30), 14)


def _pictures(road: DrawnRoad, weather: Weather, s_m: float) -> list[np.ndarray]:
    camera, renderer = road.camera(s_m), road.renderer
    gbuffer = renderer.view(camera, 320, 180, 90.0, [CAR])
    pictures = [renderer.rgb_bgra(gbuffer, weather, camera), renderer.depth_bgra(gbuffer)]
    return [*pictures, renderer.semantic_bgra(gbuffer), renderer.instance_bgra(gbuffer)]


def digest() -> str:
    """Hash of all kinds of pictures in several weathers, from a scene built anew."""
    drawn.cache_clear()
    road = drawn(road_xodr(1 / 70, length_m=120.0), seed=11, pack="autumn")
    total = hashlib.sha256()
    for s_m, weather in zip((10.0, 30.0, 55.0), WEATHERS, strict=True):
        for picture in _pictures(road, weather, s_m):
            total.update(picture.tobytes())
    return total.hexdigest()


def test_two_processes_draw_the_same_bytes() -> None:
    command = "from tests.embedded_carla.test_render_determinism import digest; print(digest())"
    other = subprocess.run([sys.executable, "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert other.stdout.split()[-1] == digest()


def test_earlier_pictures_leave_no_trace() -> None:
    road = drawn(road_xodr(1 / 70, length_m=120.0))
    first = _pictures(road, WEATHERS[1], 30.0)
    _pictures(road, WEATHERS[2], 55.0)
    road.renderer.view(road.camera(5.0), 200, 66, 60.0)
    again = _pictures(road, WEATHERS[1], 30.0)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_view_stays_valid_after_the_next_one() -> None:
    road = drawn(road_xodr(1 / 70, length_m=120.0))
    camera = road.camera(30.0)
    early = road.renderer.view(camera, 320, 180, 90.0)
    expected = road.renderer.rgb_bgra(early, WEATHERS[0], camera)
    road.renderer.view(road.camera(60.0), 320, 180, 90.0)
    assert np.array_equal(road.renderer.rgb_bgra(early, WEATHERS[0], camera), expected)


def test_the_number_of_threads_leaves_no_trace() -> None:
    road = drawn(road_xodr(1 / 70, length_m=120.0))
    together, camera = Renderer(road.renderer.scene, threads=3), road.camera(30.0)
    for weather in WEATHERS:
        alone, helped = (
            renderer.rgb_bgra(renderer.view(camera, 320, 180, 90.0, [CAR]), weather, camera)
            for renderer in (road.renderer, together)
        )
        assert np.array_equal(alone, helped)
