"""Safety gained on synthetic pairs whose truth is known."""

import dataclasses
import itertools

import numpy as np
import pytest

from harness.evaluation.episode_data import EpisodeDataError
from harness.evaluation.episode_facts import facts_of
from harness.evaluation.gain_bounds import CUT_OFF, gain_bounds, possible_changes
from harness.evaluation.safety_gain import judge_pair, safety_gain
from harness.evaluation.twins import diverged_early, twin_trace
from tests.harness.evaluation.synthetic import episode, ticks_of

N = 600  # 300 m of route


def run(mode, pair, onset=None, n=None, end_reason=None, **settings):
    length = n or (N if onset is None else onset + 60)
    reason = end_reason or ("route_end" if onset is None else "departure")
    return facts_of(episode(mode, pair, ticks=ticks_of(length, onset), end_reason=reason, **settings))


def entry_of(facts, mode):
    (entry,) = [e for e in safety_gain(facts, {}, seed=0) if e["mode"] == mode]
    return entry


ORACLE = "takeover:oracle@fa0.25"


@pytest.mark.parametrize(
    ("shadow", "twin", "departed", "saved", "harmed", "resolved"),
    [
        ({"onset": 200}, {}, True, True, False, True),
        ({"onset": 200}, {"onset": 220}, True, False, False, True),
        ({"onset": 200}, {"onset": 400}, True, False, False, True),  # exactly 100 m later: not yet passed
        ({"onset": 200}, {"onset": 401}, True, True, False, True),  # a later departure, after it has passed
        ({"onset": 200}, {"n": 390, "end_reason": "duration"}, True, False, False, False),
        ({"onset": 200}, {"n": 390, "end_reason": "route_end"}, True, True, False, True),
        ({"onset": 200}, {"n": 390, "end_reason": "stuck"}, True, False, False, True),
        ({}, {}, False, False, False, True),
        ({}, {"onset": 300}, False, False, True, True),
        ({}, {"n": 100, "outcome": "agent_error"}, False, False, True, True),
        ({"n": 200, "outcome": "agent_error"}, {}, True, True, False, True),
    ],
)
def test_one_pair(shadow, twin, departed, saved, harmed, resolved):
    outcome = judge_pair(run("shadow", "p", **shadow), run(ORACLE, "p", **twin))
    assert (outcome.departed, outcome.saved, outcome.harmed) == (departed, saved, harmed)
    assert outcome.resolved == resolved


def pairs_of(n_departed, n_saved, n_safe, n_harmed, mode=ORACLE):
    facts = []
    for k in range(n_departed):
        facts += [run("shadow", f"d{k}", onset=200), run(mode, f"d{k}", onset=None if k < n_saved else 200)]
    for k in range(n_safe):
        facts += [run("shadow", f"s{k}"), run(mode, f"s{k}", onset=300 if k < n_harmed else None)]
    return facts


def test_the_known_gain_is_found_with_its_interval():
    entry = entry_of(pairs_of(40, 30, 40, 4), ORACLE)
    assert (entry["pairs"], entry["departed"], entry["saved"], entry["harmed"]) == (80, 40, 30, 4)
    assert entry["sg"]["value"] == pytest.approx(26 / 40)
    assert entry["sg"]["low"] < 26 / 40 < entry["sg"]["high"]
    assert entry["sg"]["low_bca"] < 26 / 40 < entry["sg"]["high_bca"]
    assert entry["saved_share"]["value"] == pytest.approx(0.75)
    assert entry["sg_bounds"] == {"worst": pytest.approx(0.65), "best": pytest.approx(0.65)}
    assert entry["mcnemar_p"] == entry["mcnemar_p_holm"] < 1e-4
    assert entry["rh_per_km"]["k"] == 14


def test_the_distance_to_the_first_departure_grows_with_the_saved():
    both = entry_of(pairs_of(20, 15, 20, 0), ORACLE)["first_departure"]
    alone, taken = both["shadow"]["restricted_mean_m"], both["takeover"]["restricted_mean_m"]
    assert both["shadow"]["limit_m"] == both["takeover"]["limit_m"]
    limit_m = both["shadow"]["limit_m"]
    assert alone["value"] == pytest.approx((100 + limit_m) / 2)
    assert taken["value"] == pytest.approx((5 * 100 + 35 * limit_m) / 40)


def test_no_departure_gives_null_but_costs_are_reported():
    entry = entry_of(pairs_of(0, 0, 12, 2), ORACLE)
    assert entry["sg"]["value"] is None
    assert entry["harmed"] == 2
    assert entry["rh_per_km"]["k"] == 2
    assert entry["ac"]["value"] == 0.0


def test_fewer_than_ten_departures_give_counts_only():
    entry = entry_of(pairs_of(9, 9, 5, 0), ORACLE)
    assert entry["sg"]["value"] is None
    assert entry["sg"]["reason"] == "fewer than 10 events"
    assert (entry["saved"], entry["departed"]) == (9, 9)


