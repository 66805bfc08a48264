"""Rate objects never claim more than the data hold."""

import pytest
from scipy.stats import binomtest

from harness.evaluation.rates import clustered_ratio, per_exposure, proportion


def test_a_share_that_is_the_same_in_every_pair_is_not_certain():
    everywhere = clustered_ratio([40] * 12, [40] * 12, ["all"] * 12, seed=0)
    exact = binomtest(12, 12).proportion_ci(method="exact")
    assert (everywhere["value"], everywhere["low"], everywhere["high"]) == (1.0, pytest.approx(exact.low), 1.0)
    nowhere = clustered_ratio([0] * 12, [40] * 12, ["all"] * 12, seed=0)
    assert (nowhere["value"], nowhere["low"], nowhere["high"]) == (0.0, 0.0, pytest.approx(1 - exact.low))


def test_pairs_without_trials_lend_no_certainty():
    few = clustered_ratio([40] * 3 + [0] * 30, [40] * 3 + [0] * 30, ["all"] * 33, seed=0)
    assert few["low"] == pytest.approx(binomtest(3, 3).proportion_ci(method="exact").low)


def test_a_mean_that_is_zero_everywhere_is_no_share():
    mean = clustered_ratio([0.0] * 12, [40] * 12, ["all"] * 12, seed=0, is_share=False)
    assert (mean["value"], mean["low"], mean["high"]) == (0.0, 0.0, 0.0)


def test_clustering_widens_the_interval():
    clustered = clustered_ratio([100, 0] * 10, [100] * 20, ["all"] * 20, seed=0)
    independent = proportion(1000, 2000)
    assert clustered["high"] - clustered["low"] > 5 * (independent["high"] - independent["low"])


@pytest.mark.parametrize("rate", [proportion(0, 0), per_exposure(0, 0.0), clustered_ratio([], [], [], seed=0)])
def test_without_trials_the_value_is_null_and_says_why(rate):
    assert rate["value"] is rate["low"] is rate["high"] is None
    assert rate["reason"] == "no trials"


def test_no_event_in_a_known_exposure_is_zero_with_its_bound():
    rate = per_exposure(0, 100.0)
    assert (rate["value"], rate["low"]) == (0.0, 0.0)
    assert rate["high"] == pytest.approx(0.036889, abs=1e-6)
