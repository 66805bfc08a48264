"""Pictures cannot change unnoticed: networks are trained on one ``SCENE_VERSION`` and judged on it.

If this fails after a change that was meant to alter pictures, raise ``SCENE_VERSION``, take the new digests from the
failure, and retrain whatever was trained on the old pictures. A change meant to be for speed alone must not get here.
"""

from __future__ import annotations

import hashlib

import pytest

from embedded_carla.render.types import BoxActor, Weather
from embedded_carla.scene.version import SCENE_VERSION
from tests.embedded_carla.drawn_roads import drawn, road_xodr

CAR = BoxActor(42, 48.0, -1.75, 0.75, 5.0, 0.0, 2.3, 0.9, 0.75, (180, 20, 30), 14)
NOON = Weather(cloudiness=5.0, sun_azimuth_angle=-60.0, sun_altitude_angle=60.0)
LOW_SUN = Weather(cloudiness=20.0, sun_azimuth_angle=70.0, sun_altitude_angle=10.0)
NIGHT = Weather(sun_altitude_angle=-40.0)
RAIN = Weather(90.0, 80.0, 70.0, 40.0, 45.0, 40.0, 8.0, wetness=90.0)
FOG = Weather(cloudiness=70.0, fog_density=45.0, fog_distance=5.0)

GOLDEN_VERSION = 2
GOLDEN = {
    "summer noon": ("4deb9a8e0f491d57", "e71645cdb4f22d54"),
    "alpine low sun": ("ea494789f9daf17e", "37729b1f568e0cbd"),
    "autumn night": ("06f95b708bb7be75", "903f0cec36e5328c"),
    "coast rain": ("aff15f6759506216", "e1cc57713d24d3b9"),
    "moor fog": ("b863867d38aa8a48", "a708c6e11e8ebe10"),
}


def digests(name: str) -> tuple[str, str]:
    """First 16 hex digits of the SHA-256 of the colour picture, and of depth, class and instance together."""
    pack, weather, size = VIEWS[name]
    road = drawn(road_xodr(1 / 80, length_m=140.0), seed=17, pack=pack)
    camera, renderer = road.camera(25.0), road.renderer
    view = renderer.view(camera, *size, 90.0, [CAR])
    others = hashlib.sha256()
    for picture in (renderer.depth_bgra(view), renderer.semantic_bgra(view), renderer.instance_bgra(view)):
        others.update(picture.tobytes())
    colour = hashlib.sha256(renderer.rgb_bgra(view, weather, camera).tobytes())
    return colour.hexdigest()[:16], others.hexdigest()[:16]


VIEWS = {
    "summer noon": ("summer", NOON, (320, 180)),
    "alpine low sun": ("alpine", LOW_SUN, (640, 360)),
    "autumn night": ("autumn", NIGHT, (320, 180)),
    "coast rain": ("coast", RAIN, (333, 181)),
    "moor fog": ("moor", FOG, (320, 180)),
}


def test_the_digests_are_those_of_this_version() -> None:
    assert GOLDEN_VERSION == SCENE_VERSION
    assert set(GOLDEN) == set(VIEWS)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_pictures_are_unchanged(name: str) -> None:
    assert digests(name) == GOLDEN[name]
