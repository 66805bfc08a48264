"""Label randomisation (Adebayo et al. 2018): do maps differ where a network learned from shuffled answers?

Two networks of one shape are fitted to the same frames from the same first weights, one to the true labels, one to the
same labels shuffled. Maps of the network in question are held against both. Any two trainings give somewhat different
maps, so that the shuffled one differs says nothing by itself: what counts is how much nearer the true one is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from agents.saliency.method import ExplainedNetwork, SaliencyMethod
from agents.saliency.quality.likeness import Maps, rank_correlation
from agents.saliency.quality.randomisation import shown_maps


@dataclass(frozen=True)
class LabelTwins:
    """Networks of one training but for the labels."""

    true: ExplainedNetwork
    shuffled: ExplainedNetwork


@dataclass(frozen=True)
class LabelRandomisation:
    """Rank correlations of maps per picture, NaN where a map has no contrast.

    Attributes:
        true, shuffled: (B,) of the network in question with the twin of that name. twins: (B,) of the twins with
            each other.
    """

    true: npt.NDArray[np.float64]
    shuffled: npt.NDArray[np.float64]
    twins: npt.NDArray[np.float64]

    @property
    def nearer_true(self) -> npt.NDArray[np.float64]:
        """(B,) true minus shuffled: 0 for a method whose maps do not depend on what was learned."""
        return self.true - self.shuffled


def label_randomisation(
    method: SaliencyMethod, maps: Maps, twins: LabelTwins, inputs: torch.Tensor
) -> LabelRandomisation:
    """Hold a network's maps against those of the twins.

    Args:
        maps: (B, H, W), the network's of ``inputs``. inputs: (B, C, H, W), 0..255.
    """
    true, shuffled = (shown_maps(method, network, inputs) for network in (twins.true, twins.shuffled))
    return LabelRandomisation(
        rank_correlation(maps, true), rank_correlation(maps, shuffled), rank_correlation(true, shuffled)
    )
