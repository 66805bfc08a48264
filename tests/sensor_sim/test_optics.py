"""Effects of glass, lens and motion against independent computations."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sensor_sim.effects import EFFECT_CLASSES
from sensor_sim.effects.effect import Camera, Light
from sensor_sim.effects.ego_flow import EgoFlow
from sensor_sim.effects.spread import disc_kernel
from sensor_sim.errors import SensorSpecError
from sensor_sim.frame_context import FrameContext

CAMERA = Camera(160, 90, 80.0, 0.05, 1.4, -6.0)
BEND = FrameContext(3, 0.05, 10.0, 20.0)


def light(camera: Camera = CAMERA, seed: int = 0) -> Light:
    rough = np.random.default_rng(seed).random((3, camera.height, camera.width))
    return gaussian_filter(rough, (0, 2, 2)).astype(np.float32)


def applied(name: str, source: Light, context: FrameContext = BEND, camera: Camera = CAMERA, **parameters) -> Light:
    made = EFFECT_CLASSES[name]
    effect = made(camera, made.definition.check(parameters))
    effect.reset(11)
    return effect.apply(source.copy(), 1.0, context).copy()  # type: ignore[attr-defined]


def projected(point: np.ndarray) -> np.ndarray:
    """Column and row of a point in car axes (right, down, forward) seen by the pitched camera, px from the middle."""
    p = math.radians(-CAMERA.pitch_deg)
    right, down, forward = point
    y = down * math.cos(p) - forward * math.sin(p)
    z = down * math.sin(p) + forward * math.cos(p)
    return np.array([right / z, y / z]) * CAMERA.focal_px


@pytest.mark.parametrize(("right_m", "forward_m"), [(0.0, 6.0), (2.0, 8.0), (-3.0, 5.0), (1.0, 20.0)])
def test_flow_is_that_of_a_road_point_seen_before_and_after(right_m: float, forward_m: float) -> None:
    before = np.array([right_m, CAMERA.mount_height_m, forward_m])
    dt = 1e-4
    turn = math.radians(BEND.yaw_rate_dps) * dt  # the car turns left, so the world turns right about it
    moved = before - np.array([0.0, 0.0, BEND.speed_mps * dt])
    after = np.array(
        [
            moved[0] * math.cos(turn) + moved[2] * math.sin(turn),
            moved[1],
            -moved[0] * math.sin(turn) + moved[2] * math.cos(turn),
        ]
    )
    expected = (projected(after) - projected(before)) / dt
    flow = np.stack(EgoFlow(CAMERA).displacement(BEND, 1.0))
    u, v = projected(before) + np.array([(CAMERA.width - 1) / 2, (CAMERA.height - 1) / 2])
    found = [float(cv2.remap(plane, np.float32([[u]]), np.float32([[v]]), cv2.INTER_LINEAR)[0, 0]) for plane in flow]
    assert found == pytest.approx(expected, rel=0.02, abs=0.6)


def test_pure_yaw_streaks_sideways_by_focal_length_times_angle() -> None:
    source = np.zeros((3, 90, 160), np.float32)
    source[:, 44:46, 79:81] = 1.0
    turning = FrameContext(0, 0.05, 0.0, 60.0)
    out = applied("motion_blur", source, turning, exposure_s=0.1)
    columns = np.flatnonzero(out[0, 44:46].sum(axis=0) > 0.01)
    assert out.sum() == pytest.approx(source.sum(), rel=0.02)
    assert np.ptp(columns) + 1 == pytest.approx(2 + 80.0 * math.radians(6.0), abs=2.5)
    middle = float((out[0].sum(axis=0) * np.arange(160)).sum() / out[0].sum())
    assert middle == pytest.approx(79.5, abs=0.05)  # centred: no sideways bias


def test_a_standing_car_has_no_motion_blur_and_no_rolling_shutter() -> None:
    source, standing = light(), FrameContext(0, 0.05, 0.0, 0.0)
    for name, parameters in (("motion_blur", {"exposure_s": 0.1}), ("rolling_shutter", {"readout_s": 0.1})):
        assert np.array_equal(applied(name, source, standing, **parameters), source)


def test_rolling_shutter_leans_an_upright_edge() -> None:
    source = np.zeros((3, 90, 160), np.float32)
    source[:, :, 80:] = 1.0
    out = applied("rolling_shutter", source, FrameContext(0, 0.05, 0.0, 60.0), readout_s=0.1)
    edge = 160.0 - out[0].sum(axis=1)
    lean_px = 80.0 * math.radians(6.0)
    # Turning left moves the scene to the right; lower rows are read later.
    assert edge[-1] - edge[0] == pytest.approx(lean_px, rel=0.15)
    assert edge[45] == pytest.approx(80.0, abs=0.3)


@pytest.mark.parametrize("name", ["shake_blur", "zoom_blur", "defocus", "gaussian_blur", "motion_blur"])
def test_a_blur_keeps_flat_light_and_nothing_moves(name: str) -> None:
    parameters = {"shake_blur": {"length_px": 9.0}, "zoom_blur": {"zoom": 1.2}, "defocus": {"radius_px": 7.0},
                  "gaussian_blur": {"sigma_px": 6.0}, "motion_blur": {"exposure_s": 0.05}}[name]  # fmt: skip
    flat = np.full((3, 90, 160), 0.4, np.float32)
    assert applied(name, flat, **parameters) == pytest.approx(flat, abs=1e-5)
    point = np.zeros((3, 91, 161), np.float32)
    point[:, 45, 80] = 1.0
    camera = Camera(161, 91, 80.0, 0.05, 1.4, -6.0)
    straight = FrameContext(0, 0.05, 0.0, 0.0)
    out = applied(name, point, straight, camera, **parameters)[0]
    rows, columns = np.mgrid[0:91, 0:161]
    centre = (float((out * rows).sum() / out.sum()), float((out * columns).sum() / out.sum()))
    assert centre == pytest.approx((45.0, 80.0), abs=0.35)


@pytest.mark.parametrize("sigma_px", [0.8, 1.9, 5.0])
def test_gaussian_blur_equals_scipy(sigma_px: float) -> None:
    source = light()
    expected = np.stack([gaussian_filter(plane, sigma_px, mode="nearest") for plane in source])
    inside = (slice(None), slice(20, -20), slice(20, -20))
    assert applied("gaussian_blur", source, sigma_px=sigma_px)[inside] == pytest.approx(expected[inside], abs=0.01)


@pytest.mark.parametrize("radius_px", [2.0, 4.6, 8.3])
def test_the_disc_has_the_area_and_moment_of_a_disc(radius_px: float) -> None:
    kernel = disc_kernel(radius_px)
    place = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    second_moment = float((kernel * place[:, None] ** 2).sum())
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    # A disc has r²/4; whole pixels add their own 1/12.
    assert second_moment == pytest.approx(radius_px**2 / 4 + 1 / 12, rel=0.06)


def test_shake_has_its_own_direction_each_tick() -> None:
    source = light()
    ticks = [applied("shake_blur", source, FrameContext(t, 0.05, 0.0, 0.0), length_px=9.0) for t in (0, 1)]
    assert not np.array_equal(*ticks)


def test_natural_vignetting_follows_the_fourth_power_of_the_cosine() -> None:
    out = applied("vignetting", np.ones((3, 90, 160), np.float32), exponent=4.0)
    x, y = 79.5 / 80.0, 44.5 / 80.0
    assert out[1, 0, 0] == pytest.approx((1.0 + x * x + y * y) ** -2, rel=1e-4)
    assert out[1, 45, 80] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("k1", [-0.15, 0.15])
def test_lens_distortion_moves_a_point_as_opencv_says(k1: float) -> None:
    source = np.zeros((3, 90, 160), np.float32)
    source[:, 20, 130] = 1.0
    out = applied("lens_distortion", source, k1=k1)[0]
    rows, columns = np.mgrid[0:90, 0:160]
    found = np.array([(out * columns).sum(), (out * rows).sum()]) / out.sum()
    x, y = (130 - 79.5) / 80.0, (20 - 44.5) / 80.0
    corner_r2 = (79.5**2 + 44.5**2) / 80.0**2
    factor = (1.0 + k1 * (x * x + y * y)) / min(1.0 + k1 * corner_r2, 1.0)
    assert found == pytest.approx([79.5 + 80 * x * factor, 44.5 + 80 * y * factor], abs=0.4)


def test_a_distortion_that_folds_the_picture_is_refused_with_the_range_of_this_camera() -> None:
    with pytest.raises(SensorSpecError, match=r"'lens_distortion', parameter 'k1': -0\.4 .* from -0\.2\d+ to 0\.2"):
        applied("lens_distortion", light(), k1=-0.4)


def test_the_veil_of_the_sun_falls_with_the_square_of_the_angle() -> None:
    black = np.zeros((3, 90, 160), np.float32)
    out = applied("sun_glare", black, veil_at_10_deg=0.5, azimuth_deg=0.0, elevation_deg=0.0)
    row = 44.5 - 80.0 * math.tan(math.radians(6.0))  # the horizon lies above the middle of a camera looking down
    assert abs(np.unravel_index(out[0].argmax(), out[0].shape)[0] - row) <= 1.5
    column = round(79.5 + 80.0 * math.tan(math.radians(20.0)) / math.cos(math.radians(6.0)))
    assert out[0, round(row), column] == pytest.approx(0.5 * (10 / 20) ** 2, rel=0.05)
    left = applied("sun_glare", black, veil_at_10_deg=0.5, azimuth_deg=20.0, elevation_deg=0.0)
    assert np.unravel_index(left[0].argmax(), left[0].shape)[1] < 79


def test_bloom_keeps_unclipped_light_and_spills_it() -> None:
    source = np.full((3, 90, 160), 0.1, np.float32)
    source[:, 40:50, 75:85] = 0.9
    out = applied("bloom", source, scattered_share=0.3, halo_share=0.03)
    assert out.mean() == pytest.approx(source.mean(), rel=0.02)
    assert out[0, 45, 80] < 0.9 and out[0, 45, 88] > 0.105


@pytest.mark.parametrize("name", ["rain_drops", "dirt"])
def test_more_coverage_adds_to_what_is_there(name: str) -> None:
    source = light()
    changed = [np.abs(applied(name, source, coverage=c) - source).max(axis=0) > 1e-3 for c in (0.1, 0.2, 0.4)]
    shares = [float(mask.mean()) for mask in changed]
    assert shares[0] < shares[1] < shares[2] < 0.9
    assert shares[0] > 0.02
    if name == "rain_drops":
        assert (changed[0] & ~changed[1]).mean() < 0.01


def test_frosted_glass_takes_pixels_from_nearby_only() -> None:
    source = np.zeros((3, 90, 160), np.float32)
    source[:, :, 80:] = 1.0
    out = applied("frosted_glass", source, shift_px=4.0)
    assert (out[:, :, :73] == 0.0).all() and out[:, :, 87:] == pytest.approx(1.0)
    assert out[0, :, 78:82].std() > 0.1
