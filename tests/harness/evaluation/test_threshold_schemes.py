"""Schemes T1, T3, T4, T5, and the curve against the alarms it stands for."""

import numpy as np
import pytest
from scipy.stats import gamma

from harness.evaluation.alarm_curve import ALARMED_S, FALSE, FOUND, USEFUL, alarm_curve
from harness.evaluation.alarms import alarm_from_statistic, final_statistic
from harness.evaluation.event_metrics import judge_run, judge_thresholds
from harness.evaluation.summary import summarise
from harness.evaluation.threshold_schemes import adaptive_conformal, cheapest, conformal_threshold, gamma_threshold
from harness.evaluation.thresholds import calibration_truth, fit_thresholds
from tests.harness.evaluation.synthetic import TICK_S, episode, ticks_of


@pytest.mark.parametrize("confidence", [0.95, 0.99, 0.999])
def test_t1_is_the_quantile_of_the_fitted_gamma(confidence):
    sample = gamma.rvs(3.0, scale=2.0, size=20_000, random_state=1)
    assert gamma_threshold(np.r_[sample, 0.0, np.nan], confidence) == pytest.approx(
        gamma.ppf(confidence, 3.0, scale=2.0), rel=0.03
    )


def test_t1_has_no_answer_for_scores_that_no_gamma_distribution_has():
    assert gamma_threshold(np.ones(100), 0.95) is None
    assert gamma_threshold(np.linspace(-1, 1, 100), 0.95) is None
    assert gamma_threshold(np.linspace(0.1, 1, 19), 0.95) is None


def test_t4_weighs_misses_against_false_alarms_and_prefers_the_stricter():
    misses, false = [5, 3, 1, 0], [0, 4, 30, 200]
    assert cheapest(misses, false, 1.0) == 0
    assert cheapest(misses, false, 10.0) == 1
    assert cheapest(misses, false, 100.0) == 2
    assert cheapest([1, 1], [0, 0], 10.0) == 0


def test_t5_keeps_its_promise_where_the_scores_drift_and_t2_does_not():
    rng = np.random.default_rng(0)
    calibration = rng.normal(size=99)
    stream = rng.normal(size=6000) + np.linspace(0, 1.5, 6000)
    fixed = np.mean(stream > conformal_threshold(calibration, 0.1))
    adapted = np.mean([step.exceeded for step in adaptive_conformal(calibration, stream, 0.1)])
    assert fixed > 0.2
    assert adapted == pytest.approx(0.1, abs=0.02)


def test_t5_is_t2_before_it_has_seen_anything():
    calibration = np.arange(19.0)
    (first, *_) = adaptive_conformal(calibration, [100.0, 0.0], 0.1)
    assert first.theta == conformal_threshold(calibration, 0.1) and first.exceeded


def runs(conditions, per_condition, departs=False):
    found = []
    for c, condition in enumerate(conditions):
        for k in range(per_condition):
            rng = np.random.default_rng((c, k))
            score = rng.normal(loc=5.0 + 3.0 * c, size=500)
            onset = 400 if departs and k % 2 else None
            if onset:
                score[350:400] += 4.0
            found.append(
                episode(pair=f"{condition}{k}", condition=condition, ticks=ticks_of(500, onset, scores={"m": score}))
            )
    return found


def test_t3_fits_each_condition_alone_and_is_judged_in_each_alone():
    fitted = fit_thresholds(runs(["clear", "fog"], 12), ["m"], {})
    point = fitted["monitors"]["m"]["points"]["conformal10_by_condition"]
    clear, fog = point["by_condition"]["clear"], point["by_condition"]["fog"]
    assert fog["theta_on"] - clear["theta_on"] == pytest.approx(3.0, abs=0.4)
    test = [
        *runs(["clear", "fog"], 12),
        *(episode(pair=f"s{k}", condition="snow", ticks=ticks_of(500, scores={"m": np.zeros(500)})) for k in range(3)),
    ]
    (monitor,) = summarise(test, {"thresholds": fitted})["monitors"]
    judged = {p["point"]: p for p in monitor["points"]}["conformal10_by_condition"]
    assert judged["runs_without_threshold"] == 3
    assert judged["theta_on"] is None and set(judged["by_condition"]) == {"clear", "fog"}
    assert judged["runs_with_false_alarm"]["n"] == 24


def test_t4_is_the_cheapest_of_the_curve_on_the_calibration_runs():
    episodes = runs(["clear"], 20, departs=True)
    fitted = fit_thresholds(episodes, ["m"], {})["monitors"]["m"]
    thetas = np.array(
        [[pair["theta_on"], pair["theta_off"]] for pair in [*fitted["curve"], fitted["points"]["cost10"]]]
    )
    counts = sum(alarm_curve(final_statistic(e.raw_score("m"), TICK_S), thetas, calibration_truth(e)) for e in episodes)
    cost = 10 * (10 - counts[:, FOUND]) + counts[:, FALSE]
    assert cost[-1] == cost.min()


@pytest.mark.parametrize("latency_s", [0.0, 0.15])
def test_the_curve_equals_the_alarms_one_by_one(latency_s):
    data = runs(["clear"], 2, departs=True)[1]
    truth, statistic = calibration_truth(data), final_statistic(data.raw_score("m"), TICK_S)
    thetas = np.array([[k, k - 0.3] for k in np.linspace(4, 8, 9)])
    at_once, leads = judge_thresholds(statistic, thetas, truth, latency_s)
    for k, (row, (on, off)) in enumerate(zip(alarm_curve(statistic, thetas, truth, latency_s), thetas, strict=True)):
        alone = judge_run(alarm_from_statistic(statistic, on, off, TICK_S, latency_s), truth)
        counts = alone.counts
        assert at_once[k] == pytest.approx(counts) and leads[k] == alone.lead_s
        assert row[FOUND] == counts.hits_detectable
        assert (row[USEFUL], row[FALSE]) == (counts.useful, counts.false_alarms)
        assert row[ALARMED_S] == pytest.approx(counts.alarmed_s)


def test_curve_sweep_and_conditions_are_in_the_summary():
    fitted = fit_thresholds(runs(["clear", "fog"], 12, departs=True), ["m"], {})
    (monitor,) = summarise(runs(["clear", "fog"], 12, departs=True), {"thresholds": fitted})["monitors"]
    recalls = [row["event_recall"]["k"] for row in monitor["curve"]]
    assert len(recalls) >= 10 and recalls[0] < recalls[-1]
    settings = {(row["reaction_s"], row["horizon_s"]) for row in monitor["sweep"]["rows"]}
    assert settings == {(0.5, 3), (1, 3), (1.5, 3), (2.5, 3), (1, 2), (1, 4), (1, 6)}
    main = {p["point"]: p for p in monitor["points"]}["fa0.50"]
    swept = next(row for row in monitor["sweep"]["rows"] if (row["reaction_s"], row["horizon_s"]) == (1, 3))
    assert swept["event_recall"] == main["event_recall"]
    assert swept["false_alarms_per_min"]["k"] == main["false_alarms_per_min"]["all"]["k"]
    by_condition = monitor["by_condition"]["rows"]
    assert sum(row["event_recall"]["k"] for row in by_condition) == main["event_recall"]["k"]
    published = {row["scorer"]: row for row in monitor["published_scorers"]["rows"]}
    assert set(published) == {"selforacle", "ampmof", *(f"thirdeye TTM {k} s max" for k in (1, 2, 3))}
    assert published["ampmof"]["tp"] + published["ampmof"]["fn"] == 12
    assert monitor["adaptive10"]["runs_with_false_alarm"]["n"] == 24
