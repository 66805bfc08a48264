"""A campaign whose departure rate, recall, false alarms, lead times and gains were planted is recovered."""

import numpy as np
import pytest

from harness.evaluation.summary import summarise
from tests.harness.evaluation.synthetic import TICK_S, episode, ticks_of

PAIRS, N, ONSET = 240, 500, 400
P_DEPART, RECALL, SAVABLE, BY_CHANCE = 0.4, 0.75, 0.8, 0.25
FALSE_ALARMS_PER_MIN = 1.5
LEADS_S = (1.5, 2.0, 2.5)
POINT = {"points": {"fa0.50": {"theta_on": 0.5, "theta_off": 0.4}}}
THRESHOLDS = {"monitors": dict.fromkeys(("planted", "oracle", "random", "always_on"), POINT)}


def alarmed(n, spans):
    score = np.zeros(n)
    for start, end in spans:
        score[start:end] = 1.0
    return score


def exactly(rng, share, n):
    """A share of n, shuffled: the truth of the sample is the truth planted."""
    return rng.permutation(np.arange(n) < round(share * n))


def scores(rng, departs, warned, n):
    """Each monitor's score; the planted one warns of 75 % of departures and cries wolf 1.5 times a minute."""
    # The mean of 0.5 s passes 0.5 after 6 ticks, the debounce takes one more: the alarm follows its score by 6 ticks.
    delay = 6
    # Negative time: from the end of the warm-up to the positive zone, or to the censored end.
    ticks = 300 if departs else 400
    starts = 40 + np.flatnonzero(rng.random(ticks - 20) < FALSE_ALARMS_PER_MIN * TICK_S / 60 * ticks / (ticks - 20))
    planted = [(start, start + 10) for start in starts]
    lead_s = rng.choice(LEADS_S)
    if warned:
        planted.append((ONSET - round(lead_s / TICK_S) - delay, ONSET))
    random = [(start, start + 20) for start in rng.integers(40, N - 40, size=4)]
    oracle = [(ONSET - 56, ONSET)] if departs else []
    return {
        "planted": alarmed(n, planted),
        "oracle": alarmed(n, oracle),
        "random": alarmed(n, random),
        "always_on": np.ones(n),
    }


def run_of(mode, pair, departs, **columns):
    n = ONSET + 60 if departs else N
    ticks = ticks_of(n, ONSET if departs else None, sensor_level=0.5, **columns)
    return episode(mode, pair, ticks=ticks, end_reason="departure" if departs else "route_end", condition=pair[-1])


@pytest.fixture(scope="module")
def summary():
    rng, records = np.random.default_rng(5), []
    departures = round(P_DEPART * PAIRS)
    warned, savable = exactly(rng, RECALL, departures), exactly(rng, SAVABLE, departures)
    by_chance, as_blind = exactly(rng, BY_CHANCE, departures), exactly(rng, BY_CHANCE, departures)
    for k in range(PAIRS):
        pair, departs = f"p{k}-{k % 4}", k < departures
        n = ONSET + 60 if departs else N
        watched = scores(rng, departs, departs and warned[k], n)
        records.append(run_of("shadow", pair, departs, scores=watched))
        heard = {"planted": warned, "random": by_chance, "blind": as_blind}
        for monitor in ("planted", "oracle", "always_on", "random", "blind"):
            saved = departs and savable[k] and (monitor not in heard or heard[monitor][k])
            records.append(run_of(f"takeover:{monitor}@fa0.50", pair, departs and not saved))
    return summarise(records, {"thresholds": THRESHOLDS})


def point_of(summary, monitor):
    (entry,) = [m for m in summary["monitors"] if m["name"] == monitor]
    return entry["points"][0]


def gain_of(summary, monitor):
    (entry,) = [e for e in summary["safety_gain"] if e["monitor"] == monitor]
    return entry


def holds(rate, truth):
    return rate["low"] <= truth <= rate["high"]


def test_the_departure_rate_is_recovered(summary):
    assert holds(summary["departures"]["departed"], P_DEPART)
    assert summary["departures"]["departed"]["n"] == PAIRS


def test_recall_false_alarms_and_leads_are_recovered(summary):
    point = point_of(summary, "planted")
    assert holds(point["event_recall"], RECALL)
    assert holds(point["false_alarms_per_min"]["degraded_safe"], FALSE_ALARMS_PER_MIN)
    assert point["false_alarms_per_min"]["nominal"]["value"] is None
    assert set(np.round(point["lead_s"]["values"], 6)) >= set(LEADS_S)
    assert point["lead_s"]["median"] in LEADS_S
    assert holds(point["joint_failure"]["miss_rate"], 1 - RECALL)
    assert point["joint_failure"]["rho"] < -0.4


def test_an_oracle_misses_nothing_and_a_random_monitor_does_no_better_than_chance(summary):
    oracle, random = point_of(summary, "oracle"), point_of(summary, "random")
    assert oracle["event_recall"]["value"] == 1.0 and oracle["precision"]["value"] == 1.0
    assert oracle["chance_corrected_recall"]["low"] > 0.5
    assert abs(random["chance_corrected_recall"]["value"]) < 0.12
    assert holds(random["chance_corrected_recall"], 0.0)


def test_gains_are_recovered(summary):
    for monitor, gain in (("planted", RECALL * SAVABLE), ("oracle", SAVABLE), ("always_on", SAVABLE)):
        assert holds(gain_of(summary, monitor)["sg"], gain), monitor
    assert gain_of(summary, "oracle")["sg_over_max"]["value"] == pytest.approx(1.0)
    assert gain_of(summary, "planted")["sg_over_max"]["value"] == pytest.approx(RECALL, abs=0.12)


def test_net_of_a_random_monitor_nothing_is_left_of_a_blind_one(summary):
    blind = gain_of(summary, "blind")["sg_net"]
    assert holds(blind, 0.0) and abs(blind["value"]) < 0.12
    assert gain_of(summary, "planted")["sg_net"]["low"] > 0.2
    assert gain_of(summary, "random")["sg_net"]["value"] == 0.0


def test_departures_per_km_fall_by_what_was_saved(summary):
    assert gain_of(summary, "oracle")["rh_per_km"]["k"] < gain_of(summary, "random")["rh_per_km"]["k"]
    oracle = gain_of(summary, "oracle")["first_departure"]
    assert oracle["takeover"]["restricted_mean_m"]["value"] > oracle["shadow"]["restricted_mean_m"]["value"]


def test_a_small_campaign_carries_its_warning(summary):
    assert any("below 300" in warning for warning in summary["warnings"])
