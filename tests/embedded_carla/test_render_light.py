"""Sun, shadows, haze and headlights: what the light does to the picture."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from embedded_carla.render.lighting import display_radiance, light_of, sun_direction, tone_table
from embedded_carla.render.shadows import DARKEST, ShadowMap, paint_shadows
from embedded_carla.render.types import BoxActor, CameraPose, Weather
from embedded_carla.scene.sprites import Picture
from embedded_carla.scene.types import TAG_POLE, Material
from tests.embedded_carla.drawn_roads import DrawnRoad, drawn, road_xodr

WIDTH, HEIGHT, FOV_DEG = 320, 180, 90.0
CLEAR = Weather(cloudiness=0.0)
BODY = BoxActor(9, 40.0, 0.0, 1.0, 0.0, 0.0, 2.0, 1.0, 1.0, (200, 200, 200), 12)


@pytest.fixture(scope="module")
def road() -> DrawnRoad:
    return drawn(road_xodr())


def _picture(road: DrawnRoad, weather: Weather, camera: CameraPose, *bodies: BoxActor) -> np.ndarray:
    view = road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG, bodies)
    return road.renderer.rgb_bgra(view, weather, camera)[..., 2::-1].astype(np.float64)


@pytest.mark.parametrize("azimuth_deg", [0.0, 60.0, 135.0, 250.0])
def test_the_shadow_of_a_body_points_away_from_the_sun_and_is_as_long_as_its_height_says(
    road: DrawnRoad, azimuth_deg: float
) -> None:
    """A box 2 m high under a sun of 30°: its shadow reaches 2 / tan 30° = 3.46 m beyond it. Seen from above."""
    weather = replace(CLEAR, sun_altitude_angle=30.0, sun_azimuth_angle=azimuth_deg)
    above = CameraPose(40.0, 0.0, 30.0, -90.0, 0.0, 0.0)
    darker = _picture(road, weather, above) - _picture(road, weather, above, BODY)
    rows, columns = np.nonzero(darker.mean(axis=2) > 12.0)
    # Looking down with yaw 0, x grows upwards in the picture and y to the right.
    focal = WIDTH / 2.0
    x = 40.0 + (0.5 * HEIGHT - rows - 0.5) * 30.0 / focal
    y = (columns + 0.5 - 0.5 * WIDTH) * 30.0 / focal
    away = (-math.cos(math.radians(azimuth_deg)), -math.sin(math.radians(azimuth_deg)))
    reach = (x - 40.0) * away[0] + y * away[1]
    box = 2.0 * abs(away[0]) + 1.0 * abs(away[1])
    assert len(reach) > 100
    assert reach.max() == pytest.approx(box + 2.0 / math.tan(math.radians(30.0)), abs=0.45)
    assert reach.mean() > 0.5


def test_stamped_shadows_leave_no_trace(road: DrawnRoad) -> None:
    shadow = ShadowMap(road.renderer.scene, sun_direction(replace(CLEAR, sun_altitude_angle=20.0)))
    before = shadow.cells.copy()
    bodies = [replace(BODY, x_m=x, y_m=y, yaw_deg=33.0) for x, y in ((40.0, 0.0), (42.0, 1.0), (-500.0, 9.0))]
    stamps = shadow.stamp(bodies)
    assert not np.array_equal(shadow.cells, before)
    shadow.restore(stamps)
    assert np.array_equal(shadow.cells, before)


@pytest.mark.parametrize("kind", ["tree", "house", "rail", "post"])
def test_everything_upright_casts_a_shadow(kind: str) -> None:
    """There is shadow where the middle of the thing is projected along the sunlight."""
    direction = sun_direction(replace(CLEAR, sun_altitude_angle=25.0, sun_azimuth_angle=70.0)).astype(np.float64)
    hits, total = 0, 0
    for seed in range(6):
        scene = drawn(road_xodr(1 / 70, length_m=140.0), seed=seed, pack="summer").renderer.scene
        lit = paint_shadows(scene, direction.astype(np.float32))
        if kind in ("tree", "post"):
            sprites = scene.sprites
            chosen = sprites.picture == Picture.MARKER_POST if kind == "post" else sprites.picture < Picture.CONIFER
            places, rises = sprites.base[chosen, :2].astype(np.float64), 0.6 * sprites.size[chosen, 1]
        else:
            material = Material.RAIL if kind == "rail" else Material.FACADE
            walls = scene.surfaces[scene.triangle_surface, 0] == material
            middles = scene.vertices[scene.triangles[walls]].astype(np.float64).mean(axis=1)
            places, rises = middles[:, :2], middles[:, 2]
        for place, rise in zip(places, rises, strict=True):
            x, y = place - direction[:2] / direction[2] * rise
            j, i = (int((v - o) / scene.shadow_cell_m) for v, o in zip((x, y), scene.shadow_origin, strict=True))
            if 3 < i < lit.shape[0] - 3 and 3 < j < lit.shape[1] - 3:
                total += 1
                hits += lit[i - 1 : i + 2, j - 1 : j + 2].min() < 240
    assert total >= 5
    assert hits > 0.85 * total


def test_shadows_keep_some_light_and_have_soft_edges(road: DrawnRoad) -> None:
    lit = paint_shadows(road.renderer.scene, sun_direction(replace(CLEAR, sun_altitude_angle=30.0)))
    assert lit.min() >= int(255 * DARKEST)
    assert ((lit > 80) & (lit < 240)).sum() > 0.05 * (lit < 80).sum()


def test_no_shadow_without_sun(road: DrawnRoad) -> None:
    for altitude_deg in (3.0, -20.0):
        assert (
            paint_shadows(road.renderer.scene, sun_direction(replace(CLEAR, sun_altitude_angle=altitude_deg))).min()
            == 255
        )


def test_headlights_light_a_body_near_the_axis_more_than_one_aside(road: DrawnRoad) -> None:
    night, camera = replace(CLEAR, sun_altitude_angle=-40.0), road.camera(20.0, pitch_deg=0.0)

    def brightness(y_m: float) -> float:
        body = replace(BODY, x_m=34.0, y_m=y_m, z_m=0.5, extent_z_m=0.5)
        tags = road.renderer.semantic_bgra(road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG, [body]))[..., 2]
        return float(_picture(road, night, camera, body)[tags == 12].mean())

    assert brightness(1.75) > 1.5 * brightness(-7.5)


def test_reflectors_of_marker_posts_shine_at_night(road: DrawnRoad) -> None:
    camera = road.camera(20.0)
    tags = road.renderer.semantic_bgra(road.renderer.view(camera, WIDTH, HEIGHT, FOV_DEG))[..., 2]
    night = _picture(road, replace(CLEAR, sun_altitude_angle=-40.0), camera).max(axis=2)
    assert (tags == TAG_POLE).sum() > 10
    assert night[tags == TAG_POLE].max() > 1.7 * np.quantile(night[tags == 1], 0.9)


def test_dust_makes_distance_brown(road: DrawnRoad) -> None:
    camera = road.camera(20.0)
    clear, dusty = (_picture(road, replace(CLEAR, dust_storm=d), camera)[60:80] for d in (0.0, 80.0))
    assert (dusty[..., 0] / dusty[..., 2]).mean() > 1.05 * (clear[..., 0] / clear[..., 2]).mean()


@pytest.mark.parametrize("name", ["scattering_intensity", "mie_scattering_scale"])
def test_scattering_widens_the_halo_round_the_sun(road: DrawnRoad, name: str) -> None:
    low_sun = replace(CLEAR, sun_altitude_angle=10.0, sun_azimuth_angle=0.0)
    camera = CameraPose(20.0, 1.75, 1.4, 8.0, 0.0, 0.0)
    weak, strong = (_picture(road, replace(low_sun, **{name: v}), camera)[:70].mean() for v in (0.0, 1.0))
    assert strong > 1.05 * weak


def test_rayleigh_scattering_makes_the_sky_bluer(road: DrawnRoad) -> None:
    camera = CameraPose(20.0, 1.75, 1.4, 30.0, 200.0, 0.0)

    def redness(scale: float) -> float:
        sky = _picture(road, replace(CLEAR, rayleigh_scattering_scale=scale), camera)[:60]
        return float((sky[..., 0] / sky[..., 2]).mean())

    assert redness(0.2) < 0.93 * redness(0.0331)


def test_exposure_opens_in_dim_light_but_dusk_stays_darker_than_day() -> None:
    """The radiance of the horizon falls less than the light does."""
    noon, dusk = light_of(replace(CLEAR, sun_altitude_angle=60.0)), light_of(replace(CLEAR, sun_altitude_angle=0.0))
    assert float(dusk.ambient.mean() + dusk.sun.mean()) < 0.6 * float(noon.ambient.mean() + noon.sun.mean())


def test_display_values_map_back_to_the_radiance_that_made_them() -> None:
    table = tone_table().astype(int)
    shown = int(table[-1]) + 1
    radiance = display_radiance()[:shown]
    assert (np.diff(radiance) > 0).all()
    entries = np.round(np.sqrt(radiance / 4.0) * 4095).astype(int)
    assert np.abs(table[entries] - np.arange(shown)).max() <= 1
