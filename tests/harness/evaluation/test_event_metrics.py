"""The rulings on single alarm episodes, and the figures over runs."""

from dataclasses import dataclass

import numpy as np
import pytest

from harness.evaluation.departures import find_departures
from harness.evaluation.event_figures import event_figures
from harness.evaluation.event_metrics import AlarmCounts, Exposure, judge_run, run_truth
from harness.evaluation.stretches import InvalidTraceError
from harness.evaluation.zones import find_zones
from tests.harness.evaluation.synthetic import TICK_S, ticks_of

ONSET = 400


def judge(*alarmed, n=460, onset=ONSET, level=0.0):
    ticks = ticks_of(n, onset_tick=onset, sensor_level=level)
    zones = find_zones(find_departures(ticks, TICK_S), ticks["odd_mask"], ticks["sensor_level"], TICK_S)
    alarm = np.zeros(n, dtype=bool)
    for start, end in alarmed:
        alarm[start:end] = True
    return judged(alarm, run_truth(zones, ticks["speed_mps"], TICK_S, shift_seed=1))


@dataclass
class Judged:
    """Counts and leads of one run beside its exposure, attribute by attribute."""

    counts: AlarmCounts
    lead_s: tuple[float, ...]
    exposure: Exposure

    def __getattr__(self, name):
        return getattr(self.counts, name)


def judged(alarm, truth):
    run = judge_run(alarm, truth)
    return Judged(run.counts, run.lead_s, truth.exposure)


def test_an_alarm_in_the_positive_zone_is_a_hit_with_its_lead():
    run = judge((350, 360))
    assert (run.hits, run.useful, run.false_alarms, run.late) == (1, 1, 0, 0)
    assert run.lead_s == pytest.approx((2.5,))


def test_an_alarm_that_starts_in_the_reaction_zone_is_late_and_not_false():
    run = judge((380, 400))
    assert (run.hits, run.useful, run.false_alarms, run.late) == (0, 0, 0, 1)


def test_an_alarm_that_ends_before_the_positive_zone_is_false():
    run = judge((200, 240))
    assert (run.hits, run.false_alarms, run.late) == (0, 1, 0)


def test_an_alarm_that_lasts_into_the_zone_is_a_hit_and_no_false_alarm():
    run = judge((250, 345))
    assert (run.hits, run.useful, run.false_alarms) == (1, 1, 0)
    assert run.lead_s == pytest.approx((7.5,))


def test_an_alarm_that_began_more_than_ten_seconds_early_is_a_hit_and_a_false_alarm():
    assert judge((200, 345)).false_alarms == 0
    run = judge((199, 345))
    assert (run.hits, run.useful, run.false_alarms) == (1, 1, 1)
    assert run.lead_s == (10.0,)


def test_a_latched_alarm_is_one_episode_with_full_duty():
    run = judge((0, 460))
    assert (run.useful, run.false_alarms) == (1, 1)
    assert run.alarmed_s == run.exposure.negative_s == pytest.approx(15.0)


def test_an_alarm_after_the_departure_counts_as_nothing():
    run = judge((405, 460))
    assert (run.useful, run.false_alarms, run.late, run.hits) == (0, 0, 0, 0)


def test_an_alarm_in_the_warm_up_counts_only_if_it_outlasts_it():
    assert judge((0, 40), onset=None).false_alarms == 0
    assert judge((0, 42), onset=None).false_alarms == 1


def test_false_alarms_are_split_by_the_state_of_the_sensor():
    assert judge((100, 110), onset=None).false_nominal == 1
    assert judge((100, 110), onset=None, level=0.4).false_degraded == 1


def test_an_event_before_warm_up_and_reaction_is_only_in_the_recall_over_all():
    run = judge((0, 20), n=120, onset=45)
    assert (run.events, run.detectable, run.hits) == (1, 0, 0)


def test_chance_recall_of_a_periodic_alarm_matches_its_coverage():
    # Up for 1 tick every 100: a 40-tick zone meets it in 40 % of all phases.
    run = judge(*[(k, k + 1) for k in range(0, 400, 100)])
    assert run.chance_hits == pytest.approx(0.4, abs=0.11)
    assert judge((0, 460)).chance_hits == 1.0
    assert judge().chance_hits == 0.0


def test_a_length_mismatch_is_an_error():
    ticks = ticks_of(100)
    zones = find_zones([], ticks["odd_mask"], ticks["sensor_level"], TICK_S)
    with pytest.raises(InvalidTraceError):
        judge_run(np.zeros(99, dtype=bool), run_truth(zones, ticks["speed_mps"], TICK_S, 0))
    with pytest.raises(InvalidTraceError):
        run_truth(zones, np.zeros(99), TICK_S, 0)


def figures(runs, **settings):
    return event_figures(
        np.array([run.counts for run in runs]),
        np.array([run.exposure for run in runs]),
        [lead for run in runs for lead in run.lead_s],
        ["clear"] * len(runs),
        seed=0,
        **settings,
    )


def test_without_events_recall_is_null_and_without_alarms_precision_is_null():
    result = figures([judge(onset=None) for _ in range(20)])
    assert result["event_recall"]["value"] is None
    assert result["event_recall"]["n"] == 0
    assert result["precision"]["value"] is None
    assert result["chance_recall"] is None
    assert (result["lead_s"]["values"], result["lead_s"]["median"], result["lead_s"]["p10"]) == ([], None, None)
    assert result["lead_s"]["share_at_least"]["1"]["value"] is None
    assert result["duty"]["value"] == 0.0


def test_fewer_than_ten_events_give_counts_and_no_rate():
    recall = figures([judge((350, 360))] * 9)["event_recall"]
    assert (recall["k"], recall["n"], recall["value"], recall["reason"]) == (
        9,
        9,
        None,
        "fewer than 10 events",
    )
    assert figures([judge((350, 360))] * 10)["event_recall"]["value"] == 1.0


def test_figures_add_up_over_runs():
    runs = [judge((350, 360))] * 8 + [judge((385, 400))] * 2 + [judge((100, 110), onset=None)] * 10
    result = figures(runs)
    assert result["event_recall"]["value"] == pytest.approx(0.8)
    assert result["late_share"]["value"] == pytest.approx(0.2)
    assert result["precision"]["value"] == pytest.approx(8 / 18)
    minutes = (10 * 300 + 10 * 360) * TICK_S / 60
    assert result["false_alarms_per_min"]["all"]["value"] == pytest.approx(10 / minutes)
    assert result["false_alarms_per_min"]["degraded_safe"]["value"] is None
    assert result["false_alarms_per_km"]["n"] == pytest.approx(minutes * 60 * 10.0 / 1000)
    assert result["departed_without_warning_per_km"]["k"] == 2
    assert result["departed_without_warning_per_km"]["upper_95_one_sided"] > 0
