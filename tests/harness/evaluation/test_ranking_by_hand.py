"""Ranking figures against what can be counted by hand."""

import numpy as np
import pytest

from harness.evaluation.ranking import auroc, average_precision, tpr_at_fpr


def test_ranking_of_six_points_worked_out_by_hand():
    """Scores 5+ 4− 3+ 3− 3+ 1−: one threshold takes all three ties, so two of its steps are one."""
    positives, negatives = np.array([5.0, 3.0, 3.0]), np.array([4.0, 3.0, 1.0])
    # 5 beats all; each 3 beats the 1, ties with the 3 and loses to the 4.
    assert auroc(positives, negatives) == pytest.approx((3 + 1.5 + 1.5) / 9)
    # Recall 1/3 at precision 1/1, then nothing new at 4, then 3/3 at 3/5.
    assert average_precision(positives, negatives) == pytest.approx(1 / 3 * 1.0 + 2 / 3 * 3 / 5)
    assert tpr_at_fpr(positives, negatives, 0.0) == pytest.approx(1 / 3)
    assert tpr_at_fpr(positives, negatives, 1 / 3) == pytest.approx(1 / 3)
    assert tpr_at_fpr(positives, negatives, 2 / 3) == 1.0


@pytest.mark.parametrize("digits", [6, 1, 0])
def test_auroc_counts_every_pair_with_ties_as_halves(digits):
    rng = np.random.default_rng(5)
    positives, negatives = rng.normal(1.0, 1.0, 37).round(digits), rng.normal(0.0, 1.2, 211).round(digits)
    won = sum(float((p > negatives).sum()) + 0.5 * float((p == negatives).sum()) for p in positives)
    assert auroc(positives, negatives) == pytest.approx(won / (len(positives) * len(negatives)), abs=1e-12)
