"""Paper parity: counts by SWA range against a brute-force count."""

import numpy as np
import pytest

from harness.evaluation.paper_parity import parity_figures, parity_run
from tests.harness.evaluation.synthetic import episode, ticks_of


def run_with(label, agent, predicted, pair="p0", **settings):
    n = len(label)
    ticks = ticks_of(
        n,
        scores={"student": np.zeros(n)},
        swa_label_deg=np.asarray(label, dtype=np.float32),
        swa_agent_deg=np.asarray(agent, dtype=np.float32),
        swa_error__student=np.asarray(predicted, dtype=np.float32),
        **settings,
    )
    return episode(pair=pair, ticks=ticks)


def figures_of(*runs):
    return parity_figures([parity_run(run) for run in runs], [run.condition for run in runs], seed=0)


def test_counts_equal_a_brute_force_count():
    rng = np.random.default_rng(0)
    runs, rows = [], []
    for k in range(12):
        label = rng.uniform(-95, 95, 300).astype(np.float32)
        agent = (label + rng.normal(scale=6, size=300)).astype(np.float32)
        predicted = (agent - label + rng.normal(scale=3, size=300)).astype(np.float32)
        runs.append(run_with(label, agent, predicted, pair=f"p{k}"))
        rows += list(zip(label[40:], agent[40:], predicted[40:], strict=True))
    result = figures_of(*runs)
    ranges = result["monitors"]["student"]["ranges"]
    for entry, (low, high) in zip(ranges, [(0, 30), (30, 60), (60, 90), (0, 1e9)], strict=True):
        chosen = [(float(a) - float(b), float(p)) for b, a, p in rows if low <= abs(b) < high]
        failed = [abs(p) > 5 for error, p in chosen if abs(error) > 5]
        safe = [abs(p) > 5 for error, p in chosen if abs(error) <= 5]
        assert entry["frames"] == len(chosen)
        assert (entry["tpr"]["k"], entry["tpr"]["n"]) == (sum(failed), len(failed))
        assert entry["fpr"]["value"] == pytest.approx(sum(safe) / len(safe))
        expected_mae = np.mean([abs(p - error) for error, p in chosen])
        assert entry["predictor_mae_deg"]["value"] == pytest.approx(expected_mae, rel=1e-6)
        assert entry["tpr"]["low"] < entry["tpr"]["value"] < entry["tpr"]["high"]
    driver = {row["range_deg"]: row["mae"]["value"] for row in result["driver_mae_deg"]}
    expected = np.mean([abs(float(a) - float(b)) for b, a, _ in rows if abs(b) < 30])
    assert driver["0-30"] == pytest.approx(expected, rel=1e-6)


def test_exactly_five_degrees_is_neither_failed_nor_flagged():
    label, agent = np.zeros(100), np.full(100, 5.0)
    (entry, *_) = figures_of(run_with(label, agent, agent))["monitors"]["student"]["ranges"]
    assert (entry["failed"], entry["fpr"]["k"]) == (0, 0)


def test_frames_of_warm_up_odd_mask_and_departure_are_left_out():
    n = 200
    odd = np.zeros(n, dtype=bool)
    odd[50:60] = True
    run = run_with(np.zeros(n), np.full(n, 9.0), np.full(n, 9.0), onset_tick=150, odd_mask=odd)
    (entry, *_) = figures_of(run)["monitors"]["student"]["ranges"]
    assert entry["frames"] == 150 - 40 - 10


def test_ninety_degrees_belongs_to_the_last_range_and_more_only_to_all():
    label = np.r_[np.zeros(40), np.full(10, 90.0), np.full(5, -90.5)]
    ranges = figures_of(run_with(label, label, label * 0))["monitors"]["student"]["ranges"]
    assert [entry["frames"] for entry in ranges] == [0, 0, 10, 15]


def test_a_failed_monitor_frame_is_flagged_and_has_no_error_of_its_own():
    predicted = np.r_[np.full(50, 1.0), np.full(50, np.nan)]
    (entry, *_) = figures_of(run_with(np.zeros(100), np.full(100, 8.0), predicted))["monitors"]["student"]["ranges"]
    assert (entry["tpr"]["k"], entry["tpr"]["n"]) == (50, 60)
    assert entry["predictor_mae_deg"]["n"] == 10


def test_a_range_without_frames_is_null():
    ranges = figures_of(run_with(np.zeros(100), np.zeros(100), np.zeros(100)))["monitors"]["student"]["ranges"]
    assert ranges[2]["tpr"]["value"] is None
    assert ranges[2]["predictor_mae_deg"]["value"] is None


def test_a_monitor_without_prediction_has_no_row_and_no_run_gives_none():
    ticks = ticks_of(100, scores={"random": np.zeros(100)}, swa_error__random=np.full(100, np.nan))
    assert figures_of(episode(ticks=ticks))["monitors"] == {}
    assert parity_figures([], [], seed=0) is None


def test_a_monitor_that_joined_later_is_aligned_with_its_own_runs():
    plain = episode(pair="p0", ticks=ticks_of(100), condition="a")
    run = run_with(np.zeros(100), np.full(100, 8.0), np.full(100, 8.0), pair="p1")
    (entry, *_) = figures_of(plain, run, plain)["monitors"]["student"]["ranges"]
    assert (entry["tpr"]["k"], entry["tpr"]["n"]) == (60, 60)
