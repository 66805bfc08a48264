"""Masks and zones, case by case."""

import numpy as np
import pytest

from harness.evaluation.departures import find_departures
from harness.evaluation.stretches import InvalidTraceError
from harness.evaluation.zones import find_zones
from tests.harness.evaluation.synthetic import TICK_S, ticks_of


def zones_of(ticks, **settings):
    return find_zones(find_departures(ticks, TICK_S), ticks["odd_mask"], ticks["sensor_level"], TICK_S, **settings)


def span(mask):
    """(first, last + 1) of a mask that is one stretch."""
    where = np.flatnonzero(mask)
    assert (np.diff(where) == 1).all()
    return int(where[0]), int(where[-1]) + 1


def test_positive_zone_reaction_zone_and_negative_time_of_a_run_with_an_event():
    zones = zones_of(ticks_of(460, onset_tick=400))
    (event,) = zones.events
    assert span(event.positive) == (340, 380)
    assert event.reaction_start_tick == 380
    assert event.detectable
    assert span(zones.negative) == (40, 340)
    assert zones.masked[400:].all()


def test_a_run_without_event_is_negative_except_warm_up_and_its_censored_end():
    zones = zones_of(ticks_of(400))
    assert zones.events == ()
    assert span(zones.negative) == (40, 340)


def test_degraded_but_safe_time_is_told_from_nominal_time():
    ticks = ticks_of(400)
    ticks.loc[100:199, "sensor_level"] = 0.3
    zones = zones_of(ticks)
    assert span(zones.degraded_safe) == (100, 200)
    assert zones.nominal.sum() == 200
    assert not (zones.nominal & zones.degraded_safe).any()


def test_odd_ticks_are_masked():
    ticks = ticks_of(400)
    ticks.loc[100:199, "odd_mask"] = True
    assert zones_of(ticks).negative.sum() == 200


@pytest.mark.parametrize(("onset", "detectable"), [(30, False), (55, False), (69, False), (70, True)])
def test_an_event_is_detectable_from_half_a_second_of_positive_zone_on(onset, detectable):
    (event,) = zones_of(ticks_of(200, onset_tick=onset)).events
    assert event.detectable == detectable


def test_a_second_event_within_reach_of_the_first_is_masked_and_a_later_one_counts():
    ticks = ticks_of(1000, onset_tick=300)
    ticks.loc[420:440, "lane_margin_m"] = -0.2
    ticks.loc[700:720, "lane_margin_m"] = -0.2
    zones = zones_of(ticks)
    assert [event.onset_tick for event in zones.events] == [300, 700]
    assert zones.events_masked == 1
    assert not zones.negative[360:420].any()


def test_other_reaction_times_and_horizons():
    zones = zones_of(ticks_of(460, onset_tick=400), reaction_s=0.5, horizon_s=6.0)
    assert span(zones.events[0].positive) == (280, 390)


def test_masks_partition_the_run():
    ticks = ticks_of(1000, onset_tick=500, sensor_level=0.5)
    zones = zones_of(ticks)
    reaction = np.zeros(1000, dtype=bool)
    reaction[480:500] = True
    total = zones.masked.astype(int) + zones.negative + zones.positive + reaction
    assert (total == 1).all()


def test_unequal_lengths_and_impossible_zones_are_errors():
    with pytest.raises(InvalidTraceError):
        find_zones([], np.zeros(5), np.zeros(6), TICK_S)
    with pytest.raises(InvalidTraceError):
        find_zones([], np.zeros(5), np.zeros(5), TICK_S, reaction_s=3.0, horizon_s=3.0)
