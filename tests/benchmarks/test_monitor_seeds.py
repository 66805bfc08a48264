"""Monitors of several seeds on the same runs: the summary's own figures, their spread, and how far two lie apart."""

from __future__ import annotations

import numpy as np
import pytest

from agents.weights_io import WEIGHTS_FOLDER
from benchmarks.monitor_seeds import POINT, Fit, fitted_points, held, judge, same_tensors
from benchmarks.seed_figures import Drawn, differences, drawn_figures, figures, over_seeds
from harness.evaluation.alarms import final_statistic
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.summary import summarise
from tests.harness.evaluation.synthetic import TICK_S, episode, ticks_of

MONITOR, TICKS, ONSET = "camera_student", 400, 300
KNOWS, GUESSES = (MONITOR, "0"), (MONITOR, "1")


def runs(name: str, count: int = 12) -> list[tuple[EpisodeData, dict[Fit, np.ndarray]]]:
    """Half of them depart; one fit's score rises before that, the other's is noise."""
    found = []
    for k in range(count):
        rng = np.random.default_rng(k)
        onset = ONSET if k % 2 else None
        rises = np.clip((np.arange(TICKS) - (ONSET - 60)) / 20.0, 0.0, 1.0) * (onset is not None)
        scores = {"0": rises + 0.1 * rng.random(TICKS), "1": rng.random(TICKS)}
        ticks = ticks_of(TICKS, onset, sensor_level=0.5, scores={MONITOR: scores["0"]}, seed=k)
        run = episode(pair=f"{name}{k}", ticks=ticks, condition="ab"[k % 4 // 2])
        found.append((run, {(MONITOR, seed): final_statistic(score, TICK_S) for seed, score in scores.items()}))
    return found


def test_a_score_holds_until_the_next_one() -> None:
    assert held(np.array([1.0, 2.0, 3.0]), 5).tolist() == [1.0, 1.0, 2.0, 2.0, 3.0]


def test_files_hold_the_same_tensors_or_not() -> None:
    one, other = (WEIGHTS_FOLDER / f"{name}.safetensors" for name in ("head_ensemble", "mc_dropout"))
    assert same_tensors(one, one) and not same_tensors(one, other)


def test_figures_of_a_fit_are_those_of_the_summary() -> None:
    calibration, test = runs("c"), runs("t")
    points = fitted_points(calibration)
    ground, judged = judge(test, points)
    found = figures(judged[KNOWS], ground)
    described = {"name": MONITOR, "unit": "deg", "privileged": False, "declared_latency_s": 0.02}
    campaign = {"monitors": [described], "thresholds": {"monitors": {MONITOR: {"points": {POINT: points[KNOWS]}}}}}
    row = summarise([run for run, _ in test], campaign)["monitors"][0]
    point = row["points"][0]
    assert found["auroc_within"] == pytest.approx(row["auroc_within"]["value"])
    assert found["auroc_pooled"] == pytest.approx(row["auroc_pooled"]["value"])
    assert (sum(judged[KNOWS].found), sum(ground.detectable)) == (
        point["event_recall"]["k"],
        point["event_recall"]["n"],
    )
    assert found["false_alarms_per_min"] == pytest.approx(point["false_alarms_per_min"]["all"]["value"])
    other = figures(judged[GUESSES], ground)
    assert found["auroc_within"] > 0.9 and 0.3 < other["auroc_within"] < 0.7


def test_a_run_in_which_the_agent_failed_fits_no_threshold() -> None:
    calibration = runs("c")
    broken = episode(pair="x", ticks=calibration[0][0].ticks, outcome="agent_error")
    loud = {fit: statistic + 1e3 for fit, statistic in calibration[0][1].items()}
    assert fitted_points([*calibration, (broken, loud)]) == fitted_points(calibration)


def test_without_a_threshold_there_is_no_recall_and_ranking_stays() -> None:
    ground, judged = judge(runs("t"), {KNOWS: None, GUESSES: {"theta_on": 2.0, "theta_off": 2.0}})
    assert figures(judged[KNOWS], ground)["event_recall"] is None
    assert figures(judged[GUESSES], ground)["event_recall"] == 0.0
    drawn = drawn_figures([judged[GUESSES], judged[KNOWS]], ground)
    recall = over_seeds(drawn["event_recall"])
    assert recall["mean"] is recall["lowest"] is recall["low"] is None and recall["by_seed"] == [0.0, None]
    assert over_seeds(drawn["auroc_within"])["highest"] > 0.9


def test_the_spread_is_that_of_the_seeds() -> None:
    ground, judged = judge(runs("t"), fitted_points(runs("c")))
    within = over_seeds(drawn_figures([judged[KNOWS], judged[GUESSES]], ground)["auroc_within"])
    values = [figures(judged[fit], ground)["auroc_within"] for fit in (KNOWS, GUESSES)]
    assert within["by_seed"] == values and within["mean"] == pytest.approx(np.mean(values))
    assert (within["lowest"], within["highest"]) == (min(values), max(values))
    assert within["low"] <= within["mean"] <= within["high"]


def test_monitors_lie_apart_where_the_worst_seed_of_one_beats_the_best_of_the_other() -> None:
    rng = np.random.default_rng(0)

    def drawn(values: list[float]) -> dict[str, Drawn]:
        return dict.fromkeys(
            ("auroc_within", "auroc_pooled", "event_recall"),
            Drawn(values, np.mean(values) + 0.01 * rng.normal(size=500)),
        )

    found = differences({"low": drawn([0.5, 0.6]), "middle": drawn([0.58, 0.7]), "high": drawn([0.8, 0.9])})
    within = {(row["better"], row["worse"]): row for row in found if row["figure"] == "auroc_within"}
    assert within["high", "low"]["beyond_seeds"] and within["high", "middle"]["beyond_seeds"]
    assert not within["middle", "low"]["beyond_seeds"]
    row = within["high", "low"]
    assert row["difference"] == pytest.approx(0.3) and row["low"] < 0.3 < row["high"] and row["low"] > 0.2
