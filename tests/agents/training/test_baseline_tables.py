"""What the context baselines know: checked on made-up runs whose risk is planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents.training.baselines import (
    LEVELS,
    departs_soon,
    fit_risk_tables,
    measure_image_statistics,
    outcome_known,
    severity_columns,
)
from agents.training.dataset import NoDataError
from tests.agents.training.recorded_frames import frames

RUN = 100
"""Frames of a run: 10 s."""


def noise(sigma_dn: float, onset_s: float = 0.0) -> list[dict[str, Any]]:
    return [{"effect": "noise", "parameters": {"sigma_dn": sigma_dn}, "onset_s": onset_s, "ramp_s": 0.0}]


def departing(at_frame: int) -> np.ndarray:
    return (np.arange(RUN) >= at_frame).astype(np.float32)


def test_the_three_seconds_before_a_departure_are_departing_soon() -> None:
    recorded = frames([RUN, RUN], {"departed": np.concatenate([departing(80), np.zeros(RUN)])})
    soon = departs_soon(recorded)
    assert np.flatnonzero(soon).tolist() == list(range(50, 80))


def test_what_followed_the_last_seconds_of_a_safe_run_is_not_known() -> None:
    recorded = frames([RUN, RUN], {"departed": np.concatenate([departing(80), np.zeros(RUN)])})
    known = outcome_known(recorded)
    assert np.flatnonzero(~known[:RUN]).tolist() == list(range(80, 100))
    assert np.flatnonzero(~known[RUN:]).tolist() == list(range(70, 100))


def test_severities_come_from_the_schedule_of_the_episode() -> None:
    recorded = frames([RUN, RUN], sensors=[noise(40.0, onset_s=2.3), []])
    names, severity = severity_columns(recorded)
    assert names == ["noise"]
    expected = np.where(np.arange(2 * RUN) < RUN, np.where(np.arange(2 * RUN) >= 23, 0.4, 0.0), 0.0)
    assert severity["noise"] == pytest.approx(expected)


def test_a_planted_risk_is_recovered() -> None:
    """Strong noise: all runs depart at 10 s from 0.1 s on; weak noise and none: no run departs."""
    strong, weak, calm = 30, 30, 30
    departed = np.concatenate([np.tile(departing(30), strong), np.zeros((weak + calm) * RUN)])
    curvature = np.concatenate([np.full(strong * RUN, 0.033), np.zeros((weak + calm) * RUN)])
    sensors = [noise(70.0)] * strong + [noise(10.0)] * weak + [[]] * calm
    recorded = frames([RUN] * (strong + weak + calm), {"departed": departed, "curvature_ahead_1pm": curvature}, sensors)
    plain, curved = fit_risk_tables(recorded)
    usable = strong * 30 + (weak + calm) * 70
    base = strong * 30 / usable
    high, low = int(np.argmin(np.abs(LEVELS - 0.7))), int(np.argmin(np.abs(LEVELS - 0.1)))
    assert plain.risk["noise"][high] == pytest.approx((strong * 30 + 40 * base) / (strong * 30 + 40))
    assert plain.risk["noise"][low] == pytest.approx(40 * base / (weak * 70 + 40))
    # A level that never occurred reads as average, and the pooled table agrees where there is one effect.
    assert plain.risk["noise"][2] == pytest.approx(base)
    assert plain.risk["*"] == pytest.approx(plain.risk["noise"])
    assert plain.at({"noise": 0.7}) > 0.9 > 0.1 > plain.at({"noise": 0.1})
    assert curved.at({"noise": 0.7}, 0.033) > 0.9
    assert curved.at({}, 0.0) == pytest.approx(40 * base / (calm * 70 + 40))


def test_without_any_artifact_every_condition_reads_as_average() -> None:
    plain, _ = fit_risk_tables(frames([RUN] * 4))
    assert set(plain.risk) == {"*"} and plain.at({"blur": 0.5}) == 0.0


def test_runs_too_short_to_tell_are_refused() -> None:
    with pytest.raises(NoDataError, match="longer episodes"):
        fit_risk_tables(frames([0, 0]))


def test_image_statistics_are_those_of_undisturbed_frames() -> None:
    level = np.tile([0.0, 0.5], 5)
    columns = {"sensor_level": level, "brightness_dn": 100.0 + 80.0 * level, "log_sharpness": 2.0 - level}
    statistics = measure_image_statistics(frames([10], columns))
    assert (statistics.brightness_dn, statistics.log_sharpness) == (100.0, 2.0)
    with pytest.raises(NoDataError, match="ideal sensor"):
        measure_image_statistics(frames([4], {"sensor_level": np.ones(4)}))
