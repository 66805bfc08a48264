"""Mahalanobis distances: how often a normal sample is called unusual, and that another encoding changes nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import chi2

from agents.training.uncertainty import shrunk_gaussian

FRAMES, SIZE = 20_000, 10


def squared_distances(fitted_on: npt.NDArray[np.float64], x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    tensors, _ = shrunk_gaussian(fitted_on)
    mean, scale, whitening = (tensors[name].double().numpy() for name in ("mean", "scale", "whitening"))
    return np.asarray((((x - mean) / scale @ whitening.T) ** 2).sum(axis=1))


def mixing(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """An invertible map that stretches no direction to more than twice another."""
    turned = [np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] for _ in range(2)]
    return np.asarray(turned[0] @ np.diag(rng.uniform(0.7, 1.4, SIZE)) @ turned[1])


def test_normal_samples_are_unusual_as_often_as_chi_square_says() -> None:
    known, fresh = np.random.default_rng(0).normal(size=(2, FRAMES, SIZE))
    distance = squared_distances(known, fresh)
    assert chi2.ppf(0.99, SIZE) == pytest.approx(23.21, abs=0.005)
    assert np.mean(distance > 23.21) == pytest.approx(0.010, abs=0.002)
    assert distance.mean() == pytest.approx(SIZE, rel=0.02)


def test_another_encoding_of_the_features_leaves_distances_as_they_are() -> None:
    """Exactly where features are only rescaled; nearly where they are mixed, as shrinkage fades with many samples."""
    rng = np.random.default_rng(1)
    known, fresh = rng.normal(size=(2, FRAMES, SIZE)) @ mixing(rng)
    distance = squared_distances(known, fresh)
    rescaled = rng.uniform(0.1, 50.0, SIZE)
    assert squared_distances(known * rescaled + 3.0, fresh * rescaled + 3.0) == pytest.approx(distance, rel=1e-3)
    mixed = mixing(rng)
    assert squared_distances(known @ mixed, fresh @ mixed) == pytest.approx(distance, rel=0.05)
    far = fresh + 8.0 * known.std(axis=0)
    assert np.mean(squared_distances(known, far)) > 3.0 * distance.mean()
