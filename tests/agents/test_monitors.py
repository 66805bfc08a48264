"""Monitors: direction, determinism, named errors, fail safe."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from agents.errors import MonitorError, WeightsError
from agents.monitors.brightness import BrightnessMonitor
from agents.monitors.condition_curvature import ConditionCurvatureMonitor
from agents.monitors.condition_only import ConditionOnlyMonitor
from agents.monitors.current_margin import CurrentMarginMonitor
from agents.monitors.curvature import CurvatureMonitor
from agents.monitors.guard import guarded_score
from agents.monitors.image_statistics import ImageStatistics, log_sharpness, mean_brightness_dn
from agents.monitors.periodic import PeriodicMonitor
from agents.monitors.random_alarm import RandomAlarmMonitor
from agents.monitors.risk_table import RiskTable
from agents.monitors.sharpness import SharpnessMonitor
from agents.monitors.true_error import TrueErrorMonitor
from agents.protocol import AgentOutput, DrivingState, EpisodeContext, Frame, Monitor, MonitorOutput
from tests.agents.car_on_a_road import Car, road

STATE: DrivingState = Car(road([(50, 0.0)]), 5.0).state()
OUTPUT = AgentOutput(swa_deg=12.0)
FRAME = np.random.default_rng(1).integers(60, 190, (90, 160, 3), dtype=np.uint8)


def context(seed: int) -> EpisodeContext:
    return EpisodeContext("pair", seed, 0.05, 160, 90, 90.0)


def scores(monitor: Monitor, seed: int, ticks: list[int]) -> list[float]:
    monitor.reset(context(seed))
    states = [dataclasses.replace(STATE, tick=tick, time_s=tick * 0.05) for tick in ticks]
    return [monitor.score(FRAME, OUTPUT, state).score for state in states]


@pytest.mark.parametrize("monitor", [RandomAlarmMonitor(), PeriodicMonitor()])
def test_clockwork_baselines_depend_on_seed_and_tick_alone(monitor: Monitor) -> None:
    ticks = list(range(0, 400, 7))
    first = scores(monitor, 5, ticks)
    assert scores(monitor, 5, ticks[::-1]) == first[::-1]
    assert scores(monitor, 5, ticks[-1:]) == first[-1:]
    assert scores(monitor, 6, ticks) != first
    assert len(set(first)) > 20


def test_random_alarms_have_the_duty_of_their_threshold_and_come_in_episodes() -> None:
    values = np.array(scores(RandomAlarmMonitor(), 1, list(range(40_000))))
    alarm = values > np.quantile(values, 0.9)
    starts = int(np.sum(alarm[1:] & ~alarm[:-1]))
    assert alarm.mean() == pytest.approx(0.1, abs=0.001)
    assert starts < alarm.sum() / 3, "white noise would start an alarm at nearly every alarmed tick"


def test_privileged_baselines_rise_with_their_risk() -> None:
    near = dataclasses.replace(STATE, lane_margin_m=0.05, curvature_ahead_1pm=-0.03, swa_label_deg=30.0)
    for monitor in (CurrentMarginMonitor(), CurvatureMonitor()):
        assert monitor.privileged
        assert monitor.score(FRAME, OUTPUT, near).score > monitor.score(FRAME, OUTPUT, STATE).score
    judged = TrueErrorMonitor().score(FRAME, OUTPUT, near)
    assert judged.score == 18.0 and judged.swa_error_deg == -18.0


def test_image_statistics_against_plain_numpy() -> None:
    grey = FRAME.astype(float) @ np.array([0.299, 0.587, 0.114])
    assert mean_brightness_dn(FRAME) == pytest.approx(grey.mean(), abs=0.01)
    rounded = np.pad(cv2.cvtColor(FRAME, cv2.COLOR_RGB2GRAY).astype(float), 1, mode="reflect")
    centre = rounded[1:-1, 1:-1]
    sides = rounded[:-2, 1:-1] + rounded[2:, 1:-1] + rounded[1:-1, :-2] + rounded[1:-1, 2:]
    assert log_sharpness(FRAME) == pytest.approx(math.log((sides - 4 * centre).var()), abs=1e-4)
    assert math.isfinite(log_sharpness(np.zeros_like(FRAME)))


def test_picture_baselines_rise_with_the_disturbance(tmp_path: Path) -> None:
    path = tmp_path / "image_statistics.json"
    ImageStatistics.measure([FRAME, FRAME]).save(path, {})
    assert ImageStatistics.load(path).frames == 2
    brightness, sharpness = BrightnessMonitor(path), SharpnessMonitor(path)
    assert brightness.weights_sha256 == sharpness.weights_sha256 is not None
    blurred = cv2.GaussianBlur(FRAME, (9, 9), 3).astype(np.uint8)
    noise = np.random.default_rng(2).normal(0, 60, FRAME.shape)
    noisy = np.clip(FRAME + noise, 0, 255).astype(np.uint8)
    assert brightness.score(FRAME, OUTPUT, STATE).score == pytest.approx(0.0, abs=1e-9)
    assert brightness.score(FRAME // 2, OUTPUT, STATE).score > 40
    for disturbed in (blurred, noisy):
        worse = sharpness.score(disturbed, OUTPUT, STATE).score
        assert worse > 0.3 > sharpness.score(FRAME, OUTPUT, STATE).score
    with pytest.raises(ValueError, match="at least one"):
        ImageStatistics.measure([])


def test_condition_table_is_looked_up_by_type_and_level(tmp_path: Path) -> None:
    path = tmp_path / "condition_only.json"
    table = RiskTable(np.array([0.2, 1.0]), {"blur": np.array([0.1, 0.5]), "noise": np.array([0.0, 0.2])})
    table.save(path, {"runs": 3})
    monitor = ConditionOnlyMonitor(path)

    def risk(**levels: float) -> float:
        return monitor.score(FRAME, OUTPUT, dataclasses.replace(STATE, artifact_levels=levels)).score

    assert risk() == risk(blur=0.0) == 0.0
    assert risk(blur=0.6) == pytest.approx(0.3)
    assert risk(blur=0.05) == pytest.approx(0.1)
    assert risk(blur=0.2, noise=1.0) == pytest.approx(0.2)
    with pytest.raises(MonitorError, match="no effect 'fog'"):
        risk(fog=0.5)
    RiskTable(table.levels, {**table.risk, "*": np.array([0.05, 0.35])}).save(path, {})
    monitor = ConditionOnlyMonitor(path)
    assert risk(fog=1.0) == pytest.approx(0.35)


def test_condition_curvature_table_is_bilinear_with_a_nominal_row(tmp_path: Path) -> None:
    path = tmp_path / "condition_curvature.json"
    risk = {"blur": np.array([[0.0, 0.2], [0.4, 0.8]])}
    RiskTable(np.array([0.5, 1.0]), risk, np.array([0.0, 0.02]), np.array([0.0, 0.1])).save(path, {})
    monitor = ConditionCurvatureMonitor(path)

    def at(curvature: float, **levels: float) -> float:
        state = dataclasses.replace(STATE, artifact_levels=levels, curvature_ahead_1pm=curvature)
        return monitor.score(FRAME, OUTPUT, state).score

    assert at(-0.01) == pytest.approx(0.05)
    assert at(0.01, blur=0.75) == pytest.approx(0.35)
    assert at(-0.5, blur=1.0) == pytest.approx(0.8)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 9, "levels": [1], "risk": {}}',
                                  '{"schema_version": 1, "levels": [1, 0.5], "risk": {}}',
                                  '{"schema_version": 1, "levels": [0.5], "risk": {"blur": [1, 2]}}'])  # fmt: skip
def test_broken_risk_tables_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "condition_only.json"
    path.write_text(text)
    with pytest.raises(WeightsError, match=r"condition_only\.json"):
        ConditionOnlyMonitor(path)


class Faulty:
    """Raises, returns rubbish or NaN, by tick."""

    name, unit, privileged, declared_latency_s, weights_sha256 = "faulty", "1", False, 0.0, None

    def reset(self, context: EpisodeContext) -> None:
        """Nothing to forget."""

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        answers = {1: None, 2: MonitorOutput(math.nan), 3: MonitorOutput(math.inf), 4: MonitorOutput(0.5)}
        return answers[state.tick]  # type: ignore[return-value]


def test_a_failing_monitor_scores_nan_and_says_why() -> None:
    monitor = Faulty()
    assert isinstance(monitor, Monitor)
    reasons = []
    for tick in range(5):
        output, reason = guarded_score(monitor, FRAME, OUTPUT, dataclasses.replace(STATE, tick=tick))
        assert math.isnan(output.score) == (reason is not None)
        reasons.append(reason or "fine")
    wanted = ["KeyError", "NoneType", "nan", "inf", "fine"]
    assert all(word in reason for word, reason in zip(wanted, reasons, strict=True))
