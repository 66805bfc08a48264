"""Ranking figures against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from harness.evaluation.ranking import (
    RankedRun,
    auroc,
    average_precision,
    ranking_figures,
    tpr_at_fpr,
    tpr_difference,
)


@pytest.fixture(params=[None, 1, 0], ids=["continuous", "ties", "many-ties"])
def sample(request):
    rng = np.random.default_rng(5)
    positives, negatives = rng.normal(1.0, 1.0, 137), rng.normal(0.0, 1.2, 911)
    if request.param is not None:
        positives, negatives = positives.round(request.param), negatives.round(request.param)
    labels = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    return positives, negatives, labels, np.r_[positives, negatives]


def test_auroc_and_ap_equal_sklearn(sample):
    positives, negatives, labels, scores = sample
    assert auroc(positives, negatives) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(positives, negatives) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)


@pytest.mark.parametrize("fpr", [0.01, 0.05])
def test_tpr_at_fpr_equals_the_roc_curve(sample, fpr):
    positives, negatives, labels, scores = sample
    false_rate, true_rate, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert tpr_at_fpr(positives, negatives, fpr) == pytest.approx(true_rate[false_rate <= fpr].max())


def test_one_class_is_null_and_a_constant_score_is_one_half():
    assert auroc(np.ones(3), np.zeros(0)) is None
    assert average_precision(np.zeros(0), np.ones(3)) is None
    assert auroc(np.ones(5), np.ones(7)) == 0.5


def run_of(score, positive):
    positive = np.asarray(positive, dtype=bool)
    return RankedRun.of(np.asarray(score, dtype=float), positive, ~positive)


def test_a_condition_detector_ranks_pooled_but_not_within_runs():
    runs = []
    for k in range(20):
        bad = k % 2 == 0
        positive = np.zeros(100, dtype=bool)
        positive[60 : 80 if bad else 62] = True
        runs.append(run_of(np.full(100, float(bad)), positive))
    figures = ranking_figures(runs, ["all"] * 20, seed=0)
    assert figures["auroc_within"]["value"] == 0.5
    assert figures["auroc_pooled"]["value"] > 0.65


def test_runs_of_one_class_are_left_out_of_the_mean_and_counted():
    mixed = run_of([0.0, 1.0], [False, True])
    figures = ranking_figures([mixed, run_of([0.0, 1.0], [False, False])], ["all"] * 2, seed=0)
    assert figures["auroc_within"]["value"] == 1.0
    assert (figures["auroc_within"]["k"], figures["auroc_within"]["n"]) == (1, 2)


def test_without_a_positive_everything_is_null_with_its_reason():
    figures = ranking_figures([run_of([0.1, 0.2], [False, False])], ["all"], seed=0)
    for name in ("auroc_pooled", "auroc_within", "ap", "tpr_at_fpr_1pct"):
        assert figures[name]["value"] is None
        assert figures[name]["reason"] == "only one class"


def test_a_fault_ranks_highest():
    figures = ranking_figures([run_of([0.0, 5.0, np.nan], [False, False, True])], ["all"], seed=0)
    assert figures["auroc_pooled"]["value"] == 1.0


def test_intervals_hold_the_value_and_narrow_with_more_runs():
    def widths(n):
        rng = np.random.default_rng(n)
        runs = []
        for _ in range(n):
            positive = np.arange(120) >= 100
            runs.append(run_of(rng.normal(size=120) + positive + rng.normal(), positive))
        figures = ranking_figures(runs, ["all"] * n, seed=1)
        for name in ("auroc_pooled", "auroc_within", "ap", "tpr_at_fpr_5pct", "prevalence"):
            assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"], name
        return figures["auroc_pooled"]["high"] - figures["auroc_pooled"]["low"]

    assert widths(160) < 0.6 * widths(20)


def test_the_difference_of_two_scores_is_that_of_their_rates_and_pairs_them():
    rng = np.random.default_rng(8)
    positive = rng.random((60, 40)) < 0.3
    good = positive + rng.normal(0.0, 0.6, positive.shape)
    runs = [run_of(score, flags) for score, flags in zip(good, positive, strict=True)]
    poor = [run_of(score, flags) for score, flags in zip(rng.normal(size=good.shape), positive, strict=True)]
    strata = ["a", "b"] * 30
    alike = tpr_difference(runs, runs, 0.05, strata, seed=1)
    assert (alike["value"], alike["low"], alike["high"]) == (0.0, 0.0, 0.0), "the same score has no advantage"
    found = tpr_difference(runs, poor, 0.05, strata, seed=1)
    rates = [ranking_figures(side, strata, seed=1)["tpr_at_fpr_5pct"]["value"] for side in (runs, poor)]
    assert found["value"] == pytest.approx(rates[0] - rates[1])
    assert 0.0 < found["low"] < found["value"] < found["high"]
    one_class = [run_of(score, np.zeros(40)) for score in good]
    assert tpr_difference(one_class, one_class, 0.05, strata, seed=1)["value"] is None
