"""The dense layers of a network, fitted alone on stored features of its convolutions: what a CPU can do in minutes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from agents.steering_network import SteeringNetwork

_BATCH = 128


class HeadOf(SteeringNetwork):
    """The head of a network as a network of its own; the two share their dense layers.

    Input: features of the last convolution, (B, F, 1, 1), as :func:`features_of` gives them. Output: degrees (B,).
    """

    def __init__(self, network: SteeringNetwork) -> None:
        super().__init__()
        self.config, self.dense, self.layers = network.config, network.dense, ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Degrees, (B,)."""
        return self.head(torch.flatten(x, 1))


def features_of(network: SteeringNetwork, pictures: npt.NDArray[np.uint8], device: str) -> npt.NDArray[np.float16]:
    """Flattened maps of the last convolution for one-channel pictures (N, H, W), (N, F) float16."""
    network.to(device).eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), _BATCH):
            batch = torch.from_numpy(pictures[start : start + _BATCH]).unsqueeze(1).to(device, torch.float32)
            maps = network.forward_with_activations(batch)[1][-1]
            parts.append(torch.flatten(maps.contiguous(), 1).to(torch.float16).cpu().numpy())
    return np.concatenate(parts)