def test_pairs_of_worlds_the_expert_cannot_drive_are_out_of_every_denominator():
    facts = pairs_of(12, 6, 12, 0)
    facts += [run("expert", "e0", onset=200, world="w-d0"), run("expert", "e1", world="w-d1")]
    entry = entry_of(facts, ORACLE)
    assert (entry["unavoidable"], entry["pairs"], entry["departed"], entry["saved"]) == (1, 23, 11, 5)


def test_missing_runs_leave_the_figures_and_widen_the_bounds():
    facts = pairs_of(20, 10, 20, 0)
    lost = "infrastructure_error"
    facts += [run("shadow", "x", onset=200), facts_of(episode(ORACLE, "x", outcome=lost))]
    facts += [run("shadow", "y"), facts_of(episode(ORACLE, "y", outcome="invalid", ticks=ticks_of(5)))]
    facts += [facts_of(episode("shadow", "z", outcome=lost)), run(ORACLE, "z")]
    facts += [facts_of(episode("shadow", "q", outcome=lost)), run(ORACLE, "q", onset=100)]
    entry = entry_of(facts, ORACLE)
    assert (entry["pairs"], entry["missing"], entry["sg"]["value"]) == (40, 4, 0.5)
    # Worst: x not saved, y harmed, z nothing, q harmed. Best: x saved, y unharmed, z saved, q departed anyway.
    assert entry["sg_bounds"]["worst"] == pytest.approx((10 - 2) / 21)
    assert entry["sg_bounds"]["best"] == pytest.approx(12 / 23)
    assert (entry["prevalence"]["k"], entry["prevalence"]["n"]) == (20, 40)
    assert entry["mean_run_s"] > 0.0


def test_bounds_contain_every_possible_completion():
    rng = np.random.default_rng(0)
    known = pairs_of(15, 8, 15, 2)
    entry = entry_of(
        [*known, run("shadow", "x", onset=200), run("shadow", "y")]
        + [facts_of(episode(ORACLE, p, outcome="infrastructure_error")) for p in ("x", "y")],
        ORACLE,
    )
    for _ in range(10):
        twins = [run(ORACLE, p, onset=int(rng.choice([0, 250])) or None) for p in ("x", "y")]
        complete = entry_of([*known, run("shadow", "x", onset=200), run("shadow", "y"), *twins], ORACLE)
        assert entry["sg_bounds"]["worst"] <= complete["sg"]["value"] <= entry["sg_bounds"]["best"]


def test_bounds_are_those_of_the_extreme_completions():
    """Against all combinations, one by one."""
    rng = np.random.default_rng(1)
    kinds = [
        run("shadow", "x", onset=200),
        run("shadow", "x"),
        run(ORACLE, "x"),
        run(ORACLE, "x", onset=100),
        run(ORACLE, "x", onset=300),
        None,
    ]
    for _ in range(60):
        net, departed = int(rng.integers(-3, 6)), int(rng.integers(1, 8))
        lost = [kinds[k] for k in rng.integers(0, len(kinds), size=4)]
        options = [possible_changes(*((f, None) if f and f.mode == "shadow" else (None, f)), 100.0) for f in lost]
        options.append(CUT_OFF)
        ratios = [
            (net + sum(n for n, _ in chosen)) / (departed + sum(d for _, d in chosen))
            for chosen in itertools.product(*options)
        ]
        bounds = gain_bounds(net, departed, options)
        assert (bounds["worst"], bounds["best"]) == pytest.approx((min(ratios), max(ratios)))
    assert gain_bounds(0, 0, [((-1, 0), (1, 1))]) == {"worst": None, "best": None}


def test_what_a_lost_run_could_have_been():
    late, early, safe = run(ORACLE, "x", onset=300), run(ORACLE, "x", onset=100), run(ORACLE, "x")
    cut = dataclasses.replace(safe, end_reason="duration")
    assert set(possible_changes(None, late, 100.0)) == {(-1, 0), (0, 1), (1, 1)}
    assert set(possible_changes(None, early, 100.0)) == {(-1, 0), (0, 1)}
    assert set(possible_changes(None, safe, 100.0)) == {(0, 0), (1, 1)}
    assert set(possible_changes(None, cut, 100.0)) == {(0, 0), (0, 1), (1, 1)}


def campaign_with(rng, n, p_saved_by):
    """n pairs, half departing; each arm saves with its own probability and harms nobody."""
    facts = []
    for k in range(n):
        departs = k % 2 == 0
        facts.append(run("shadow", f"p{k}", onset=200 if departs else None))
        for mode, p_saved in p_saved_by.items():
            lost = departs and rng.random() > p_saved
            facts.append(run(mode, f"p{k}", onset=210 if lost else None))
    return facts


