"""A synthetic campaign whose truth is known, from records to summary."""

import json

import numpy as np
import pandas as pd
import pytest

from harness.evaluation.episode_data import EpisodeDataError
from harness.evaluation.summary import summarise
from tests.harness.evaluation.synthetic import SPEED_MPS, TICK_S, episode, ticks_of

N, ONSET = 600, 400
CONDITIONS = ("clear", "fog")
MONITORS = (
    {"name": "good", "unit": "deg", "privileged": False, "declared_latency_s": 0.05},
    {"name": "random", "unit": "1", "privileged": False, "declared_latency_s": 0.0},
)
THRESHOLDS = {
    "monitors": {
        "good": {"points": {"fa0.25": {"theta_on": 0.5, "theta_off": 0.4}, "conformal10": None}},
        "random": {"points": {"fa0.25": {"theta_on": 0.2, "theta_off": 0.1}}},
    }
}
CAMPAIGN = {"name": "synthetic", "thresholds": THRESHOLDS, "monitors": list(MONITORS)}
EPISODES_PER_CONDITION = 30


def shadow_run(condition, k):
    """Fog departs two times in three; the good monitor warns of four departures in five, 2.5 s ahead."""
    departs = condition == "fog" and k % 3 != 0
    n = ONSET + 60 if departs else N
    rng = np.random.default_rng((condition == "fog", k))
    good = rng.normal(scale=0.02, size=n)
    if departs and k % 5 != 0:
        good[ONSET - 52 : ONSET] = 1.0
    timings = pd.DataFrame(
        {
            "tick": np.arange(n),
            "simulator_ms": np.full(n, 6.0),
            "agent_ms": np.full(n, 3.0),
            "monitor_ms__good": np.full(n, 1.0),
        }
    )
    return episode(
        pair=f"{condition}{k}",
        condition=condition,
        road=f"road{k % 2}",
        ticks=ticks_of(
            n,
            ONSET if departs else None,
            sensor_level=float(condition == "fog"),
            scores={"good": good, "random": rng.normal(size=n)},
            seed=k,
            swa_second_expert_deg=np.full(n, 1.0, dtype=np.float32),
            swa_agent_deg=np.where(np.arange(n) % 4 == 0, 5.5, 1.0).astype(np.float32),
        ),
        end_reason="departure" if departs else "route_end",
        timings=timings,
    )


def twin_of(run, k):
    departs = run.events["end_reason"] == "departure"
    taken = np.arange(N) >= 380
    lost = departs and k % 5 == 0
    n = ONSET + 60 if lost else N
    ticks = ticks_of(n, ONSET if lost else None, seed=k, takeover=taken[:n] & departs)
    return episode(
        "takeover:good@fa0.25",
        run.pair_id,
        condition=run.condition,
        road=run.road,
        ticks=ticks,
        end_reason="departure" if lost else "route_end",
    )


@pytest.fixture(scope="module")
def records():
    runs = []
    for condition in CONDITIONS:
        for k in range(EPISODES_PER_CONDITION):
            shadow = shadow_run(condition, k)
            runs += [shadow, twin_of(shadow, k)]
    # This world nobody can drive: its shadow run must leave every figure although the expert comes last.
    unavoidable = ticks_of(ONSET + 60, ONSET, scores={"good": np.ones(ONSET + 60), "random": np.zeros(ONSET + 60)})
    runs += [episode(pair="u", ticks=unavoidable, end_reason="departure")]
    runs += [episode(pair="lost", outcome="infrastructure_error", end_reason=None)]
    runs += [episode("log", "l0", ticks=ticks_of(N))]
    runs += [episode("expert", "fog1", ticks=ticks_of(N))]
    runs += [episode("expert", "u", ticks=ticks_of(ONSET + 60, ONSET), end_reason="departure")]
    return runs


@pytest.fixture(scope="module")
def summary(records):
    return summarise(records, CAMPAIGN)


def test_counts(summary):
    counts = summary["counts"]
    assert counts["episodes"] == 125
    assert counts["by_outcome"] == {"completed": 124, "infrastructure_error": 1}
    assert (counts["shadow_runs"], counts["missing"]) == (60, 1)
    assert (counts["unavoidable"], counts["unavoidable_worlds"]) == (1, 1)
    assert counts["worlds_without_expert_run"] == 60
    assert counts["departures"] == 20
    shadow_ticks = 40 * N + 20 * (ONSET + 60)
    assert counts["minutes"] == pytest.approx(shadow_ticks * TICK_S / 60)
    assert counts["km"] == pytest.approx(shadow_ticks * TICK_S * SPEED_MPS / 1000)
    fog_negative = 10 * (N - 100) + 20 * (ONSET - 100)
    assert counts["degraded_safe_minutes"] == pytest.approx(fog_negative * TICK_S / 60)


