"""Does a map stay where it is when only the camera gets worse?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from agents.saliency.method import ExplainedNetwork, SaliencyMethod
from agents.saliency.quality.likeness import Maps, rank_correlation
from agents.saliency.quality.randomisation import shown_maps


@dataclass(frozen=True)
class Stability:
    """Per picture, between the undisturbed and the degraded one.

    Attributes:
        rank_correlation: (B,) of the maps, NaN where one has no contrast.
        answer_change_deg: (B,) |difference| of the network's answers: where the driver is lost too, a map may move.
    """

    rank_correlation: npt.NDArray[np.float64]
    answer_change_deg: npt.NDArray[np.float64]


def stability(
    method: SaliencyMethod, network: ExplainedNetwork, clean_maps: Maps, clean: torch.Tensor, degraded: torch.Tensor
) -> Stability:
    """Compare maps and answers of the same pictures before and behind an artifact.

    Args:
        clean_maps: (B, H, W), the method's maps of ``clean``. clean, degraded: (B, C, H, W), 0..255.
    """
    network.eval()
    with torch.inference_mode():
        change = (network(degraded) - network(clean)).abs().double().cpu().numpy()
    return Stability(rank_correlation(clean_maps, shown_maps(method, network, degraded)), np.asarray(change))
