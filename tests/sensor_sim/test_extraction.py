"""A camera's parameters come back from its frames, and what the frames do not show is not claimed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from sensor_sim.__main__ import main
from sensor_sim.effects.blur import box_reach
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.extraction.estimates import box_variance_px2, saturated_share
from sensor_sim.extraction.extract import Extraction, extract
from sensor_sim.extraction.flat_patches import flat_patches
from sensor_sim.presets import load_preset
from tests.sensor_sim.charts import chart, filmed
from tests.sensor_sim.frames import Frame, effect

CAMERAS: dict[str, dict[str, float]] = {
    "published": {"saturation_percent": 2.0, "sigma_dn": 3.0**0.5, "gamma": 0.8, "width_px": 4.0, "k1": 0.008},
    "other": {"saturation_percent": 3.5, "sigma_dn": 3.0, "gamma": 1.2, "width_px": 3.0, "k1": -0.005},
}


def entries(camera: dict[str, float], curve: str) -> list[dict[str, Any]]:
    return [
        effect("blur", width_px=camera["width_px"]),
        effect("chromatic_aberration", k1=camera["k1"]),
        effect("noise", sigma_dn=camera["sigma_dn"]),
        effect("exposure", saturation_percent=camera["saturation_percent"]),
        effect("gamma", gamma=camera["gamma"], curve=curve),
    ]


def values(found: Extraction) -> dict[str, float | None]:
    return {estimate.parameter: estimate.value for estimate in found.estimates}


@pytest.mark.parametrize("curve", ["book", "display"])
@pytest.mark.parametrize("name", list(CAMERAS))
def test_known_parameters_come_back_within_the_published_tolerances(name: str, curve: str) -> None:
    camera = CAMERAS[name]
    found = values(extract(filmed(entries(camera, curve)), 90.0, curve))
    assert all(value is not None for value in found.values()), found
    assert found["sigma_dn"] ** 2 == pytest.approx(camera["sigma_dn"] ** 2, rel=0.10)  # type: ignore[operator]
    assert found["k1"] == pytest.approx(camera["k1"], rel=0.15)
    assert found["width_px"] == pytest.approx(camera["width_px"], abs=0.5)
    assert found["saturation_percent"] == pytest.approx(camera["saturation_percent"], abs=0.3)
    assert found["gamma"] == pytest.approx(camera["gamma"], abs=0.1)


def test_an_ideal_camera_has_neither_noise_nor_fringes_nor_blur() -> None:
    found = {e.parameter: e for e in extract(filmed([]), 90.0, "display").estimates}
    assert found["sigma_dn"].value is None and "rounding" in found["sigma_dn"].reason
    assert found["gamma"].value is None
    assert found["width_px"].value == pytest.approx(1.0, abs=0.1)
    assert found["k1"].value == pytest.approx(0.0, abs=1e-4)


def test_compressed_noise_is_not_taken_for_white_noise() -> None:
    noisy = filmed([effect("noise", sigma_dn=6.0)], count=4)
    smooth = {name: cv2.GaussianBlur(frame, (0, 0), 0.8) for name, frame in noisy.items()}
    found = {e.parameter: e for e in extract(smooth, 90.0, "display").estimates}
    assert found["sigma_dn"].value is None and "compression" in found["sigma_dn"].reason


def test_pictures_without_edges_or_highlights_leave_blur_fringes_and_exposure_open() -> None:
    flat = np.full((96, 160, 3), 120.0)
    rng = np.random.default_rng(0)
    frames = {str(n): np.round(flat + rng.normal(0, 4, flat.shape)).astype(np.uint8) for n in range(4)}
    found = {e.parameter: e for e in extract(frames, 90.0, "display").estimates}
    assert found["sigma_dn"].value == pytest.approx(4.0, rel=0.05)
    for parameter in ("width_px", "k1", "saturation_percent", "gamma"):
        assert found[parameter].value is None and found[parameter].reason


def test_a_fixed_exposure_is_not_taken_for_an_automatic_one() -> None:
    bright = filmed([effect("noise", sigma_dn=2.0)], count=6)
    bright["005.png"] = np.full_like(bright["005.png"], 255)
    found = {e.parameter: e for e in extract(bright, 90.0, "display").estimates}
    assert found["saturation_percent"].value is None and "differs" in found["saturation_percent"].reason


def test_intervals_hold_the_value_and_narrow_with_more_frames() -> None:
    few, many = (
        {
            e.parameter: e
            for e in extract(filmed(entries(CAMERAS["other"], "display"), count), 90.0, "display").estimates
        }
        for count in (3, 10)
    )
    for estimate in many.values():
        assert estimate.low <= estimate.value <= estimate.high  # type: ignore[operator]
    assert many["k1"].high - many["k1"].low < few["k1"].high - few["k1"].low  # type: ignore[operator]


def test_flat_patches_ignore_slopes_and_refuse_structure() -> None:
    rng = np.random.default_rng(1)
    slope = np.linspace(60, 180, 160)[None, :, None] + np.zeros((96, 160, 3))
    noisy = np.round(slope + rng.normal(0, 3, slope.shape)).astype(np.uint8)
    patches = flat_patches(noisy)
    assert patches.white.mean() > 0.9
    assert patches.variance[patches.white].mean() == pytest.approx(9.0 + 1 / 12, rel=0.03)
    stripes = noisy.copy()
    stripes[:, ::8] = 250
    stripes[:, 1::8] = 250
    assert flat_patches(stripes).white.sum() < 0.1 * patches.white.sum()


@pytest.mark.parametrize("width_px", [1.0, 2.0, 3.0, 4.0, 5.5, 9.0])
def test_the_variance_of_the_box_is_that_of_its_weights(width_px: float) -> None:
    pixels = np.arange(-box_reach(width_px), box_reach(width_px) + 1)
    weights = np.maximum(np.minimum(pixels + 0.5, width_px / 2) - np.maximum(pixels - 0.5, -width_px / 2), 0)
    expected = (weights * pixels**2).sum() / width_px
    assert box_variance_px2(np.array([width_px]))[0] == pytest.approx(expected)


def test_the_clipped_share_is_found_under_noise() -> None:
    rng = np.random.default_rng(2)
    light = np.concatenate([rng.uniform(0, 255, 980_000), np.full(20_000, 255.0)])
    codes = np.clip(np.round(light + rng.normal(0, 3, light.size)), 0, 255).astype(np.uint8)
    assert (codes == 255).mean() < 0.018
    assert saturated_share(np.bincount(codes, minlength=256), 3.0, 1.0) == pytest.approx(0.02, abs=0.001)


def write(frames: dict[str, Frame], folder: Path) -> None:
    folder.mkdir()
    for name, frame in frames.items():
        cv2.imwrite(str(folder / name), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))


def test_the_command_writes_a_preset_with_intervals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(filmed(entries(CAMERAS["published"], "book"), 3), tmp_path / "real")
    out = tmp_path / "mine.yaml"
    command = ["extract", "--frames", str(tmp_path / "real"), "--fov", "90", "--curve", "book", "--out", str(out)]
    assert main(command) == 0
    loaded = {e.effect: e.parameters for e in load_preset(str(out), 640, 90.0).effects}
    assert loaded["gamma"]["curve"] == "book"
    assert loaded["blur"]["width_px"] == pytest.approx(4.0, abs=0.5)
    stored = yaml.safe_load(out.read_text())["provenance"]
    assert stored["frames"] == 3 and {e["parameter"] for e in stored["estimates"]} == set(CAMERAS["other"])
    assert all(e["low"] <= e["value"] <= e["high"] for e in stored["estimates"])
    assert "blur.width_px" in capsys.readouterr().out


def test_impossible_input_is_named(tmp_path: Path) -> None:
    two = {str(n): chart(n) for n in range(2)}
    with pytest.raises(SensorFrameError, match="2 frames are too few; give at least 3"):
        extract(two, 90.0, "display")
    with pytest.raises(SensorSpecError, match="curve 'linear' is not allowed"):
        extract(filmed([], 3), 90.0, "linear")
    assert main(["extract", "--frames", str(tmp_path), "--fov", "90", "--out", str(tmp_path / "a.yaml")]) == 2