def test_departures_by_condition_and_grade(summary):
    rows = {row["condition"]: row["departed"] for row in summary["departures"]["by_condition"]}
    assert rows["clear"]["value"] == 0.0
    assert rows["clear"]["high"] == pytest.approx(0.1157, abs=1e-4)
    assert rows["fog"]["value"] == pytest.approx(2 / 3)
    assert summary["departures"]["by_grade"]["G0"]["events"] == 20
    assert summary["departures"]["by_grade"]["G2"]["events"] == 0
    assert len(summary["departures"]["by_condition_road"]) == 4


def test_the_good_monitor_is_recovered(summary):
    good, random = summary["monitors"]
    assert (good["name"], good["unit"], good["baseline"], random["baseline"]) == ("good", "deg", False, True)
    (point, missing) = good["points"]
    assert point["event_recall"]["value"] == pytest.approx(0.8)
    assert point["event_recall"]["n"] == 20
    assert point["false_alarms_per_min"]["all"]["value"] == 0.0
    assert point["precision"]["value"] == 1.0
    # The mean crosses 0.5 after 6 ticks, 2 ticks debounce, 1 tick latency.
    assert point["lead_s"]["median"] == pytest.approx((52 - 6 - 1 + 1 - 1) * TICK_S, abs=2 * TICK_S)
    assert good["auroc_pooled"]["value"] > 0.75
    assert random["auroc_pooled"]["value"] == pytest.approx(0.5, abs=0.08)
    assert point["chance_recall"] < 0.3
    assert missing == {
        "point": "conformal10",
        "theta_on": None,
        "theta_off": None,
        "reason": "not enough calibration runs",
    }
    assert good["latency_ms"] == {"p50": 1.0, "p95": 1.0, "p99": 1.0, "declared": 50.0}


def test_the_safety_gain_is_recovered(summary):
    (entry,) = summary["safety_gain"]
    assert (entry["pairs"], entry["departed"], entry["saved"], entry["harmed"]) == (60, 20, 16, 0)
    assert entry["sg"]["value"] == pytest.approx(0.8)
    assert entry["twins_diverged_early"] == 60  # the synthetic twins answer with another steering angle


def test_the_two_columns_of_the_paper_stay_apart(summary):
    parity = summary["paper_parity"]
    assert parity["on_policy"]["runs"] == 60
    assert parity["log_based"]["runs"] == 1
    assert parity["paper"] == {"saliency": [42, 56, 68], "camera": [18, 51, 68]}


def test_the_experts_disagree_on_a_quarter_of_the_frames(summary):
    agreement = summary["label_agreement"]
    assert agreement["agreement"]["value"] == pytest.approx(0.75, abs=0.001)
    assert agreement["kappa"] == pytest.approx(0.0, abs=1e-9)
    assert agreement["mean_difference_deg"]["value"] == pytest.approx(1.0)


def test_timing_shares(summary):
    assert summary["timing"]["ticks_per_s"] == pytest.approx(100.0)
    assert summary["timing"]["share"] == pytest.approx({"agent": 0.3, "monitors": 0.1, "simulator": 0.6})


def test_the_verdict_says_what_is_missing(summary):
    assert summary["verdict"]["status"] == "INSUFFICIENT"
    assert summary["verdict"]["needed"]["departures_missing"] == 280


def test_the_summary_is_plain_json_and_the_same_every_time(summary, records):
    text = json.dumps(summary, allow_nan=False)
    assert json.loads(text) == summary
    again = summarise(iter(records), CAMPAIGN)
    assert json.dumps(again) == text


def rates_in(node, path=""):
    if isinstance(node, dict):
        if {"value", "k", "n", "method"} <= set(node):
            yield path, node
        for key, child in node.items():
            yield from rates_in(child, f"{path}.{key}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from rates_in(child, f"{path}[{index}]")


def test_every_rate_has_its_interval_or_says_why_not(summary):
    found = list(rates_in(summary))
    assert len(found) > 60
    for path, rate in found:
        if rate["value"] is None or rate["low"] is None:
            assert rate.get("reason"), path
        else:
            assert rate["low"] <= rate["value"] <= rate["high"], path


@pytest.mark.parametrize("lose", [lambda t: t.drop(index=50), lambda t: t.assign(time_s=t["time_s"] * 1.1)])
def test_a_lost_or_jittering_tick_is_an_error(lose):
    broken = episode(pair="broken", ticks=lose(ticks_of(N)))
    with pytest.raises(EpisodeDataError, match="does not advance"):
        summarise([broken], {})


def test_an_invalid_run_may_have_any_ticks():
    broken = episode(pair="broken", ticks=ticks_of(N).drop(index=50), outcome="invalid")
    assert summarise([broken], {})["counts"]["missing"] == 1


def test_an_empty_campaign_has_nulls_and_no_zeros():
    summary = summarise([], {"name": "empty"})
    assert summary["safety_gain"] == summary["monitors"] == []
    assert summary["timing"] is None
    assert summary["label_agreement"] is None
    assert summary["departures"]["departed"]["value"] is None
    assert summary["verdict"]["needed"]["episodes_needed_estimate"] is None
