"""Captum's layer-wise relevance propagation on our networks: the reference for values and for speed."""

from __future__ import annotations

import torch
from captum.attr import LRP
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import nn

from agents.steering_network import SteeringNetwork, sizes_after


class NetworkAsModules(nn.Sequential):
    """A network after its normalisation as captum can hook it: every ReLU a module, dense layers as convolutions.

    A batch normalisation in front of a convolution is folded into it: the two are one linear map, and relevance is
    passed through them as one.

    Args:
        network: in evaluation mode; its tensors are shared where nothing is folded. epsilon: of the epsilon rule, in
            every layer.
    """

    def __init__(self, network: SteeringNetwork, epsilon: float) -> None:
        layers: list[nn.Module] = []
        for convolution in network.convolutions:
            layers += [_folded(convolution), nn.ReLU()]
        size = sizes_after(*network.input_size, network.layers)[-1]
        for dense in network.dense:
            weight, bias = dense.get_parameter("weight").data, dense.get_parameter("bias").data
            same = _convolution(weight.reshape(weight.shape[0], -1, *size), bias, stride=(1, 1))
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


def captum_lrp(modules: NetworkAsModules, network: SteeringNetwork, inputs: torch.Tensor) -> torch.Tensor:
    """Relevance (B, 1, H, W), degrees, as `agents.saliency.lrp.Lrp` gives it."""
    relevance = LRP(modules).attribute(network.normalise(inputs).requires_grad_(True))
    return relevance.detach().sum(dim=1, keepdim=True) * network.config.output_scale_deg


def _folded(layer: nn.Module) -> nn.Conv2d:
    """A convolution, or a batch normalisation and a convolution, as one convolution."""
    if isinstance(layer, nn.Conv2d):
        assert layer.bias is not None
        return _convolution(layer.weight.data, layer.bias.data, layer.stride)
    norm, convolution = layer.children()
    assert isinstance(norm, nn.BatchNorm2d) and isinstance(convolution, nn.Conv2d)
    assert norm.running_mean is not None and norm.running_var is not None and convolution.bias is not None
    gain = norm.weight.data / torch.sqrt(norm.running_var + norm.eps)
    shift = norm.bias.data - gain * norm.running_mean
    weight = convolution.weight.data
    bias = convolution.bias.data + (weight * shift[:, None, None]).sum(dim=(1, 2, 3))
    return _convolution(weight * gain[:, None, None], bias, convolution.stride)


def _convolution(weight: torch.Tensor, bias: torch.Tensor, stride: tuple[int, ...]) -> nn.Conv2d:
    made = nn.Conv2d(weight.shape[1], weight.shape[0], (weight.shape[2], weight.shape[3]), (stride[0], stride[1]))
    made.weight.data, made.bias = weight, nn.Parameter(bias)
    return made
