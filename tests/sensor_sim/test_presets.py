"""Presets load, transfer to other cameras, and do what their names say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sensor_sim.chain import SensorChain
from sensor_sim.effects.chromatic_aberration import focal_px
from sensor_sim.errors import SensorSpecError
from sensor_sim.presets import load_preset, preset_names
from tests.sensor_sim.frames import context, smooth_frame


def parameters(name: str, width: int, fov_deg: float) -> dict[str, dict]:
    return {e.effect: e.parameters for e in load_preset(name, width, fov_deg).effects}


CAMERAS = [(640, 360, 90.0), (1280, 720, 110.0), (320, 240, 60.0)]


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize(("width", "height", "fov_deg"), CAMERAS)
def test_every_preset_works_on_every_camera(name: str, width: int, height: int, fov_deg: float) -> None:
    frame = smooth_frame(width, height)
    made = SensorChain(load_preset(name, width, fov_deg), width, height, fov_deg, 0.05)
    made.reset(1)
    out = made.apply(frame, context(0))
    assert np.array_equal(out, frame) == (name == "ideal")


def test_ideal_and_cityscapes_like_are_there() -> None:
    assert {"ideal", "cityscapes_like"} <= set(preset_names())
    assert load_preset("ideal", 640, 90.0).effects == ()


def test_cityscapes_like_carries_the_published_parameters_to_another_camera() -> None:
    at_home = parameters("cityscapes_like", 2048, 2 * np.degrees(np.arctan(1024 / 2262)))
    assert at_home["blur"]["width_px"] == 4.0
    assert at_home["chromatic_aberration"]["k1"] == pytest.approx(0.008)
    assert at_home["noise"]["sigma_dn"] ** 2 == pytest.approx(3.0, abs=1e-6)
    assert at_home["exposure"]["saturation_percent"] == 2.0
    assert at_home["gamma"] == {"gamma": 0.8, "curve": "book", "quantise": "late"}
    small = parameters("cityscapes_like", 640, 90.0)
    assert small["blur"]["width_px"] == pytest.approx(1.25)
    edge_px = focal_px(640, 90.0) * small["chromatic_aberration"]["k1"]
    assert edge_px / 640 == pytest.approx(2262 * 0.008 * (1024 / 2262) ** 3 / 2048)
    assert small["noise"] == at_home["noise"]


def test_a_blur_below_one_pixel_vanishes() -> None:
    assert parameters("cityscapes_like", 320, 90.0)["blur"]["width_px"] == 1.0


def test_a_preset_file_of_the_user_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "description: mine\nreference_camera: {width_px: 1000, focal_px: 500}\n"
        "effects:\n  - {effect: blur, parameters: {width_px: 6}, onset_s: 2.0}\n"
    )
    schedule = load_preset(str(path), 500, 90.0)
    assert schedule.to_spec()[0] | {"parameters": {}} == {
        "effect": "blur", "parameters": {}, "onset_s": 2.0, "ramp_s": 0.0, "duration_s": None,
    }  # fmt: skip
    assert schedule.effects[0].parameters["width_px"] == 3.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("effects: []", "give exactly the keys description, reference_camera, effects"),
        (
            "description: x\nreference_camera: {width_px: 0, focal_px: 1}\neffects: []",
            "'width_px': 0 is not a number > 0",
        ),
        (
            "description: x\nreference_camera: {width_px: 9, focal_px: 1}\neffects: [{effect: nois}]",
            r"effects\[0\]: unknown effect 'nois' \(did you mean 'noise'\?\)",
        ),
        ("a: [", "preset file"),
    ],
)
def test_a_broken_preset_file_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(SensorSpecError, match=message):
        load_preset(str(path), 640, 90.0)


def test_a_length_too_large_for_another_camera_says_that_it_was_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(
        "description: x\nreference_camera: {width_px: 32, focal_px: 16}\n"
        "effects: [{effect: blur, parameters: {width_px: 30}}]\n"
    )
    with pytest.raises(SensorSpecError, match=r"carried to a camera of 1280 px and 90°: .*'width_px': 1200.* to 1024"):
        load_preset(str(path), 1280, 90.0)


def test_an_unknown_preset_is_named_with_a_suggestion() -> None:
    message = r"unknown preset 'cityscape_like' \(did you mean 'cityscapes_like'\?\)"
    with pytest.raises(SensorSpecError, match=message):
        load_preset("cityscape_like", 640, 90.0)
