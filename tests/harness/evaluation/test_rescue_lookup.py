"""Look-ups in a planted rescue map: what a takeover does to a run, by hand and over whole curves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from harness.evaluation.alarms import alarm_from_statistic
from harness.evaluation.episode_facts import facts_of
from harness.evaluation.rescue_lookup import VERDICTS, LookupRun, earliest_takeover_tick, outcome
from harness.evaluation.rescue_monitors import departure_alarms, point_figures, slack_s
from harness.evaluation.rescue_sweep import sweep, sweep_thresholds
from harness.evaluation.rescue_table import RescueRow
from tests.harness.evaluation.synthetic import TICK_S, episode, ticks_of

ONSET, LAST_SAFE, TICKS, RESCUED = 300, 294, 360, 400
REACTIONS_S = (0.5, 1.0, 1.5, 2.5)


def row(onset_tick: int = ONSET, last_safe: int | None = LAST_SAFE, rescued: int | None = RESCUED) -> RescueRow:
    return RescueRow("p0/shadow", "map", "", TICK_S, onset_tick, last_safe, 0.0, rescued)


def run(statistic: np.ndarray | None = None, rescue: RescueRow | None = None) -> LookupRun:
    count = TICKS if statistic is None else len(statistic)
    facts = facts_of(episode(ticks=ticks_of(count, ONSET if rescue else None)))
    return LookupRun(facts, count, TICK_S, {"m": np.zeros(count) if statistic is None else statistic}, rescue)


def alarm(*spans: tuple[int, int], ticks: int = TICKS) -> np.ndarray:
    signal = np.zeros(ticks, dtype=bool)
    for start, end in spans:
        signal[start:end] = True
    return signal


@pytest.mark.parametrize(("alarm_tick", "saved"), [(200, True), (274, True), (275, False), (290, False)])
def test_an_alarm_saves_if_it_comes_a_reaction_time_before_the_last_safe_tick(alarm_tick: int, saved: bool) -> None:
    found = outcome(run(rescue=row()), alarm((alarm_tick, TICKS)), reaction_s=1.0)
    assert found.saved == saved
    assert found.run_ticks == (RESCUED if saved else TICKS)
    assert found.taken_ticks == found.run_ticks - (alarm_tick + 20)


def test_a_takeover_lasts_six_seconds_or_as_long_as_the_alarm() -> None:
    short = outcome(run(), alarm((50, 52)), reaction_s=1.0)
    assert (short.first_tick, short.taken_ticks, short.takeovers) == (70, 120, 1)
    long = outcome(run(), alarm((50, 250)), reaction_s=1.0)
    assert (long.first_tick, long.taken_ticks) == (70, 180)
    cut = outcome(run(), alarm((330, 332)), reaction_s=1.0)
    assert (cut.first_tick, cut.taken_ticks) == (350, 10)
    assert outcome(run(), alarm((345, 350)), reaction_s=1.0).takeovers == 0


def test_a_hand_back_before_the_departure_saves_nothing_and_is_told_apart() -> None:
    early = run(rescue=row())
    found = outcome(early, alarm((100, 102)), reaction_s=1.0)
    assert not found.saved and found.decisive_tick == -1 and found.beyond_first
    assert VERDICTS[found.verdict] == "handed_back"
    twice = outcome(early, alarm((100, 102), (260, 262)), reaction_s=1.0)
    assert twice.saved and twice.decisive_tick == 280 and twice.first_tick == 120 and twice.beyond_first
    assert twice.takeovers == 2 and twice.taken_ticks == 240


def test_alarms_after_the_onset_tell_nothing() -> None:
    found = outcome(run(rescue=row()), alarm((ONSET, TICKS)), reaction_s=0.0)
    assert (found.saved, found.takeovers, found.taken_ticks) == (False, 0, 0)


def test_every_departure_gets_one_verdict() -> None:
    told = {
        "saved": (row(), alarm((200, TICKS))),
        "late": (row(), alarm((285, TICKS))),
        "handed_back": (row(), alarm((50, 52))),
        "silent": (row(), alarm()),
        "unsavable": (row(last_safe=None, rescued=None), alarm((10, TICKS))),
    }
    for expected, (rescue, signal) in told.items():
        departed = run(rescue=rescue)
        assert VERDICTS[outcome(departed, signal, 1.0).verdict] == expected
    assert outcome(run(), alarm((100, 102)), 1.0).verdict == -1


@pytest.mark.parametrize(
    ("spans", "passing_ticks", "held"),
    [
        # Hands on at 280, back at 400: the end of the rescued run, whatever lies beyond it.
        ([(260, 262)], 500, True),
        # Hands on at 250, back at 370: 10 ticks before the place is passed, or just there.
        ([(230, 232)], 80, False),
        ([(230, 232)], 70, True),
        # An alarm that is up at the onset stays up.
        ([(230, TICKS)], 80, True),
        ([(285, TICKS)], 10, False),
    ],
)
def test_a_rescue_is_held_if_the_driver_keeps_the_wheel_until_the_place_is_passed(spans, passing_ticks, held) -> None:
    departed = dataclasses.replace(run(rescue=row()), passing_ticks=passing_ticks)
    found = outcome(departed, alarm(*spans), reaction_s=1.0)
    assert bool(found.held) == held and found.saved == (spans[0][0] < 275)


def test_slack_is_what_is_left_before_the_last_safe_tick() -> None:
    departed = run(rescue=row())
    assert slack_s(departed, outcome(departed, alarm((254, TICKS)), 1.0)) == pytest.approx(1.0)
    assert slack_s(departed, outcome(departed, alarm((299, TICKS)), 1.0)) == pytest.approx((294 - 319) * TICK_S)
    assert slack_s(departed, outcome(departed, alarm(), 1.0)) is None
    assert slack_s(run(), outcome(run(), alarm((10, 200)), 1.0)) is None


def test_the_earliest_takeover_waits_for_debounce_and_reaction() -> None:
    """Always on: the alarm stands on the second tick, the hands are there 20 ticks later (as in the closed loop)."""
    assert earliest_takeover_tick(1.0, 0.1, TICK_S) == 21
    always = run(np.ones(TICKS), row())
    signal = alarm_from_statistic(always.statistics["m"], 0.0, 0.0, TICK_S)
    assert outcome(always, signal, 1.0).first_tick == 21


@pytest.fixture(scope="module")
def planted() -> list[LookupRun]:
    """60 runs of a drifting score, half of them with a departure, some unsavable."""
    rng = np.random.default_rng(3)
    runs = []
    for index in range(60):
        statistic = np.cumsum(rng.normal(size=TICKS)) * 0.1
        onset = int(rng.integers(150, 330))
        last_safe = None if index % 10 == 0 else onset - int(rng.integers(1, 40))
        rescue = row(onset, last_safe, None if last_safe is None else RESCUED) if index % 2 == 0 else None
        runs.append(dataclasses.replace(run(statistic), rescue=rescue))
    return runs


def test_a_sweep_is_the_sum_of_single_look_ups(planted: list[LookupRun]) -> None:
    thetas = sweep_thresholds(planted, "m")
    found = sweep(planted, "m", thetas, REACTIONS_S, declared_latency_s=0.1)
    for t in (0, 7, 20, len(thetas) - 1):
        for r, reaction_s in enumerate(REACTIONS_S):
            single = [
                outcome(one, alarm_from_statistic(one.statistics["m"], thetas[t], thetas[t], TICK_S, 0.1), reaction_s)
                for one in planted
            ]
            assert found.saved[t, r] == sum(o.saved for o in single)
            assert found.held[t, r] == sum(o.held for o in single)
            assert found.beyond_first[t, r] == sum(o.beyond_first for o in single)
            assert found.taken_s[t, r] == pytest.approx(sum(o.taken_ticks for o in single) * TICK_S)
            assert found.run_s[t, r] == pytest.approx(sum(o.run_ticks for o in single) * TICK_S)


def test_thresholds_reach_from_silent_to_always_on(planted: list[LookupRun]) -> None:
    thetas = sweep_thresholds(planted, "m")
    assert 2 < len(thetas) <= 41 and (np.diff(thetas) < 0).all()
    found = sweep(planted, "m", thetas, (1.0,))
    assert found.taken_s[0, 0] == 0.0 and found.saved[0, 0] == 0
    savable = sum(one.rescue is not None and one.rescue.saves(21) for one in planted)
    assert found.saved[-1, 0] == savable
    assert (found.disturbed[-1, 0], found.disturbed[0, 0]) == (30, 0)


def test_a_point_counts_every_departure_once(planted: list[LookupRun]) -> None:
    point = {"theta_on": 1.0, "theta_off": 0.8}
    (found,) = point_figures(planted, "m", {"fa0.50": point}, (1.0,), 0.0)
    kinds = ("saved", "late", "handed_back", "silent", "unsavable")
    assert sum(found[kind] for kind in kinds) == found["departures"] == 30
    assert found["sg"]["k"] == found["saved"] and found["sg"]["n"] == 30
    assert found["safe_runs"] == 30 and 0.0 < found["ac"] < 1.0
    assert found["sg_held"]["k"] == found["held"] <= found["saved"]
    single = [outcome(one, alarm_from_statistic(one.statistics["m"], 1.0, 0.8, TICK_S), 1.0) for one in planted]
    assert found["saved"] == sum(o.saved for o in single)
    assert found["ac"] == pytest.approx(sum(o.taken_ticks for o in single) / sum(o.run_ticks for o in single))
    slacks = [slack for one, o in zip(planted, single, strict=True) if (slack := slack_s(one, o)) is not None]
    assert found["slack_s"] == pytest.approx(np.median(slacks))


def test_a_point_by_condition_leaves_out_runs_of_a_condition_without_threshold(planted: list[LookupRun]) -> None:
    renamed = [
        dataclasses.replace(one, facts=dataclasses.replace(one.facts, condition="fog" if k < 20 else "clear"))
        for k, one in enumerate(planted)
    ]
    point = {"theta_on": 1.0, "theta_off": 0.8}
    grouped = {"by_condition": {"fog": point, "clear": None}}
    (found,) = point_figures(renamed, "m", {"conformal10_by_condition": grouped}, (1.0,), 0.0)
    (fog,) = point_figures(renamed[:20], "m", {"conformal10_by_condition": point}, (1.0,), 0.0)
    assert found == fog and found["departures"] == 10


def test_what_is_drawn_of_a_departure_ends_at_it() -> None:
    statistic = np.zeros(TICKS)
    statistic[250:] = 2.0
    point = ({"theta_on": 1.0, "theta_off": 1.0}, 0.0)
    drawn = departure_alarms(run(statistic, row()), {"m": point}, 1.0)["m"]
    assert drawn == {"verdict": "saved", "slack_s": pytest.approx((294 - 271) * TICK_S), "spans_s": [[12.55, 15.0]]}
