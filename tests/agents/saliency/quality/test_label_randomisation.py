"""Label randomisation: which maps are held against which."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import spearmanr

from agents.pilotnet import PilotNet, PilotNetConfig
from agents.saliency.methods import METHODS
from agents.saliency.quality.label_randomisation import LabelTwins, label_randomisation
from agents.saliency.quality.randomisation import shown_maps


def test_each_picture_is_held_against_both_twins() -> None:
    network, true, shuffled = (PilotNet(PilotNetConfig(66, 100, 1), seed=seed).eval() for seed in (1, 2, 3))
    pictures = 255.0 * torch.rand((2, 1, 66, 100), generator=torch.Generator().manual_seed(4))
    method = METHODS["gradient"]
    maps, of_true, of_shuffled = (shown_maps(method, one, pictures) for one in (network, true, shuffled))
    found = label_randomisation(method, maps, LabelTwins(true, shuffled), pictures)
    for values, first, second in (
        (found.true, maps, of_true),
        (found.shuffled, maps, of_shuffled),
        (found.twins, of_true, of_shuffled),
    ):
        expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(first, second, strict=True)]
        np.testing.assert_allclose(values, expected, rtol=1e-6)
    np.testing.assert_allclose(found.nearer_true, found.true - found.shuffled)


def test_a_method_that_sees_the_picture_alone_is_no_nearer_to_either() -> None:
    class Edges:
        """What any edge finder shows."""

        name, signed, reads_head = "edges", False, False

        def explain(self, network: object, inputs: torch.Tensor) -> torch.Tensor:
            return inputs.diff(dim=3, append=inputs[..., -1:]).abs()

    pictures = 255.0 * torch.rand((2, 1, 20, 30), generator=torch.Generator().manual_seed(4))
    twins = LabelTwins(PilotNet(seed=2), PilotNet(seed=3))
    maps = shown_maps(Edges(), twins.true, pictures)
    assert (label_randomisation(Edges(), maps, twins, pictures).nearer_true == 0.0).all()
