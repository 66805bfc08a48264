"""What a failure predictor reads: saliency maps of a driver, or the grey picture itself, as bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from agents.preprocessing import to_network_input
from agents.saliency.visualbackprop import visualbackprop
from agents.steering_network import SteeringNetwork

_BATCH = 128


def pictures_of(network: SteeringNetwork | None, crops: npt.NDArray[np.uint8], device: str) -> npt.NDArray[np.uint8]:
    """VisualBackProp maps of a network, or the grey crops where none is given, (N, H, W), 0..255.

    Args:
        crops: uint8 RGB (N, H, W, 3), of the network's input size.
    """
    if network is not None:
        network.to(device).eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(crops), _BATCH):
            batch = crops[start : start + _BATCH]
            if network is None:
                shown = to_network_input(batch, "grey")
            else:
                inputs = to_network_input(batch, "grey" if network.config.channels == 1 else "yuv").to(device)
                activations = network.forward_with_activations(inputs)[1]
                shown = visualbackprop(activations, network.layers, network.input_size).maps * 255.0
            parts.append(shown[:, 0].round().clamp(0.0, 255.0).to(torch.uint8).cpu().numpy())
    return np.concatenate(parts)
