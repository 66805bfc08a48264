"""GradSUM against sums made by hand, both readings, and its undefined cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from agents.pilotnet import PilotNet, PilotNetConfig
from agents.preprocessing import Preprocessing
from agents.saliency.gradsum import MASKED_OUT, gradsum, gradsum_of, labels_of_crop, profile
from agents.saliency.method import attention
from agents.saliency.methods import METHODS

CLASSES = {"road": (1,), "line": (24, 25), "car": (14,)}


def test_is_the_mean_of_the_map_over_the_pixels_of_the_class() -> None:
    maps = np.array([[[0.0, 0.5], [1.0, 0.25]]])
    labels = np.array([[[1, 1], [24, 25]]])
    values = gradsum(maps, labels, CLASSES)
    assert values["road"][0] == pytest.approx(25.0)
    assert values["line"][0] == pytest.approx(62.5)
    assert math.isnan(values["car"][0])


def test_a_campaign_counts_only_pictures_that_have_the_class() -> None:
    maps = np.stack([np.full((2, 2), 0.2), np.full((2, 2), 0.6)])
    labels = np.stack([np.ones((2, 2), dtype=int), np.array([[1, 1], [1, 24]])])
    found = profile(gradsum(maps, labels, CLASSES))
    assert found.mean["road"] == pytest.approx(40.0) and found.pictures["road"] == 2
    assert found.mean["line"] == pytest.approx(60.0) and found.pictures["line"] == 1
    assert found.mean["car"] is None and found.pictures["car"] == 0


def test_the_two_readings_explain_different_pictures() -> None:
    network = PilotNet(PilotNetConfig(), seed=2).eval()
    inputs = 255.0 * torch.rand((2, 3, 66, 200), generator=torch.Generator().manual_seed(4))
    labels = np.ones((2, 66, 200), dtype=int)
    labels[:, :30] = 24
    method = METHODS["gradient"]
    whole = gradsum_of(method, network, inputs, labels, "one_map", CLASSES)
    shown = attention(method, network, inputs).maps[:, 0].numpy()
    np.testing.assert_allclose(whole["line"], 100.0 * shown[:, :30].mean(axis=(1, 2)), rtol=1e-5)
    alone = inputs.clone()
    alone[:, :, 30:] = MASKED_OUT
    masked = gradsum_of(method, network, inputs, labels, "masked_input", CLASSES)
    shown = attention(method, network, alone).maps[:, 0].numpy()
    np.testing.assert_allclose(masked["line"], 100.0 * shown[:, :30].mean(axis=(1, 2)), rtol=1e-5)
    assert not np.allclose(masked["line"], whole["line"])


def test_labels_follow_the_crop_and_stay_labels() -> None:
    labels = np.full((180, 320), 11)
    labels[180 - round(180 * 0.62) :] = 1
    labels[100:110, 150:170] = 24
    cropped = labels_of_crop(labels, Preprocessing())
    assert cropped.shape == (66, 200) and set(np.unique(cropped)) == {1, 24}


def test_maps_and_labels_must_fit() -> None:
    with pytest.raises(ValueError, match="one shape"):
        gradsum(np.zeros((1, 2, 2)), np.zeros((1, 2, 3), dtype=int), CLASSES)
