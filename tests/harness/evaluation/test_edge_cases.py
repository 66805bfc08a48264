"""The fixed rulings on edge cases, one test each, on synthetic traces."""

import numpy as np
import pytest

from harness.evaluation.alarms import alarm_signal
from harness.evaluation.departures import find_collisions, find_departures
from harness.evaluation.episode_data import EpisodeDataError
from harness.evaluation.episode_facts import facts_of
from harness.evaluation.event_figures import event_figures, missing_bounds
from harness.evaluation.event_metrics import judge_run, run_truth
from harness.evaluation.ranking import RankedRun, auroc, ranking_figures
from harness.evaluation.safety_gain import safety_gain
from harness.evaluation.summary import summarise
from harness.evaluation.windows import cut_windows
from harness.evaluation.zones import find_zones
from tests.harness.evaluation.synthetic import TICK_S, episode, ticks_of

ONSET = 400
TAKEOVER = "takeover:m@fa0.50"


def truth_of(ticks, tick_s=TICK_S):
    zones = find_zones(find_departures(ticks, tick_s), ticks["odd_mask"], ticks["sensor_level"], tick_s)
    return run_truth(zones, ticks["speed_mps"], tick_s, shift_seed=0)


def alarm_of(n, *alarmed):
    alarm = np.zeros(n, dtype=bool)
    for start, end in alarmed:
        alarm[start:end] = True
    return alarm


def judged(*alarmed, n=460, onset=ONSET):
    return judge_run(alarm_of(n, *alarmed), truth_of(ticks_of(n, onset)))


def figures(*runs, n=460, onset=ONSET):
    exposure = truth_of(ticks_of(n, onset)).exposure
    return event_figures(
        np.array([run.counts for run in runs], dtype=float),
        np.array([exposure] * len(runs)),
        [lead for run in runs for lead in run.lead_s],
        ["clear"] * len(runs),
        seed=0,
    )


def test_no_event_in_a_run_gives_negatives_only_and_a_null_recall():
    found = figures(*[judged((100, 110), onset=None)] * 12, onset=None)
    assert (found["event_recall"]["value"], found["event_recall"]["n"]) == (None, 0)
    assert found["windows"]["recall"]["value"] is None
    assert found["windows"]["fpr"]["value"] > 0


def test_no_alarm_at_all_gives_a_null_precision_and_f3_zero_only_if_events_exist():
    silent = figures(*[judged()] * 12)
    assert (silent["precision"]["value"], silent["precision"]["n"]) == (None, 0)
    assert silent["windows"]["precision"]["value"] is None
    assert silent["windows"]["f3"]["value"] == 0.0
    safe = figures(*[judged(onset=None)] * 12, onset=None)
    assert safe["windows"]["f3"]["value"] is None and safe["windows"]["f3"]["reason"]


def test_runs_of_one_class_have_no_auroc_and_are_counted():
    one = RankedRun.of(np.arange(5.0), np.zeros(5, dtype=bool), np.ones(5, dtype=bool))
    found = ranking_figures([one, one], ["a", "a"], seed=0)
    assert (found["auroc_within"]["value"], found["auroc_within"]["k"], found["auroc_within"]["n"]) == (None, 0, 2)


def test_a_constant_score_ranks_one_half_and_at_the_threshold_stays_silent():
    assert auroc(np.ones(10), np.ones(20)) == 0.5
    assert not alarm_signal(np.full(50, 1.0), 1.0, 1.0, TICK_S).any()


def test_an_event_in_the_warm_up_is_undetectable_but_counted_in_all():
    early = judged((0, 50), n=120, onset=55)
    assert (early.counts.events, early.counts.detectable) == (1, 0)
    found = figures(*[early] * 12, n=120, onset=55)
    assert (found["event_recall"]["n"], found["event_recall_all"]["n"]) == (0, 12)


