"""Sanity check of Adebayo et al. 2018: does a map change when the network's weights are thrown away?

Cascading: layer by layer from the answer down to the first convolution. Independent: one layer at a time, the others
as they were. A method whose map stays while the dense layers are random is blind to the head: it cannot tell what the
network does with what it sees.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import nn

from agents.saliency.method import ExplainedNetwork, SaliencyMethod, attention
from agents.saliency.quality.likeness import Maps, rank_correlation

Order = Literal["cascading", "independent"]
BLIND_FROM = 0.9999
"""Mean rank correlation from which a map counts as unmoved."""


@dataclass(frozen=True)
class RandomisedLayer:
    """What is left of the maps once layers are random.

    Attributes:
        layer: "dense_3" … "dense_0", "convolution_4" … "convolution_0"; cascading: this one and all above it.
        rank_correlation: (B,) with the maps of the intact network, NaN where a map has no contrast.
    """

    layer: str
    rank_correlation: np.ndarray


def randomisation(
    method: SaliencyMethod, network: ExplainedNetwork, inputs: torch.Tensor, order: Order, seed: int = 0
) -> list[RandomisedLayer]:
    """Rank correlation with the intact network's maps, from the head to the first convolution.

    Args:
        inputs: (B, C, H, W), 0..255. seed: of the random weights; the network itself is not touched.
    """
    intact = shown_maps(method, network, inputs)
    return [
        RandomisedLayer(layer, rank_correlation(intact, shown_maps(method, changed, inputs)))
        for layer, changed in randomised(network, order, seed)
    ]


def randomised(network: ExplainedNetwork, order: Order, seed: int = 0) -> Iterator[tuple[str, ExplainedNetwork]]:
    """(layer, network with it freshly drawn), from the head down."""
    cascade = copy.deepcopy(network)
    names = [("dense", k) for k in range(len(network.dense))]
    names = [("convolutions", k) for k in range(len(network.convolutions))] + names
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = torch.random.get_rng_state()
    for group, k in reversed(names):
        changed = cascade if order == "cascading" else copy.deepcopy(network)
        with torch.random.fork_rng(devices=[]):
            torch.random.set_rng_state(state)
            _draw_afresh(getattr(changed, group)[k])
            state = torch.random.get_rng_state()
        yield f"{group.removesuffix('s')}_{k}", changed


def blind_to_head(cascade: list[RandomisedLayer]) -> bool | None:
    """No map moved while dense layer after dense layer became random; None where no map had contrast."""
    head = np.concatenate([step.rank_correlation for step in cascade if step.layer.startswith("dense")])
    defined = head[np.isfinite(head)]
    return bool(defined.mean() >= BLIND_FROM) if len(defined) else None


def shown_maps(method: SaliencyMethod, network: ExplainedNetwork, inputs: torch.Tensor) -> Maps:
    """Maps (B, H, W) in [0, 1]."""
    return attention(method, network, inputs).maps[:, 0].detach().cpu().numpy()


def _draw_afresh(module: nn.Module) -> None:
    """New weights as at the module's birth; batch normalisation forgets what it has seen."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
            part.reset_parameters()
