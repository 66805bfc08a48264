"""Captum's layer-wise relevance propagation on our networks: the reference for values and for speed."""

from __future__ import annotations

import copy

import torch
from captum.attr import LRP
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import nn

from agents.pilotnet import PilotNet


class PilotNetAsModules(nn.Sequential):
    """A PilotNet after its normalisation as captum can hook it: every ReLU a module, dense layers as convolutions.

    Args:
        network: its tensors are shared, not copied. epsilon: of the epsilon rule, in every layer.
    """

    def __init__(self, network: PilotNet, epsilon: float) -> None:
        layers: list[nn.Module] = []
        for convolution in network.convolutions:
            layers += [copy.copy(convolution), nn.ReLU()]
        size = network.config.map_size()
        for dense in network.dense:
            weight, bias = dense.get_parameter("weight").data, dense.get_parameter("bias").data
            same = nn.Conv2d(weight.shape[1] // (size[0] * size[1]), weight.shape[0], size)
            same.weight.data, same.bias = weight.reshape(same.weight.shape), nn.Parameter(bias)
            layers += [same, nn.ReLU()]
            size = (1, 1)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                layer.rule = EpsilonRule(epsilon=epsilon)  # type: ignore[assignment]
        super().__init__(*layers[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised input (B, C, H, W) to output (B, 1) in units of the last layer."""
        result: torch.Tensor = super().forward(x)
        return result.flatten(1)


def captum_lrp(modules: PilotNetAsModules, network: PilotNet, inputs: torch.Tensor) -> torch.Tensor:
    """Relevance (B, 1, H, W), degrees, as `agents.saliency.lrp.Lrp` gives it."""
    relevance = LRP(modules).attribute(network.normalise(inputs).requires_grad_(True))
    return relevance.detach().sum(dim=1, keepdim=True) * network.config.output_scale_deg
