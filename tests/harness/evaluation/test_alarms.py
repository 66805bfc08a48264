"""From scores to alarms: hysteresis, faults, latency, episodes; the loop's filter equals the offline form."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.evaluation.alarms import (
    AlarmFilter,
    ThresholdError,
    alarm_episodes,
    alarm_from_statistic,
    alarm_signal,
    fault_ticks,
    final_statistic,
)
from harness.evaluation.stretches import Stretch

TICK_S = 0.05


def test_the_statistic_is_the_trailing_half_second_mean():
    scores = np.random.default_rng(0).normal(size=200).astype(np.float32)
    oracle = pd.Series(scores.astype(np.float64)).rolling(10, min_periods=1).mean()
    np.testing.assert_allclose(final_statistic(scores, TICK_S), oracle, atol=1e-12)


def test_the_statistic_is_causal():
    scores = np.random.default_rng(1).normal(size=100)
    changed = scores.copy()
    changed[60:] = 99.0
    assert np.array_equal(final_statistic(scores, TICK_S)[:60], final_statistic(changed, TICK_S)[:60])


def alarm_at(statistic, on=1.0, off=0.5, latency=0.0):
    return np.flatnonzero(alarm_from_statistic(np.asarray(statistic, dtype=float), on, off, TICK_S, latency)).tolist()


def test_the_alarm_needs_100_ms_strictly_above_to_rise_and_100_ms_below_to_fall():
    assert alarm_at([0, 2, 0, 2, 2, 0.7, 0.7, 0.4, 0.7, 0.4, 0.4, 0]) == [4, 5, 6, 7, 8, 9]


def test_a_score_equal_to_the_threshold_raises_no_alarm():
    assert alarm_at([1.0] * 10) == []
    assert alarm_at([2.0, 2.0, 0.5, 0.5, 0.5]) == [1, 2, 3, 4]


def test_a_fault_raises_the_alarm_while_it_lasts_and_stays_out_of_the_mean():
    scores = np.zeros(40)
    scores[10:13] = np.nan
    alarm = alarm_signal(scores, 1.0, 0.5, TICK_S)
    assert np.flatnonzero(alarm).tolist() == [10, 11, 12]
    assert fault_ticks(scores) == 3
    assert final_statistic(scores, TICK_S)[13] == 0.0


def test_an_infinite_score_is_a_fault():
    scores = np.zeros(20)
    scores[5], scores[6] = np.inf, 1e300
    assert np.flatnonzero(alarm_signal(scores, 1.0, 0.5, TICK_S)).tolist() == [5, 6]


def test_a_fault_interrupts_the_debounce_and_keeps_the_state():
    assert alarm_at([2, np.nan, 2, 0, 0]) == [1]
    assert alarm_at([2, 2, 0, np.nan, 0, 0]) == [1, 2, 3, 4]


def test_the_alarm_takes_effect_after_the_declared_latency_rounded_up():
    assert alarm_at([2, 2, 2, 0, 0, 0, 0], latency=0.1) == [3, 4, 5]
    assert alarm_at([2, 2, 2, 0, 0, 0, 0], latency=0.06) == [3, 4, 5]
    assert alarm_at([2, 2, 2], latency=10.0) == []


def test_episodes_merge_over_gaps_shorter_than_one_second():
    alarm = np.zeros(100, dtype=bool)
    alarm[[10, 30, 51, 99]] = True
    assert alarm_episodes(alarm, TICK_S) == [Stretch(10, 31), Stretch(51, 52), Stretch(99, 100)]


def test_an_empty_run_has_no_alarm():
    assert alarm_signal(np.zeros(0), 1.0, 0.5, TICK_S).shape == (0,)


@pytest.mark.parametrize(("on", "off"), [(1.0, 1.1), (np.nan, 0.0), (1.0, np.nan)])
def test_thresholds_that_define_no_alarm_are_refused(on, off):
    with pytest.raises(ThresholdError):
        AlarmFilter(on, off, TICK_S)
    with pytest.raises(ThresholdError):
        alarm_signal(np.zeros(5), on, off, TICK_S)


scores_strategy = st.lists(
    st.one_of(
        st.floats(-3, 3, allow_nan=False),
        st.sampled_from([float("nan"), float("inf"), 1.0, 0.5, 0.1]),
    ),
    max_size=120,
)


@settings(max_examples=300, deadline=None)
@given(
    scores=scores_strategy,
    theta_on=st.sampled_from([0.1, 0.5, 1.0]),
    drop=st.sampled_from([0.0, 0.1, 0.5]),
    tick_s=st.sampled_from([0.02, 0.05, 0.1, 1 / 30, 0.7]),
    latency=st.sampled_from([0.0, 0.05, 0.1, 0.31]),
)
def test_the_filter_in_the_loop_equals_the_offline_alarm(scores, theta_on, drop, tick_s, latency):
    filter_ = AlarmFilter(theta_on, theta_on - drop, tick_s, latency)
    online = [filter_.step(score) for score in scores]
    assert online == alarm_signal(scores, theta_on, theta_on - drop, tick_s, latency).tolist()


def test_scores_just_at_the_threshold_agree_bit_for_bit():
    """0.1 is no float32: the filter and the record must still see the same number."""
    scores = [0.1] * 30
    filter_ = AlarmFilter(0.1, 0.1, TICK_S)
    assert [filter_.step(s) for s in scores] == alarm_signal(np.float32(scores), 0.1, 0.1, TICK_S).tolist()
