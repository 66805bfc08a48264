"""What every steering network here is made of, so that training, drivers and saliency methods need no other knowledge.

A network is a hard-coded normalisation, convolutions without padding, each with a ReLU behind it and at most a batch
normalisation in front, and dense layers that end in one angle.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn
from torch.nn import functional

from agents.saliency.conv_layer import ConvLayer


@runtime_checkable
class NetworkConfig(Protocol):
    """Shape of a network; stored inside its weights file.

    Attributes:
        height, width, channels: input size, px.
        dropout: drop-out rate after each hidden dense layer, training only.
        output_scale_deg: steering wheel degrees per unit of the last layer.
    """

    @property
    def height(self) -> int:
        """Input height, px."""

    @property
    def width(self) -> int:
        """Input width, px."""

    @property
    def channels(self) -> int:
        """Input channels."""

    @property
    def dropout(self) -> float:
        """Drop-out rate in the dense layers."""

    @property
    def output_scale_deg(self) -> float:
        """Degrees per unit of the last layer."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""


class SteeringNetwork(nn.Module):
    """Picture to steering wheel angle (the driver) or to its error (the failure predictor).

    Input: float32 (B, channels, height, width), values 0..255; normalisation to −1..1 is the hard-coded first
    layer, so no caller can forget it. Output: degrees SWA, left positive, (B,).

    A subclass sets the attributes; `agents.saliency.method.ExplainedNetwork` is what saliency methods see of them.

    Attributes:
        config: shape. layers: kernel and stride of each convolution, no padding.
        convolutions: first to last, each from the maps below to the sums before its ReLU; one with batch
            normalisation in front is an ``nn.Sequential`` of the two.
        dense: first to last, the last one has one output.
    """

    config: NetworkConfig
    layers: tuple[ConvLayer, ...]
    convolutions: nn.ModuleList
    dense: nn.ModuleList

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the input, px."""
        return self.config.height, self.config.width

    def normalise(self, x: torch.Tensor) -> torch.Tensor:
        """The hard-coded first layer: 0..255 to −1..1."""
        return x * (1.0 / 127.5) - 1.0

    def forward_with_activations(self, x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Steering and the maps that saliency needs, in one pass.

        Args:
            x: (B, channels, height, width), 0..255.

        Returns:
            (swa_deg (B,), one post-ReLU map per convolution, each (B, C, h, w), first to last).
        """
        x = self.normalise(x)
        activations = []
        for convolution in self.convolutions:
            x = functional.relu(convolution(x))
            activations.append(x)
        # A channels-last map must be flattened in channel order, or the dense layers would see it shuffled.
        return self.head(torch.flatten(x.contiguous(), 1)), tuple(activations)

    def head(self, features: torch.Tensor) -> torch.Tensor:
        """The dense layers: flattened maps of the last convolution (B, F) to degrees (B,)."""
        x = features
        for layer in self.dense[:-1]:
            x = functional.relu(layer(x))
            x = functional.dropout(x, self.config.dropout, self.training)
        swa_deg: torch.Tensor = self.dense[-1](x).squeeze(1) * self.config.output_scale_deg
        return swa_deg

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Steering wheel angle, degrees, (B,)."""
        return self.forward_with_activations(x)[0]


def sizes_after(height: int, width: int, layers: tuple[ConvLayer, ...]) -> list[tuple[int, int]]:
    """Height and width of the maps of each convolution, first to last; 0 or less where the input is too small."""
    sizes = []
    for layer in layers:
        height = (height - layer.kernel) // layer.stride + 1
        width = (width - layer.kernel) // layer.stride + 1
        sizes.append((height, width))
    return sizes
