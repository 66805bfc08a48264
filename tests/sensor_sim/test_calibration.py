"""A hidden camera is imitated so that scores are distributed alike, within its budget, the same way every time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import ray

from sensor_sim.__main__ import main
from sensor_sim.calibration.calibrate import calibrate
from sensor_sim.calibration.camera_model import CameraModel, FreeParameter, hagn_grau_parameters
from sensor_sim.calibration.emd import Scores
from sensor_sim.calibration.scoring import LocalEvaluator, RayEvaluator, SceneSet, camera_scores, load_score, scores_of
from sensor_sim.calibration.search import search
from sensor_sim.chain import SensorChain
from sensor_sim.errors import SensorSpecError
from sensor_sim.presets import load_preset
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from tests.sensor_sim.frames import effect, smooth_frame

FOV_DEG = 90.0
SCORE = "tests.sensor_sim.picture_scores:sharpness"
START = SensorSchedule.from_spec([effect("noise", sigma_dn=2.0), effect("gamma", gamma=1.0)])
NOISE_AND_GAMMA = (
    FreeParameter("noise", "sigma_dn", 0.1, 15.0, 2.0),
    FreeParameter("gamma", "gamma", 0.3, 2.5, 1.0),
)


def scenes(count: int = 24, width: int = 96, height: int = 54) -> SceneSet:
    frames = tuple(smooth_frame(width, height, seed) for seed in range(count))
    return SceneSet(frames, tuple(f"{n}.png" for n in range(count)), FOV_DEG, SCORE)


class ExactCamera:
    """Scores that are a known function of the parameters: what the search can do without any noise."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, schedules: Sequence[SensorSchedule], seed: int) -> list[Scores]:
        self.calls += len(schedules)
        return [self.scores(schedule) for schedule in schedules]

    @staticmethod
    def scores(schedule: SensorSchedule) -> Scores:
        values = {entry.effect: entry.parameters for entry in schedule.effects}
        sigma = float(values["noise"]["sigma_dn"])
        gamma = float(values["gamma"]["gamma"])
        width = float(values.get("blur", {"width_px": 1.0})["width_px"])
        rank = np.linspace(0.0, 1.0, 120)
        return np.asarray(90.0 - 4.0 * sigma * rank - 20.0 * (gamma - 1.0) * rank**2 - 3.0 * width * (1.0 - rank))


def hidden(**values: float) -> SensorSchedule:
    return SensorSchedule(
        (
            EffectSchedule("noise", {"sigma_dn": values["sigma_dn"]}),
            EffectSchedule("gamma", {"gamma": values["gamma"]}),
            EffectSchedule("blur", {"width_px": values.get("width_px", 1.0)}),
        )
    )


def test_without_noise_the_hidden_values_come_back() -> None:
    camera = ExactCamera()
    found = search(CameraModel(START, NOISE_AND_GAMMA), camera, camera.scores(hidden(sigma_dn=5.0, gamma=0.7)), 0, 60)
    assert found.best.emd < 0.01 * found.start.emd
    assert found.best.values == pytest.approx((5.0, 0.7), abs=0.05)
    assert camera.calls == len(found.trials) <= 60


def test_the_whole_numbered_box_is_found_by_search() -> None:
    camera = ExactCamera()
    free = (*NOISE_AND_GAMMA, FreeParameter("blur", "width_px", 1.0, 8.0, 1.0, whole=True))
    target = camera.scores(hidden(sigma_dn=5.0, gamma=0.7, width_px=4.0))
    found = search(CameraModel(START, free), camera, target, 0, 100)
    assert found.best.values[2] == 4.0
    assert found.best.emd < 0.02 * found.start.emd
    assert all(trial.values[2] == round(trial.values[2]) for trial in found.trials)


@pytest.mark.parametrize("budget", [1, 2, 7])
def test_no_camera_is_evaluated_beyond_the_budget_or_twice(budget: int) -> None:
    camera = ExactCamera()
    found = search(CameraModel(START, NOISE_AND_GAMMA), camera, camera.scores(hidden(sigma_dn=9, gamma=2)), 0, budget)
    assert camera.calls == len(found.trials) == budget
    assert len({trial.values for trial in found.trials}) == budget
    assert found.end_reason == f"the allowed {budget} evaluations are spent"
    assert found.best.emd <= found.start.emd


