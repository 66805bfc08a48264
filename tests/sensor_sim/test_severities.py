"""Severities 1 to 5: similarity, the shipped calibration, and how it reaches a camera."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sensor_sim.__main__ import main
from sensor_sim.bench import unseen_corruptions
from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.errors import SensorSpecError
from sensor_sim.severities.calibration import frames_sha256, load_frames, mean_ssim
from sensor_sim.severities.similarity import ssim
from sensor_sim.severities.table import calibration, severity_parameters
from tests.sensor_sim.frames import smooth_frame

NAMES = sorted(EFFECTS)


def test_similarity_equals_the_formula_on_scipy_windows() -> None:
    first = smooth_frame(64, 48)
    second = np.clip(first.astype(int) + np.random.default_rng(0).integers(-30, 31, first.shape), 0, 255)
    second = second.astype(np.uint8)
    x, y = first.astype(float), second.astype(float)

    def windowed(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, (1.5, 1.5, 0), truncate=3.5)[5:-5, 5:-5]

    mx, my = windowed(x), windowed(y)
    vx, vy, cxy = windowed(x * x) - mx**2, windowed(y * y) - my**2, windowed(x * y) - mx * my
    c1, c2 = 6.5025, 58.5225
    expected = np.mean((2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    assert ssim(first, second) == pytest.approx(expected, abs=1e-4)
    assert ssim(first, first) == pytest.approx(1.0)


def test_the_calibration_belongs_to_the_shipped_frames_and_knows_every_effect() -> None:
    frames = load_frames()
    assert calibration()["frames"] == {"count": len(frames), "sha256": frames_sha256(frames)}
    assert set(calibration()["effects"]) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_severities_grow_from_neutral_to_strongest(name: str) -> None:
    axis, stored = EFFECTS[name].axis, calibration()["effects"][name]
    assert stored["parameter"] == axis.parameter
    positions = [axis.position_of(value) for value in stored["values"]]
    assert all(later > earlier for earlier, later in itertools.pairwise([0.0, *positions]))
    assert positions[-1] <= 1.0
    if axis.steps:
        assert tuple(stored["values"]) == axis.steps and stored["reason"]
    for severity, value, basis in zip(range(1, 6), stored["mean_ssim"], stored["basis"], strict=True):
        if basis == "ssim":
            assert value == pytest.approx(1.0 - severity / 10.0, abs=0.011)


@pytest.mark.parametrize(("name", "severity"), [("noise", 2), ("gamma", 5), ("vignetting", 3)])
def test_the_stored_similarity_is_what_the_frames_give(name: str, severity: int) -> None:
    stored = calibration()["effects"][name]
    assert stored["basis"][severity - 1] == "ssim"
    found = mean_ssim(name, stored["values"][severity - 1], load_frames())
    assert found == pytest.approx(1.0 - severity / 10.0, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_a_severity_becomes_parameters_of_any_camera(name: str) -> None:
    stored = calibration()["effects"][name]
    at_reference = severity_parameters(name, 3, 320, 90.0)
    assert at_reference[stored["parameter"]] == pytest.approx(stored["values"][2])
    wide = severity_parameters(name, 5, 1280, 90.0)
    parameter = EFFECTS[name].number(stored["parameter"])
    factor = 4.0 if parameter.transfer == "width" else 1.0
    assert wide[stored["parameter"]] == pytest.approx(stored["values"][4] * factor)


@pytest.mark.parametrize("severity", [0, 6, 2.5, "strong", True, None])
def test_a_wrong_severity_is_named_with_its_range(severity: object) -> None:
    with pytest.raises(SensorSpecError, match=r"effect 'noise', field 'severity': .* whole number from 1 to 5"):
        severity_parameters("noise", severity, 640, 90.0)


def test_an_effect_without_calibration_says_so() -> None:
    with pytest.raises(SensorSpecError, match="no calibrated severities; give its parameters"):
        severity_parameters("tests.sensor_sim.test_plug_in:Tint", 2, 640, 90.0)


def test_the_bench_is_seven_corruptions_at_five_severities_that_run() -> None:
    schedules = unseen_corruptions(640, 90.0)
    assert len(schedules) == 35
    for schedule in schedules.values():
        SensorChain(schedule, 640, 360, 90.0, 0.05)


def test_calibrating_one_effect_again_gives_the_shipped_values(tmp_path: Path) -> None:
    out = tmp_path / "calibration.json"
    assert main(["severities", "--only", "impulse_noise", "--out", str(out)]) == 0
    assert json.loads(out.read_text(encoding="utf-8")) == calibration()