def test_an_oracle_reaches_the_maximum_and_a_random_monitor_gains_nothing_net():
    modes = {
        ORACLE: 0.9,
        "takeover:always_on@fa0.25": 0.9,
        "takeover:random@fa0.25": 0.3,
        "takeover:blind@fa0.25": 0.3,
    }
    facts = campaign_with(np.random.default_rng(4), 200, modes)
    oracle, blind = entry_of(facts, ORACLE), entry_of(facts, "takeover:blind@fa0.25")
    assert oracle["sg_over_max"]["low"] < 1.0 < oracle["sg_over_max"]["high"]
    assert oracle["sg_net"]["value"] == pytest.approx(0.6, abs=0.12)
    assert oracle["sg_net"]["low"] > 0.3
    assert blind["sg_net"]["low"] < 0.0 < blind["sg_net"]["high"]
    assert blind["sg_net"]["value"] == pytest.approx(0.0, abs=0.15)
    assert entry_of(facts, "takeover:random@fa0.25")["sg_net"]["value"] == 0.0
    assert entry_of(facts, "takeover:always_on@fa0.25")["sg_over_max"]["value"] == 1.0


def test_the_gain_above_what_weather_and_bends_alone_would_buy():
    modes = {ORACLE: 0.9, "takeover:condition_only@fa0.25": 0.5}
    oracle = entry_of(campaign_with(np.random.default_rng(1), 160, modes), ORACLE)
    assert list(oracle["sg_above"]) == ["takeover:condition_only@fa0.25"]
    assert oracle["sg_above"]["takeover:condition_only@fa0.25"]["value"] == pytest.approx(0.4, abs=0.15)


def test_without_always_on_or_random_the_comparison_is_null_with_a_reason():
    entry = entry_of(pairs_of(12, 6, 4, 0), ORACLE)
    for name in ("sg_over_max", "sg_net"):
        assert entry[name]["value"] is None
        assert "no such takeover mode" in entry[name]["reason"]


def test_the_random_monitor_of_nearest_cost_stands_in_when_the_point_differs():
    def taken(mode, pair, ticks_taken):
        mask = np.zeros(N, dtype=bool)
        mask[100 : 100 + ticks_taken] = True
        return facts_of(episode(mode, pair, ticks=ticks_of(N, takeover=mask)))

    facts = []
    for k in range(12):
        facts += [run("shadow", f"p{k}", onset=300), taken("takeover:student@conformal10", f"p{k}", 120)]
        facts += [taken("takeover:random@duty5", f"p{k}", 30), taken("takeover:random@duty10", f"p{k}", 100)]
    entry = entry_of(facts, "takeover:student@conformal10")
    assert entry["sg_net_against"] == "takeover:random@duty10"
    assert entry["ac"]["value"] == pytest.approx(120 / N)
    assert entry["takeovers"] == 12
    assert entry["ac_oracle"] == pytest.approx(6.0 / (N * 0.05))


def test_two_runs_of_one_mode_in_one_pair_are_an_error():
    with pytest.raises(EpisodeDataError, match="both"):
        safety_gain([run("shadow", "p"), run("shadow", "p"), run(ORACLE, "p")], {}, seed=0)


def twins(change_at=None, taken_from=300):
    mask = np.arange(N) >= taken_from
    shadow, takeover = ticks_of(N, seed=1), ticks_of(N, seed=1, takeover=mask)
    if change_at is not None:
        takeover.loc[change_at:, "y_m"] += 1e-12
    return twin_trace(episode(ticks=shadow)), twin_trace(episode(ORACLE, ticks=takeover))


def test_twins_may_differ_only_after_the_first_takeover_tick():
    assert not diverged_early(*twins())
    assert not diverged_early(*twins(change_at=301))
    assert diverged_early(*twins(change_at=300))
    assert diverged_early(*twins(change_at=100))


def test_twins_without_takeover_must_agree_to_the_end():
    shadow, twin = twins(taken_from=N)
    assert not diverged_early(shadow, twin)
    shorter = twin_trace(episode(ORACLE, ticks=ticks_of(N - 1, seed=1)))
    assert diverged_early(shadow, shorter)


def test_diverged_twins_are_counted():
    shadow = episode("shadow", "p", ticks=ticks_of(N, seed=1))
    other = episode(ORACLE, "p", ticks=ticks_of(N, seed=2))
    traces = {e.episode_id: twin_trace(e) for e in (shadow, other)}
    (entry,) = safety_gain([facts_of(shadow), facts_of(other)], traces, seed=0)
    assert entry["twins_diverged_early"] == 1


@pytest.mark.parametrize(("cut_off", "defined"), [(1, True), (2, False)])
def test_a_gain_that_the_clock_left_open_is_undefined_not_zero(cut_off, defined):
    facts = pairs_of(30 - cut_off, 10, 5, 0)
    for k in range(cut_off):
        facts += [run("shadow", f"c{k}", onset=200), run(ORACLE, f"c{k}", n=390, end_reason="duration")]
    entry = entry_of(facts, ORACLE)
    assert (entry["departed"], entry["unresolved"]) == (30, cut_off)
    assert (entry["sg"]["value"] is not None) == defined
    assert entry["sg_bounds"] == {"worst": pytest.approx(10 / 30), "best": pytest.approx((10 + cut_off) / 30)}
    if not defined:
        assert "stopped by the clock" in entry["sg"]["reason"] and entry["sg"]["low"] is None