def test_every_trial_stays_within_its_bounds() -> None:
    camera = ExactCamera()
    found = search(CameraModel(START, NOISE_AND_GAMMA), camera, np.full(50, -300.0), 0, 40)
    for trial in found.trials:
        assert all(p.low <= value <= p.high for p, value in zip(NOISE_AND_GAMMA, trial.values, strict=True))


def test_a_filmed_camera_is_imitated_and_repeats_bit_for_bit() -> None:
    small = scenes()
    secret = CameraModel(START, NOISE_AND_GAMMA).schedule([6.0, 0.75])
    target = camera_scores(small, secret, seed=99)
    first, second = (
        calibrate(CameraModel(START, NOISE_AND_GAMMA), LocalEvaluator(small), target, 3, 40) for _ in range(2)
    )
    assert first.reduction is not None and first.reduction > 0.8
    assert first.to_json() == second.to_json()
    assert not first.to_json()["enough_scores"]


def test_scores_on_ray_equal_those_of_this_process() -> None:
    small = scenes(4)
    schedules = [START, CameraModel(START, NOISE_AND_GAMMA).schedule([6.0, 0.75])]
    here = LocalEvaluator(small)(schedules, 5)
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        there = RayEvaluator(small)(schedules, 5)
    finally:
        ray.shutdown()
    assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))
    assert not np.array_equal(here[0], here[1])


@pytest.mark.parametrize("fov_deg", [20.0, 90.0, 140.0])
def test_bounds_are_possible_cameras(fov_deg: float) -> None:
    free = hagn_grau_parameters(640, 360, fov_deg)
    assert {p.effect for p in free} == {"exposure", "noise", "gamma", "chromatic_aberration", "blur"}
    for ends in ([p.low for p in free], [p.high for p in free]):
        SensorChain(CameraModel(SensorSchedule(), free).schedule(ends), 640, 360, fov_deg, 0.05)


def test_the_start_takes_the_preset_and_fills_what_it_lacks() -> None:
    free = hagn_grau_parameters(640, 360, FOV_DEG)
    start = dict(zip([p.name for p in free], CameraModel(START, free).start(), strict=True))
    assert start["noise.sigma_dn"] == 2.0 and start["exposure.saturation_percent"] == 2.0
    with_jpeg = SensorSchedule((*START.effects, EffectSchedule("jpeg", {"quality": 40.0})))
    kept = CameraModel(with_jpeg, free).schedule(CameraModel(with_jpeg, free).start())
    assert {e.effect for e in kept.effects} == {p.effect for p in free} | {"jpeg"}


def test_impossible_input_is_named() -> None:
    frames = [smooth_frame(32, 20)]
    with pytest.raises(SensorSpecError, match="gave 1 numbers for 2 frames"):
        scores_of("tests.sensor_sim.picture_scores:too_few", frames * 2, ["a", "b"])
    with pytest.raises(SensorSpecError, match=r"give package\.module:function"):
        load_score("tests.sensor_sim.picture_scores:missing")
    with pytest.raises(SensorSpecError, match="'latency' depends on earlier frames"):
        CameraModel(SensorSchedule((EffectSchedule("latency", {"delay_s": 0.1}),)), NOISE_AND_GAMMA)


def test_the_command_writes_preset_figures_and_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ideal").mkdir()
    small = scenes(6, 64, 40)
    for name, frame in zip(small.names, small.frames, strict=True):
        cv2.imwrite(str(tmp_path / "ideal" / name), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    target = camera_scores(small, START, seed=8)
    (tmp_path / "target.json").write_text(json.dumps(target.tolist()))
    command = ["calibrate", "--frames", str(tmp_path / "ideal"), "--fov", "90", "--score", SCORE]
    command += ["--target-scores", str(tmp_path / "target.json"), "--evaluations", "8", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    assert "Only 6 scores" in capsys.readouterr().out
    preset = load_preset(str(tmp_path / "out" / "preset.yaml"), 64, 90.0)
    assert {"noise", "gamma", "exposure", "blur", "chromatic_aberration"} == {e.effect for e in preset.effects}
    figures = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert figures["evaluations"] == len(figures["trials"]) <= 8
    page = (tmp_path / "out" / "calibration.html").read_text()
    assert "Distribution of the scores" in page and "Convergence" in page
    assert "Plotly.newPlot" in page and "<script charset" not in page  # the library is in the page, not on a network
    assert main([*command[:-4], "--evaluations", "0", "--out", str(tmp_path)]) == 2
