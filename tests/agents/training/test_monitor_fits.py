"""Fits of the monitors: against scikit-learn where it has the method, on made-up data whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression

from agents.training.dense_fit import DenseSettings, answers_of
from agents.training.error_heads_fit import fit_error_heads, size_scores
from agents.training.forecast_fit import episode_folds, fit_forecast, frames_with_past
from agents.training.fusion_fit import fit_fusion
from agents.training.logistic import fit_logistic
from agents.training.reconstruction_fit import ReconstructionSettings, fit_autoencoder, reconstruction_error
from agents.training.stretches import thinned
from agents.training.uncertainty import fit_steering_heads, shrunk_gaussian
from tests.agents.training.recorded_frames import frames

RNG = np.random.default_rng(0)


def test_logistic_regression_is_scikit_learns() -> None:
    x = RNG.normal(size=(400, 3))
    happened = RNG.random(400) < 1.0 / (1.0 + np.exp(-(x @ [1.0, -2.0, 0.0] - 1.0)))
    weights, intercept = fit_logistic(x, happened, ridge=1.0)
    other = LogisticRegression(C=1.0, tol=1e-8).fit(x, happened)
    assert weights == pytest.approx(other.coef_[0], abs=1e-3)
    assert intercept == pytest.approx(other.intercept_[0], abs=1e-3)


def test_whitening_is_that_of_the_shrunk_covariance() -> None:
    x = RNG.normal(size=(80, 6)) @ RNG.normal(size=(6, 6)) + 3.0
    tensors, shrinkage = shrunk_gaussian(x)
    z = (x - tensors["mean"].numpy()) / tensors["scale"].numpy()
    other = LedoitWolf(assume_centered=True).fit(z)
    assert shrinkage == pytest.approx(other.shrinkage_, rel=0.05)
    distance = ((z @ tensors["whitening"].numpy().T) ** 2).sum(axis=1)
    assert distance == pytest.approx(other.mahalanobis(z), rel=0.02)


def test_steering_heads_learn_the_label() -> None:
    features = RNG.normal(size=(1200, 4)).astype(np.float32)
    label_deg = (20.0 * features[:, 0] - 10.0 * features[:, 1]).astype(np.float32)
    settings = DenseSettings(hidden=(16,), members=3, epochs=12, learning_rate=2e-2)
    tensors, mae_deg = fit_steering_heads(features, label_deg, np.arange(1000), settings)
    assert mae_deg < 3.0
    answers = answers_of(tensors, features[1000:])[..., 0]
    assert np.all(answers.std(axis=0) > 0.0), "members start from different weights"


def test_error_heads_tell_size_and_quantile_whatever_the_side() -> None:
    scale = RNG.uniform(1.0, 12.0, 3000)
    error_deg = scale * RNG.normal(size=3000)
    features = np.stack([scale, RNG.normal(size=3000)], axis=1).astype(np.float32)
    settings = DenseSettings(hidden=(16,), epochs=15, learning_rate=1e-2)
    train, held = np.arange(2400), np.arange(2400, 3000)
    tensors = fit_error_heads(features, error_deg, train, settings)
    scores = size_scores(tensors, features, error_deg, held)
    assert scores["below_quantile"] == pytest.approx(0.9, abs=0.04)
    constant = float(np.abs(np.abs(error_deg[held]) - np.abs(error_deg[train]).mean()).mean())
    assert scores["size_mae_deg"] < constant


def test_an_autoencoder_draws_again_what_it_has_seen() -> None:
    level = RNG.uniform(0.2, 0.8, (64, 1, 1, 1)).astype(np.float32)
    pictures = torch.from_numpy(np.broadcast_to(level, (64, 1, 32, 96)).copy())
    settings = ReconstructionSettings(code=4, variational=True, epochs=8, batch_size=8)
    known = reconstruction_error(fit_autoencoder(pictures, settings), pictures)
    never = reconstruction_error(fit_autoencoder(pictures[:16], ReconstructionSettings(4, True, epochs=0)), pictures)
    assert known < 0.5 * never


def test_forecast_members_answer_for_episodes_they_have_not_seen() -> None:
    lengths = [40] * 30
    departing = np.repeat(np.arange(30) % 2 == 0, 40)
    place = np.tile(np.arange(40), 30)
    columns = {"time_s": place * 0.2, "departed": (departing & (place >= 30)).astype(float)}
    some = frames(lengths, columns)
    sign = np.where(departing, np.clip(place / 30.0, 0.0, 1.0), 0.0) + 0.1 * RNG.normal(size=1200)
    features = np.stack([sign, RNG.normal(size=1200)], axis=1).astype(np.float32)
    settings = DenseSettings(hidden=(8,), members=3, epochs=30, learning_rate=1e-2)
    fitted = fit_forecast(some, features, 0.2, settings)
    odds, soon = fitted.unseen_log_odds[fitted.usable], fitted.soon[fitted.usable]
    assert odds[soon].mean() > odds[~soon].mean() + 2.0
    probability = 1.0 / (1.0 + np.exp(-odds))
    assert probability.mean() == pytest.approx(soon.mean(), abs=0.02)


def test_past_stops_at_the_start_of_the_episode() -> None:
    some = frames([3, 4])
    features = np.arange(7, dtype=np.float32)[:, None]
    wide = frames_with_past(some, features, 0.4)
    assert wide[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert wide[:, 1].tolist() == [0, 0, 1, 3, 3, 4, 5]
    assert wide[:, 2].tolist() == [0, 0, 0, 3, 3, 3, 4]
    folds = episode_folds(some, 2, seed=0)
    assert len(set(folds[:3])) == len(set(folds[3:])) == 1 and folds[0] != folds[-1]


def test_thinning_keeps_the_first_frame_of_every_episode() -> None:
    thin = thinned(frames([5, 3]), 2)
    assert thin.episode.tolist() == [0, 0, 0, 1, 1] and len(thin.crops) == 5


def test_fusion_takes_what_adds_and_leaves_the_rest() -> None:
    count = 4000
    first, second = RNG.normal(size=count), RNG.normal(size=count)
    soon = RNG.random(count) < 1.0 / (1.0 + np.exp(-(1.5 * first + 1.5 * second - 2.0)))
    scores = {"first": first, "second": second, "noise": RNG.normal(size=count), "copy": first.copy()}
    fold = np.arange(count) % 5
    found = fit_fusion(scores, soon, np.ones(count, dtype=bool), fold)
    names = {part["name"] for part in found["parts"]}
    assert "second" in names and len(names & {"first", "copy"}) == 1 and "noise" not in names
    assert found["selection"][-1]["average_precision"] > max(found["alone"].values())
    assert all(value < found["selection"][-1]["average_precision"] for value in found["without"].values())
    lost = {name: found["all"] - value for name, value in found["all_without"].items()}
    assert max(lost, key=lambda name: lost[name]) == "second", "only what no other monitor says is missed"
    assert abs(lost["noise"]) < 0.01 and abs(lost["copy"]) < 0.01
    both = fit_fusion({name: scores[name] for name in ("first", "second")}, soon, np.ones(count, dtype=bool), fold)
    assert len(both["parts"]) == 2, "nothing is left to try"
