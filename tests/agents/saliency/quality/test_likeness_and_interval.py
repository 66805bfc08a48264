"""Rank correlation and the bootstrap of a mean, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap, spearmanr

from agents.saliency.quality.interval import mean_over_pictures
from agents.saliency.quality.likeness import rank_correlation


def test_rank_correlation_is_spearman_s_with_ties() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 6, (3, 7, 9)).astype(float), rng.random((3, 7, 9))
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(rank_correlation(first, second), expected, rtol=1e-9)


def test_a_map_without_contrast_is_like_nothing() -> None:
    flat = np.zeros((1, 4, 4))
    assert np.isnan(rank_correlation(flat, np.random.default_rng(0).random((1, 4, 4)))).all()
    with pytest.raises(ValueError, match="one shape"):
        rank_correlation(flat, np.zeros((1, 4, 5)))


def test_interval_agrees_with_scipy_and_leaves_out_what_is_undefined() -> None:
    values = np.random.default_rng(1).normal(3.0, 1.0, 40)
    found = mean_over_pictures(np.append(values, [np.nan, np.nan]))
    theirs = bootstrap((values,), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(2))
    assert found.value == pytest.approx(values.mean()) and (found.n, found.undefined) == (40, 2)
    assert found.low == pytest.approx(theirs.confidence_interval.low, abs=0.05)
    assert found.high == pytest.approx(theirs.confidence_interval.high, abs=0.05)
    nothing = mean_over_pictures(np.array([np.nan]))
    assert (nothing.value, nothing.low, nothing.n) == (None, None, 0)
