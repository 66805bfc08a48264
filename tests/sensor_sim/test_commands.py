"""The command line teaches, applies cameras to folders, and says what is wrong."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from sensor_sim.__main__ import FIRST_STEPS, main
from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.frame_context import FrameContext
from sensor_sim.presets import load_preset, preset_names
from tests.sensor_sim.frames import Frame, smooth_frame


def written(folder: Path, count: int = 3) -> dict[str, Frame]:
    folder.mkdir()
    frames = {f"{n:02d}.png": smooth_frame(64, 36, n) for n in range(count)}
    for name, frame in frames.items():
        cv2.imwrite(str(folder / name), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    return frames


def read(path: Path) -> Frame:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


def test_help_shows_commands_that_exist_and_python_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    assert FIRST_STEPS.strip().splitlines()[-1] in said
    for line in re.findall(r"^  python -m sensor_sim (\w+)", FIRST_STEPS, re.MULTILINE):
        with pytest.raises(SystemExit, match="0"):
            main([line, "--help"])
    code = FIRST_STEPS.split("in Python:\n")[1].split("\nFrames are")[0].replace("\n  ", "\n").removeprefix("  ")
    names = {"frame": smooth_frame(640, 360)}
    exec(code, names)
    assert not np.array_equal(names["degraded"], names["frame"])


def test_the_options_shown_in_help_are_options(tmp_path: Path) -> None:
    frames = written(tmp_path / "ideal")
    for line in re.findall(r"^  python -m sensor_sim (apply .*)$", FIRST_STEPS, re.MULTILINE):
        words = [tmp_path / word if word.endswith("/") else word for word in shlex.split(line)]
        if not any("preset.yaml" in str(word) for word in words):
            assert main([str(word) for word in words]) == 0
            assert not np.array_equal(read(Path(words[-1]) / "00.png"), frames["00.png"])


def test_list_names_every_effect_and_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", said, re.MULTILINE) for name in (*EFFECTS, *preset_names()))


@pytest.mark.parametrize("name", list(EFFECTS))
def test_list_of_one_effect_tells_formula_units_and_ranges(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", name]) == 0
    said = capsys.readouterr().out
    assert EFFECTS[name].formula in said and EFFECTS[name].source in said
    assert all(f"  {p.name}: {p.allowed}" in said for p in EFFECTS[name].parameters)


def test_apply_does_what_the_chain_does_tick_by_tick(tmp_path: Path) -> None:
    frames = written(tmp_path / "ideal")
    command = ["apply", "--frames", str(tmp_path / "ideal"), "--fov", "70", "--preset", "video_link", "--seed", "5"]
    assert main([*command, "--fps", "10", "--out", str(tmp_path / "out")]) == 0
    chain = SensorChain(load_preset("video_link", 64, 70.0), 64, 36, 70.0, 0.1)
    chain.reset(5)
    for tick, (name, frame) in enumerate(frames.items()):
        assert np.array_equal(read(tmp_path / "out" / name), chain.apply(frame, FrameContext(tick, 0.1, 0.0, 0.0)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--effect", "blur"], "such as blur:2"),
        (["--effect", "blur:9"], "whole number from 1 to 5"),
        (["--effect", "blurr:2"], "did you mean 'blur'"),
        (["--effect", "blur:2", "blur:3"], "scheduled twice"),
        (["--preset", "nigth_noisy"], "did you mean 'night_noisy'"),
        (["--preset", "rainy", "--fps", "0"], "--fps: 0.0 is not allowed"),
        (["--preset", "rainy", "--seed", "-1"], "seed: -1 is not allowed"),
    ],
)
def test_apply_says_what_is_wrong(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "ideal", 1)
    command = ["apply", "--frames", str(tmp_path / "ideal"), "--fov", "90", "--out", str(tmp_path / "out")]
    assert main([*command, *options]) == 2
    assert message in capsys.readouterr().err


def test_the_ideal_frames_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "ideal", 1)
    folder = str(tmp_path / "ideal")
    assert main(["apply", "--frames", folder, "--fov", "90", "--preset", "rainy", "--out", folder]) == 2
    assert "is the folder of the ideal frames" in capsys.readouterr().err
