"""Published ways of counting, flaw by flaw, on traces small enough to count by hand."""

import numpy as np
import pytest
from scipy.stats import gamma

from harness.evaluation.foreign.published_scorers import (
    FrameRun,
    PublishedCounts,
    ampmof,
    mean_of_rounded,
    selforacle,
    thirdeye,
    thirdeye_threshold,
    thirdeye_windows,
)
from harness.evaluation.statistics.intervals import clopper_pearson

FPS = 10.0


def run(n, failures=(), alarms=(), fps=FPS):
    score, failed = np.zeros(n), np.zeros(n, dtype=bool)
    for start in failures:
        failed[start : start + 5] = True
    for start, end in alarms:
        score[start:end] = 1.0
    return FrameRun(score, failed, fps)


def counts(found):
    return found.tp, found.fp, found.fn, found.tn, found.undetectable


def test_the_window_that_is_never_reset_detects_every_later_failure():
    # Only the first of three failures is announced.
    failing = [run(400, failures=(100, 200, 300), alarms=((95, 100),))]
    assert counts(thirdeye([], failing, 0.5, 1)) == (3, 0, 0, 0, 0)
    assert counts(thirdeye([], failing, 0.5, 1, never_reset=False)) == (1, 0, 2, 0, 0)
    # A failure announced last helps nobody before it.
    late = [run(400, failures=(100, 200, 300), alarms=((295, 300),))]
    assert counts(thirdeye([], late, 0.5, 1)) == (1, 0, 2, 0, 0)


@pytest.mark.parametrize(("seconds_ahead", "start"), [(1, 90), (2, 80), (3, 70)])
def test_each_lead_has_its_own_second(seconds_ahead, start):
    inside = [run(200, failures=(100,), alarms=((start, start + 1),))]
    outside = [run(200, failures=(100,), alarms=((start - 1, start), (start + 10, start + 11)))]
    assert thirdeye([], inside, 0.5, seconds_ahead).tp == 1
    assert thirdeye([], outside, 0.5, seconds_ahead).fn == 1


def test_failures_too_early_or_in_crashed_time_are_undetectable():
    assert counts(thirdeye([], [run(100, failures=(8,))], 0.5, 1)) == (0, 0, 0, 0, 1)
    assert counts(thirdeye([], [run(200, failures=(100, 108))], 0.5, 1)) == (0, 0, 1, 0, 1)
    # The judged window itself is written back as crashed: the next failure's window must not reach into it.
    assert counts(thirdeye([], [run(200, failures=(100, 106))], 0.5, 2)) == (0, 0, 1, 0, 1)


def test_false_positives_come_from_the_nominal_lap_alone():
    lap = run(100, alarms=((20, 60),))
    failing = run(400, failures=(300,), alarms=((50, 200),))
    windows = thirdeye_windows(lap)
    assert len(windows) == 9
    found = thirdeye([lap], [failing], 1.0, 1)
    assert found.fp == np.count_nonzero(windows >= 1.0)
    assert found.fp + found.tn == 9


def test_exactly_at_the_threshold_is_an_alarm():
    assert thirdeye([], [run(200, failures=(100,), alarms=((95, 100),))], 1.0, 1).tp == 1


def test_the_threshold_is_a_gamma_quantile_of_the_nominal_windows():
    rng = np.random.default_rng(0)
    lap = FrameRun(rng.gamma(4.0, 0.1, size=3000), np.zeros(3000, dtype=bool), FPS)
    windows = thirdeye_windows(lap)
    shape, _, scale = gamma.fit(windows, floc=0)
    assert thirdeye_threshold([lap], 0.99) == pytest.approx(gamma.ppf(0.99, shape, scale=scale))
    assert thirdeye_threshold([run(300)], 0.99) is None


def test_mean_instead_of_max_hides_a_short_peak():
    failing = [run(200, failures=(100,), alarms=((95, 97),))]
    assert thirdeye([], failing, 0.5, 1, "max").tp == 1
    assert thirdeye([], failing, 0.5, 1, "mean").tp == 0


