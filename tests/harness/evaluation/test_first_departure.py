"""Restricted mean distance against scipy's Kaplan-Meier curve."""

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from harness.evaluation.episode_facts import facts_of
from harness.evaluation.first_departure import distance_limit_m, first_departure_figures, restricted_mean_m
from tests.harness.evaluation.synthetic import episode, ticks_of


@pytest.mark.parametrize("seed", range(4))
def test_the_area_under_scipys_kaplan_meier_curve(seed):
    rng = np.random.default_rng(seed)
    distance, failed = rng.exponential(100, 80).round(seed), rng.random(80) < 0.6
    curve = ecdf(CensoredData(uncensored=distance[failed], right=distance[~failed])).sf
    steps = np.concatenate([[0.0], curve.quantiles[curve.quantiles < 120.0], [120.0]])
    heights = np.concatenate([[1.0], curve.probabilities[curve.quantiles < 120.0]])
    assert restricted_mean_m(distance, failed, 120.0) == pytest.approx(np.sum(np.diff(steps) * heights))


def runs(n, onset_of):
    found = []
    for k in range(n):
        onset = onset_of(k)
        reason = "departure" if onset else "route_end"
        found.append(facts_of(episode(pair=f"p{k}", ticks=ticks_of(600, onset), end_reason=reason)))
    return found


def test_runs_without_departure_drive_to_the_limit():
    figures = first_departure_figures(runs(20, lambda k: None), 250.0, seed=0)
    assert figures["restricted_mean_m"]["value"] == pytest.approx(250.0)
    assert figures["restricted_mean_m"]["low"] == pytest.approx(250.0)


def test_half_of_the_runs_lost_at_a_hundred_metres():
    facts = runs(40, lambda k: 200 if k % 2 else None)
    assert distance_limit_m(facts) == pytest.approx(299.5)
    rate = first_departure_figures(facts, 200.0, seed=0)["restricted_mean_m"]
    assert rate["value"] == pytest.approx(100 + 50)
    assert rate["low"] < 150 < rate["high"]
    assert (rate["k"], rate["n"]) == (20, 40)


def test_where_every_run_departs_there_is_no_limit_and_no_figure():
    facts = runs(5, lambda k: 200)
    assert distance_limit_m(facts) is None
    assert first_departure_figures(facts, None, 0)["restricted_mean_m"]["value"] is None