def test_a_positive_zone_shorter_than_half_a_second_after_masking_is_undetectable():
    ticks = ticks_of(460, ONSET)
    ticks.loc[340:370, "odd_mask"] = True
    assert judge_run(alarm_of(460), truth_of(ticks)).counts.detectable == 0
    ticks = ticks_of(460, ONSET)
    ticks.loc[340:369, "odd_mask"] = True
    assert judge_run(alarm_of(460), truth_of(ticks)).counts.detectable == 1


def test_a_second_event_within_reach_is_masked_and_never_reuses_the_first_ones_scores():
    ticks = ticks_of(900, 300)
    ticks.loc[420:430, "lane_margin_m"] = -0.2  # 5 s after the first one ended: within 3 s healing + 3 s horizon
    ticks.loc[700:720, "lane_margin_m"] = -0.2
    truth = truth_of(ticks)
    run = judge_run(alarm_of(900, (250, 260)), truth)
    assert truth.zones.events_masked == 1
    assert (run.counts.events, run.counts.hits) == (2, 1)
    assert (run.counts.tp, run.counts.fn) == (1, 3)


def test_an_alarm_that_lasts_into_the_zone_is_a_hit_with_capped_lead_and_false_too_if_it_began_ten_seconds_early():
    assert judged((210, 345)).counts.false_alarms == 0
    run = judged((190, 345))
    assert (run.counts.hits, run.counts.useful, run.counts.false_alarms, run.lead_s) == (1, 1, 1, (10.0,))
    assert run.counts.alarmed_s == pytest.approx((340 - 190) * TICK_S)


def test_an_alarm_in_the_reaction_zone_is_late_a_miss_and_not_false():
    run = judged((385, 420))
    assert (run.counts.late, run.counts.hits, run.counts.false_alarms) == (1, 0, 0)


def test_a_latched_alarm_is_one_episode_with_full_duty():
    found = figures(*[judged((0, 460), onset=None)] * 12, onset=None)
    assert found["duty"]["value"] == 1.0
    assert found["false_alarms_per_min"]["all"]["k"] == 12


@pytest.mark.parametrize("break_ticks", [lambda t: t.drop(index=70), lambda t: t.assign(time_s=t["time_s"] ** 1.01)])
def test_missing_or_jittering_ticks_of_our_own_records_are_an_error(break_ticks):
    with pytest.raises(EpisodeDataError, match="does not advance"):
        summarise([episode(ticks=break_ticks(ticks_of(200)))], {})


def test_zones_and_windows_are_seconds_at_any_rate_and_windows_hold_three_samples():
    spans = {}
    for tick_s in (0.02, 0.05, 0.1):
        n, onset = round(23 / tick_s), round(20 / tick_s)
        ticks = ticks_of(n, onset, event_ticks=n - onset)
        ticks["time_s"] = np.arange(n) * tick_s
        truth = truth_of(ticks, tick_s)
        spans[tick_s] = (truth.zones.positive.sum() * tick_s, truth.exposure.negative_s)
        assert (len(truth.windows.positive), len(truth.windows.negative)) == (2, 15)
    assert all(span == pytest.approx((2.0, 15.0)) for span in spans.values())
    coarse = find_zones([], np.zeros(50), np.zeros(50), 0.5)
    assert len(cut_windows(coarse, 0.5).negative) == 0


def test_a_collision_without_lane_exit_is_a_class_of_its_own():
    ticks = ticks_of(200)
    ticks.loc[100, "collision"] = True
    assert find_collisions(ticks["collision"], TICK_S)
    assert find_departures(ticks, TICK_S) == []
    data = episode(ticks=ticks, end_reason="collision")
    data.events["collisions"] = [{"time_s": 5.0, "other": "x"}]
    summary = summarise([data], {})
    assert (summary["departures"]["collisions"], summary["counts"]["departures"]) == (1, 0)