def test_selforacle_scores_one_anomaly_window_per_failure_and_normal_ones_before_it():
    # 300 frames before the failure: 50 reaction, 30 anomaly, 220 = 7 windows of 30 and 10 left over.
    quiet = selforacle([run(500, failures=(300,))], 0.5)
    # After it: 60 healing, 80 of tail; 60 frames are left: 2 windows.
    assert counts(quiet) == (0, 0, 1, 9, 0)
    assert selforacle([run(500, failures=(300,), alarms=((230, 240),))], 0.5).tp == 1
    assert selforacle([run(500, failures=(300,), alarms=((260, 300),))], 0.5).tp == 0


def test_selforacle_charges_only_the_first_of_a_series_of_false_alarms():
    long = selforacle([run(500, failures=(300,), alarms=((0, 200),))], 0.5)
    assert (long.fp, long.tn) == (1, 2)
    twice = selforacle([run(500, failures=(300,), alarms=((45, 60), (140, 150)))], 0.5)
    assert twice.fp == 2


def test_selforacle_smooths_over_four_frames():
    assert selforacle([run(500, failures=(300,), alarms=((230, 231),))], 0.5).tp == 0
    assert selforacle([run(500, failures=(300,), alarms=((230, 232),))], 0.5).tp == 1


def test_selforacle_restarts_healing_at_a_second_failure():
    once, again = selforacle([run(600, failures=(300,))], 0.5), selforacle([run(600, failures=(300, 340))], 0.5)
    assert (once.fn, again.fn) == (1, 1)
    assert again.tn < once.tn


def test_selforacle_loses_a_failure_without_eighty_clean_frames():
    assert counts(selforacle([run(200, failures=(70,))], 0.5))[:3] == (0, 0, 0)


def test_ampmof_looks_from_sixty_to_five_frames_before_the_failure():
    assert ampmof([run(200, failures=(150,), alarms=((90, 91),))], 0.5).tp == 1
    assert ampmof([run(200, failures=(150,), alarms=((144, 145),))], 0.5).tp == 1
    late = ampmof([run(200, failures=(150,), alarms=((145, 150),))], 0.5)
    assert (late.tp, late.fn) == (0, 1)


def test_ampmof_charges_false_alarms_in_safe_and_in_failing_runs():
    found = ampmof([run(200, failures=(150,), alarms=((0, 30),)), run(90, alarms=((30, 60),))], 0.5)
    assert (found.fp, found.tn) == (2, 4)
    assert ampmof([run(100, failures=(40,))], 0.5).undetectable == 1


def test_published_figures_follow_their_formulas():
    found = PublishedCounts("x", tp=13, fp=28, fn=1, tn=158).to_json()
    p, r = found["precision"], found["recall"]
    assert found["f3"] == pytest.approx(10 * p * r / (9 * p + r))
    # Close to the published CARLA table: precision .317, recall .929 give F3 .78 (.762 as a mean of three agents).
    assert (p, r) == (pytest.approx(0.317, abs=1e-3), pytest.approx(0.929, abs=1e-3))
    assert found["f3"] == pytest.approx(0.779, abs=2e-3)


def test_undefined_is_zero_as_published_and_rounding_comes_before_the_mean():
    empty = PublishedCounts("x", 0, 0, 5, 0).to_json()
    assert (empty["precision"], empty["fpr"], empty["undefined_is"]) == (0.0, 0.0, 0)
    means = mean_of_rounded([PublishedCounts("x", 2, 0, 1, 0), PublishedCounts("x", 0, 0, 1, 0)])
    assert means["recall"] == pytest.approx((67 + 0) / 2)


def test_twenty_two_of_twenty_two_leaves_room_for_fifteen_per_cent_misses():
    low, high = clopper_pearson(22, 22)
    assert (low, high) == (pytest.approx(0.85, abs=0.006), 1.0)


def test_scores_of_another_length_are_refused():
    with pytest.raises(ValueError, match="do not belong together"):
        FrameRun(np.zeros(5), np.zeros(6, dtype=bool), FPS)
