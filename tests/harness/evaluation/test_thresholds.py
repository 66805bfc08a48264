"""Operating points: what was promised on the calibration runs holds on them, and on fresh ones as far as it should."""

import numpy as np
import pytest

from harness.evaluation.alarms import alarm_episodes, alarm_from_statistic, final_statistic
from harness.evaluation.threshold_schemes import conformal_threshold
from harness.evaluation.thresholds import (
    DUTY_POINTS,
    FALSE_ALARM_POINTS,
    POINTS,
    CalibrationRun,
    calibration_truth,
    fit_operating_points,
    fit_thresholds,
)
from tests.harness.evaluation.synthetic import TICK_S, episode, ticks_of


def calibration_run(data, monitor):
    statistic = final_statistic(data.raw_score(monitor), data.tick_s)
    return CalibrationRun(statistic, calibration_truth(data), condition=data.condition)


def noisy_runs(n_runs, seed=0, ticks=1300):
    runs = []
    for k in range(n_runs):
        scores = np.random.default_rng((seed, k)).normal(size=ticks)
        runs.append(calibration_run(episode(pair=f"p{k}", ticks=ticks_of(ticks, scores={"m": scores})), "m"))
    return runs


def cost(runs, point):
    episodes, minutes, alarmed = 0, 0.0, 0.0
    for run in runs:
        alarm = alarm_from_statistic(run.statistic, point["theta_on"], point["theta_off"], TICK_S)
        negative = run.truth.zones.negative
        episodes += sum(bool((alarm & negative)[a.start : a.end].any()) for a in alarm_episodes(alarm, TICK_S))
        minutes += negative.sum() * TICK_S / 60
        alarmed += (alarm & negative).sum() * TICK_S / 60
    return episodes / minutes, alarmed / minutes


@pytest.fixture(scope="module")
def calibrated():
    runs = noisy_runs(60)
    return runs, fit_operating_points(runs)


def test_false_alarm_points_are_kept_and_nearly_used_up(calibrated):
    runs, points = calibrated
    for name, limit in FALSE_ALARM_POINTS.items():
        per_minute, _ = cost(runs, points[name])
        assert 0.5 * limit <= per_minute <= limit


def test_duty_points_are_kept_and_nearly_used_up(calibrated):
    runs, points = calibrated
    for name, limit in DUTY_POINTS.items():
        _, duty = cost(runs, points[name])
        assert 0.8 * limit <= duty <= limit


def test_the_lower_threshold_has_one_and_a_half_times_the_exceedance(calibrated):
    runs, points = calibrated
    pooled = np.concatenate([run.statistic[run.truth.zones.negative] for run in runs])
    for point in (point for point in points.values() if point is not None and "theta_on" in point):
        share_on = (pooled > point["theta_on"]).mean()
        share_off = (pooled > point["theta_off"]).mean()
        assert point["theta_off"] <= point["theta_on"]
        assert share_off == pytest.approx(1.5 * share_on, rel=0.1, abs=2 / len(pooled))


def test_looser_limits_give_lower_thresholds(calibrated):
    _, points = calibrated
    thetas = [points[name]["theta_on"] for name in ("fa0.10", "fa0.25", "fa0.50", "duty5", "duty10")]
    assert thetas == sorted(thetas, reverse=True)


def test_conformal_rank():
    maxima = np.arange(1.0, 20.0)  # 19 runs: the 19th for 5 %, the 18th for 10 %
    assert conformal_threshold(maxima, 0.05) == 19.0
    assert conformal_threshold(maxima, 0.10) == 18.0
    assert conformal_threshold(maxima[:18], 0.05) is None
    assert conformal_threshold(np.arange(9.0), 0.10) == 8.0
    assert conformal_threshold(np.arange(8.0), 0.10) is None
    assert conformal_threshold([], 0.10) is None


def test_conformal_promise_holds_on_exchangeable_runs():
    rng = np.random.default_rng(0)
    exceeded = [rng.normal() > conformal_threshold(rng.normal(size=19), 0.1) for _ in range(4000)]
    assert np.mean(exceeded) == pytest.approx(0.1, abs=0.015)


def test_too_few_runs_give_no_conformal_point_but_the_others():
    points = fit_operating_points(noisy_runs(8))
    assert points["conformal10"] is None
    assert points["duty10"] is not None


def test_a_constant_monitor_stays_silent_and_always_on_never_does():
    runs = [
        calibration_run(episode(pair=f"p{k}", ticks=ticks_of(400, scores={"m": np.full(400, 0.7)})), "m")
        for k in range(12)
    ]
    for name in (*FALSE_ALARM_POINTS, *DUTY_POINTS, "conformal10"):
        point = fit_operating_points(runs)[name]
        assert not alarm_from_statistic(np.full(400, np.float32(0.7)), **point, tick_s=TICK_S).any()
    for point in fit_operating_points(runs, always_on=True).values():
        assert np.isfinite(list(point.values())).all()
        assert alarm_from_statistic(np.full(400, np.float32(0.7)), **point, tick_s=TICK_S)[1:].all()


def test_a_monitor_that_latches_cannot_slip_under_the_false_alarm_limit():
    # One endless alarm per long run is few episodes per minute, yet its onset must be paid for at every threshold.
    runs = []
    for k in range(10):
        scores = np.linspace(0, 1, 4000) + 0.01 * k
        runs.append(calibration_run(episode(pair=f"p{k}", ticks=ticks_of(4000, scores={"m": scores})), "m"))
    point = fit_operating_points(runs)["fa0.10"]
    assert cost(runs, point)[0] <= 0.10


def test_a_monitor_that_fails_everywhere_gets_no_point():
    runs = [
        calibration_run(episode(pair=f"p{k}", ticks=ticks_of(400, scores={"m": np.full(400, np.nan)})), "m")
        for k in range(10)
    ]
    assert set(fit_operating_points(runs).values()) == {None}


def test_positive_zones_do_not_count_as_false_alarms():
    runs = []
    for k in range(20):
        scores = np.zeros(460)
        scores[350:460] = 5.0
        scores += np.random.default_rng(k).normal(size=460) * 0.01
        ticks = ticks_of(460, onset_tick=400, scores={"m": scores})
        runs.append(calibration_run(episode(pair=f"p{k}", ticks=ticks), "m"))
    assert fit_operating_points(runs)["fa0.50"]["theta_on"] < 4.0


def test_the_file_has_the_agreed_shape():
    scores = {name: np.random.default_rng(1).normal(size=800) for name in ("m", "always_on")}
    episodes = [episode(pair=f"p{k}", ticks=ticks_of(800, scores=scores)) for k in range(3)]
    fitted = fit_thresholds(episodes, ["m", "always_on"], {"campaign": "calibrate"})
    assert fitted["schema_version"] == 1
    assert fitted["calibration"]["campaign"] == "calibrate"
    assert fitted["calibration"]["runs"] == 3
    assert fitted["calibration"]["eligible_minutes"] == pytest.approx(3 * 700 * TICK_S / 60)
    assert set(fitted["monitors"]["m"]["points"]) == set(POINTS)
    assert len(fitted["fitted_hash"]) == 16
