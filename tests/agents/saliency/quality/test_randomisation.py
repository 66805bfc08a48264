"""Randomised weights: which layers, in which order, and what is found blind to the head."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from agents.pilotnet import PilotNet, PilotNetConfig
from agents.saliency.methods import METHODS
from agents.saliency.quality.randomisation import blind_to_head, randomisation, randomised

LAYERS = [*(f"dense_{k}" for k in (3, 2, 1, 0)), *(f"convolution_{k}" for k in (4, 3, 2, 1, 0))]


@pytest.fixture(scope="module")
def network() -> PilotNet:
    return PilotNet(PilotNetConfig(66, 100, 1), seed=2).eval()


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return 255.0 * torch.rand((2, 1, 66, 100), generator=torch.Generator().manual_seed(4))


def changed_layers(before: PilotNet, after: PilotNet) -> set[str]:
    names = {"convolutions": "convolution", "dense": "dense"}
    mine, theirs = before.state_dict(), after.state_dict()
    parts = [key.split(".") for key in mine if not torch.equal(mine[key], theirs[key])]
    return {f"{names[part[0]]}_{part[1]}" for part in parts}


def test_cascading_goes_down_from_the_head_and_independent_changes_one_layer(network: PilotNet) -> None:
    before = copy.deepcopy(network)
    for count, (layer, changed) in enumerate(randomised(network, "cascading"), start=1):
        assert layer == LAYERS[count - 1] and changed_layers(network, changed) == set(LAYERS[:count])
    for layer, changed in randomised(network, "independent"):
        assert changed_layers(network, changed) == {layer}
    assert not changed_layers(before, network)


def test_visualbackprop_is_blind_to_the_head_and_gradients_are_not(network: PilotNet, pictures: torch.Tensor) -> None:
    cascade = {name: randomisation(METHODS[name], network, pictures, "cascading") for name in ("visualbackprop", "lrp")}
    assert blind_to_head(cascade["visualbackprop"]) is True
    assert blind_to_head(cascade["lrp"]) is False
    assert [step.layer for step in cascade["lrp"]] == LAYERS
    head, last = cascade["visualbackprop"][3], cascade["visualbackprop"][-1]
    np.testing.assert_allclose(head.rank_correlation, 1.0)
    assert (last.rank_correlation < 0.999).all()


def test_the_same_seed_draws_the_same_weights(network: PilotNet, pictures: torch.Tensor) -> None:
    state = torch.random.get_rng_state()
    runs = [randomisation(METHODS["gradient"], network, pictures, "independent", seed)[0] for seed in (5, 5, 6)]
    np.testing.assert_array_equal(runs[0].rank_correlation, runs[1].rank_correlation)
    assert not np.array_equal(runs[0].rank_correlation, runs[2].rank_correlation)
    assert torch.equal(torch.random.get_rng_state(), state)
