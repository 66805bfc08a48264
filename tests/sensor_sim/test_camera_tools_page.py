"""What the page of camera tools shows is what runs and what was measured."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import sensor_sim_competitors as competitors
from benchmarks.sensor_sim_calibration import RESULT, table
from tests.sensor_sim.frames import smooth_frame

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "camera_tools.md").read_text(encoding="utf-8")


def test_the_augmentation_runs_repeats_and_survives_pickling() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {"frame": smooth_frame(640, 360), "__name__": "page"}
    exec(code, names)
    degrade, frame = names["degrade"], names["frame"]
    assert not np.array_equal(names["picture"], frame)
    chains = pickle.loads(pickle.dumps(degrade.chains))
    pictures = [degrade(frame, seed) for seed in range(12)]
    degrade.chains = chains
    assert all(np.array_equal(degrade(frame, seed), picture) for seed, picture in enumerate(pictures))


def test_the_figures_of_the_calibration_are_those_that_are_stored() -> None:
    content = json.loads(RESULT.read_text(encoding="utf-8"))
    shown = PAGE.split("<!-- calibration:begin -->\n")[1].split("\n<!-- calibration:end -->")[0]
    assert shown == table(content)
    for kind in ("same_kind", "other_kind"):
        assert len(content[kind]["runs"]) == 5
        assert content[kind]["reached_goal"] == (content[kind]["median_emd_reduction"] >= content["goal_reduction"])
        assert all(run["evaluations"] <= 100 for run in content[kind]["runs"])


def test_the_figures_of_other_libraries_are_those_that_are_stored() -> None:
    content = json.loads(competitors.RESULT.read_text(encoding="utf-8"))
    shown = PAGE.split("<!-- competitors:begin -->\n")[1].split("\n<!-- competitors:end -->")[0]
    assert shown == competitors.table(content)
    assert content["outputs_verified"]


def test_what_is_said_to_be_verified_is() -> None:
    root = Path(__file__).resolve().parents[2]
    verified = PAGE.split("## What is verified, and where")[1]
    tests = re.findall(r"`(test_\w+\.py)::(test_\w+)`", verified)
    assert len(tests) > 15
    for file, name in tests:
        assert f"def {name}(" in (root / "tests" / "sensor_sim" / file).read_text(encoding="utf-8"), name
    for path in re.findall(r"`(benchmarks/\w+\.py)`", verified):
        assert (root / path).is_file() and (root / "benchmarks" / "results" / f"{Path(path).stem}.json").is_file()
