"""Notice of a departure: runs whose answer is known by construction."""

import numpy as np
import pytest

from harness.evaluation.departures import find_departures
from harness.evaluation.notice import notice_figures, notice_of
from harness.evaluation.zones import find_zones
from tests.harness.evaluation.synthetic import TICK_S, ticks_of


def notice(onset_tick, artifact_from, artifact_to=None, n=460):
    ticks = ticks_of(n, onset_tick=onset_tick)
    if artifact_from is not None:
        ticks.loc[artifact_from : (artifact_to or n) - 1, "sensor_level"] = 0.5
    zones = find_zones(find_departures(ticks, TICK_S), ticks["odd_mask"], ticks["sensor_level"], TICK_S)
    return notice_of(zones, ticks["sensor_level"], TICK_S)


@pytest.mark.parametrize(("artifact_from", "in_time"), [(378, 1), (379, 0)])
def test_an_alarm_needs_its_debounce_before_the_reaction_zone(artifact_from, in_time):
    found = notice(400, artifact_from)
    assert found.notice_s == pytest.approx(((400 - artifact_from) * TICK_S,))
    assert found.in_time == in_time


def test_positive_time_before_the_artifact_is_counted():
    found = notice(400, 360)
    assert (found.positive_ticks, found.positive_ticks_before) == (40, 20)
    assert notice(400, 0).positive_ticks_before == 0
    assert notice(400, 390).positive_ticks_before == 40


def test_the_latest_artifact_counts_also_where_it_is_over():
    assert notice(400, 100, 390).notice_s == pytest.approx((15.0,))


def test_a_departure_without_an_artifact_is_counted_apart():
    found = notice(400, None)
    assert (found.notice_s, found.without_artifact, found.positive_ticks_before) == ((), 1, 40)


def test_figures_add_up_over_runs_and_are_null_where_nothing_departed():
    runs = [notice(400, 360)] * 6 + [notice(400, 390)] * 6 + [notice(400, None)] * 2 + [notice(None, 100)]
    figures = notice_figures(runs, ["a"] * len(runs), seed=1)
    assert (figures["events"], figures["without_artifact"]) == (14, 2)
    assert (figures["in_time"]["k"], figures["in_time"]["n"]) == (6, 12)
    assert figures["notice_s"]["median"] == pytest.approx(np.median([2.0, 0.5]))
    assert figures["positive_before_artifact"]["value"] == pytest.approx((6 * 20 + 8 * 40) / (14 * 40))
    empty = notice_figures([notice(None, None)], ["a"], seed=1)
    assert empty["notice_s"]["median"] is None and empty["in_time"]["value"] is None
    assert empty["positive_before_artifact"]["value"] is None
