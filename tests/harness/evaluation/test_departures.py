"""Departure grades, events and the online detector."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.evaluation.departures import (
    OnlineDepartureDetector,
    OnlineStuckDetector,
    find_collisions,
    find_departures,
    find_stuck,
)
from harness.evaluation.stretches import InvalidTraceError, Stretch

TICK_S = 0.05


def tick_table(margin, offset=None, off_road=None, odd=None):
    n = len(margin)
    return pd.DataFrame(
        {
            "time_s": np.arange(n) * TICK_S,
            "route_s_m": np.arange(n) * 0.5,
            "lane_margin_m": np.asarray(margin, dtype=np.float32),
            "lateral_offset_m": np.zeros(n, np.float32) if offset is None else np.asarray(offset, np.float32),
            "lane_width_m": np.full(n, 3.5, np.float32),
            "off_road": np.zeros(n, bool) if off_road is None else off_road,
            "odd_mask": np.zeros(n, bool) if odd is None else odd,
        }
    )


def margin_with(n, *stretches):
    margin = np.full(n, 0.5)
    for start, end in stretches:
        margin[start:end] = -0.1
    return margin


def onsets(ticks, grade="G0"):
    return [d.onset_tick for d in find_departures(ticks, TICK_S) if d.grade == grade]


def test_a_touch_shorter_than_200_ms_is_no_departure():
    assert onsets(tick_table(margin_with(100, (50, 53)))) == []
    assert onsets(tick_table(margin_with(100, (50, 54)))) == [50]


def test_touches_that_are_each_too_short_do_not_add_up():
    assert onsets(tick_table(margin_with(100, (50, 53), (55, 58)))) == []


def test_gaps_shorter_than_one_second_merge_and_exactly_one_second_does_not():
    assert onsets(tick_table(margin_with(200, (50, 60), (79, 90)))) == [50]
    assert onsets(tick_table(margin_with(200, (50, 60), (80, 90)))) == [50, 80]


def test_an_event_names_its_times_and_place():
    (departure,) = find_departures(tick_table(margin_with(100, (40, 60))), TICK_S)
    assert departure.to_json() == {
        "grade": "G0",
        "onset_s": pytest.approx(2.0),
        "end_s": pytest.approx(3.0),
        "onset_route_s_m": 20.0,
    }


def test_grades_are_independent():
    offset = np.zeros(100)
    offset[50:52], offset[60:62] = 1.2, -1.8
    off_road = np.zeros(100, dtype=bool)
    off_road[90] = True
    ticks = tick_table(np.full(100, 0.5), offset, off_road)
    assert onsets(ticks, "G0") == []
    assert onsets(ticks, "G1") == [50]
    assert onsets(ticks, "G2") == [60]
    assert onsets(ticks, "G3") == [90]


def test_a_departure_counts_only_outside_the_odd_mask():
    odd = np.zeros(100, dtype=bool)
    odd[40:60] = True
    assert onsets(tick_table(margin_with(100, (45, 58)), odd=odd)) == []
    assert onsets(tick_table(margin_with(100, (45, 70)), odd=odd)) == [60]


def test_undefined_lane_geometry_is_an_error_outside_the_odd_mask_only():
    margin = margin_with(100)
    margin[30] = np.nan
    with pytest.raises(InvalidTraceError, match="row 30"):
        find_departures(tick_table(margin), TICK_S)
    odd = np.zeros(100, dtype=bool)
    odd[30] = True
    assert find_departures(tick_table(margin, odd=odd), TICK_S) == []


def test_stuck_needs_more_than_five_seconds_of_wanting_to_move():
    speed = np.zeros(300)
    target = np.full(300, 5.0)
    assert find_stuck(speed[:100], target[:100], TICK_S) == []
    assert find_stuck(speed[:101], target[:101], TICK_S) == [Stretch(0, 101)]
    assert find_stuck(speed, np.zeros(300), TICK_S) == []


def test_collision_contacts_close_together_are_one_event():
    collision = np.zeros(100, dtype=bool)
    collision[[10, 12, 60]] = True
    assert find_collisions(collision, TICK_S) == [Stretch(10, 13), Stretch(60, 61)]


@settings(max_examples=50, deadline=None)
@given(
    runs=st.lists(st.tuples(st.sampled_from([-0.2, -1e-9, 0.0, 0.4]), st.integers(1, 25)), min_size=1, max_size=12),
    tick_s=st.sampled_from([0.02, 0.05, 0.1]),
    odd_seed=st.integers(0, 5),
)
def test_the_online_detector_equals_the_offline_one_on_every_prefix(runs, tick_s, odd_seed):
    margin = np.concatenate([np.full(length, value) for value, length in runs])
    odd = np.random.default_rng(odd_seed).random(len(margin)) < 0.05 * odd_seed
    ticks = tick_table(margin, odd=odd)
    ticks["time_s"] = np.arange(len(margin)) * tick_s
    detector = OnlineDepartureDetector(tick_s)
    for k in range(len(margin)):
        departed = detector.update(float(margin[k]), float(ticks["time_s"][k]), bool(odd[k]))
        offline = [d for d in find_departures(ticks.iloc[: k + 1], tick_s) if d.grade == "G0"]
        assert departed == bool(offline)
        assert detector.onset_s == (offline[0].onset_s if offline else None)


@settings(max_examples=50, deadline=None)
@given(
    runs=st.lists(
        st.tuples(st.sampled_from([0.0, 0.5 - 1e-9, 0.5, 3.0]), st.sampled_from([0.0, 5.0]), st.integers(1, 70)),
        min_size=1,
        max_size=6,
    ),
    tick_s=st.sampled_from([0.05, 0.1]),
)
def test_the_online_stuck_detector_equals_the_offline_one_on_every_prefix(runs, tick_s):
    speed = np.concatenate([np.full(length, speed, np.float64) for speed, _, length in runs])
    target = np.concatenate([np.full(length, target) for _, target, length in runs])
    recorded = speed.astype(np.float32)
    detector = OnlineStuckDetector(tick_s)
    for k in range(len(speed)):
        stuck = find_stuck(recorded[: k + 1], target[: k + 1], tick_s)
        assert detector.update(float(speed[k]), float(target[k])) == bool(stuck and stuck[-1].end == k + 1)