@pytest.mark.parametrize("outcome", ["infrastructure_error", "invalid"])
def test_lost_runs_enter_no_figure_but_the_bounds(outcome):
    runs = [episode(pair=f"p{k}", ticks=ticks_of(300, 200), end_reason="departure") for k in range(15)]
    runs += [episode(pair=f"s{k}", ticks=ticks_of(300)) for k in range(15)]
    lost = [episode(pair=f"x{k}", outcome=outcome, end_reason=None) for k in range(10)]
    departures = summarise([*runs, *lost], {})["departures"]
    assert departures["departed"]["value"] == 0.5
    assert departures["departed_bounds"] == {"low": pytest.approx(15 / 40), "high": pytest.approx(25 / 40)}
    assert missing_bounds(0, 0, 0) == {"low": None, "high": None}


def facts(mode, pair, onset=None):
    return facts_of(episode(mode, pair, ticks=ticks_of(600, onset), end_reason="departure" if onset else "route_end"))


def test_a_takeover_that_departs_itself_is_not_saved_and_still_a_departure_of_that_mode():
    pairs = [facts("shadow", f"p{k}", 200) for k in range(12)] + [facts(TAKEOVER, f"p{k}", 210) for k in range(12)]
    (entry,) = safety_gain(pairs, {}, seed=0)
    assert (entry["saved"], entry["sg"]["value"], entry["rh_per_km"]["k"]) == (0, 0.0, 12)


def test_a_twin_that_departs_where_the_agent_alone_did_not_is_harm():
    pairs = [facts("shadow", f"p{k}", 200 if k < 12 else None) for k in range(24)]
    pairs += [facts(TAKEOVER, f"p{k}", None if k < 12 else 300) for k in range(24)]
    (entry,) = safety_gain(pairs, {}, seed=0)
    assert (entry["saved"], entry["harmed"], entry["sg"]["value"]) == (12, 12, 0.0)


def test_without_departures_the_gain_is_null_and_the_costs_are_reported():
    pairs = [facts("shadow", f"p{k}") for k in range(12)] + [facts(TAKEOVER, f"p{k}") for k in range(12)]
    (entry,) = safety_gain(pairs, {}, seed=0)
    assert entry["sg"]["value"] is None and entry["sg"]["reason"]
    assert entry["ac"]["value"] == 0.0 and entry["rh_per_km"]["n"] > 0


def test_twins_with_the_same_seed_and_another_outcome_are_reported():
    shadow = episode("shadow", "p", ticks=ticks_of(300, seed=1))
    twin = episode(TAKEOVER, "p", ticks=ticks_of(300, seed=2))
    (entry,) = summarise([shadow, twin], {})["safety_gain"]
    assert entry["twins_diverged_early"] == 1


def test_a_monitor_fault_raises_the_alarm_and_is_counted_apart():
    score = np.zeros(400)
    score[200:203] = np.nan
    points = {"points": {"fa0.50": {"theta_on": 0.5, "theta_off": 0.4}}}
    data = [episode(pair=f"p{k}", ticks=ticks_of(400, scores={"m": score})) for k in range(12)]
    (monitor,) = summarise(data, {"thresholds": {"monitors": {"m": points}}})["monitors"]
    assert monitor["faults"] == {"ticks": 36, "of_ticks": 4800}
    assert monitor["points"][0]["false_alarms_per_min"]["all"]["k"] == 12


def test_a_failure_of_the_agent_is_an_event_at_its_tick():
    warned = np.zeros(400)
    warned[345:360] = 1.0
    points = {"points": {"fa0.50": {"theta_on": 0.5, "theta_off": 0.4}}}
    data = [
        episode(
            pair=f"p{k}", ticks=ticks_of(400, scores={"m": warned}), outcome="agent_error", end_reason="agent_error"
        )
        for k in range(12)
    ]
    summary = summarise(data, {"thresholds": {"monitors": {"m": points}}})
    (point,) = summary["monitors"][0]["points"]
    assert (point["event_recall"]["k"], point["event_recall"]["n"]) == (12, 12)
    assert point["false_alarms_per_min"]["all"]["k"] == 0
    assert point["lead_s"]["median"] == pytest.approx((399 - 351) * TICK_S)
    assert (summary["departures"]["departed"]["value"], summary["counts"]["departures"]) == (1.0, 0)
