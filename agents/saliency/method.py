"""The protocol of every saliency method: a network and its input in, one map per picture out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from agents.saliency.conv_layer import ConvLayer
from agents.saliency.maps import SaliencyMaps, normalised

MOST_PIXELS = 2**20
"""Of the pictures that are explained at once: maps of every layer of a large network would fill the memory."""


@runtime_checkable
class ExplainedNetwork(Protocol):
    """What a network must show of itself to be explained: convolutions with ReLU, then dense layers with ReLU.

    An ``nn.Module`` of one output. Its answer is the last dense layer's, times ``config.output_scale_deg``.

    Attributes:
        layers: kernel and stride of each convolution, first to last.
        convolutions: from the maps below to the sums before the ReLU. A batch normalisation in front belongs to its
            convolution (``nn.Sequential``): in evaluation mode the two are one linear map.
        dense: from the flattened last maps on; all but the last are followed by a ReLU.
        config: the network's shape, with ``output_scale_deg``.
    """

    convolutions: nn.ModuleList
    dense: nn.ModuleList
    config: Any

    @property
    def layers(self) -> Sequence[ConvLayer]:
        """Geometry of the convolutions."""

    def normalise(self, x: torch.Tensor) -> torch.Tensor:
        """Picture 0..255 to what the first convolution sees."""

    def forward_with_activations(self, x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """(degrees (B,), post-ReLU maps of each convolution, first to last)."""

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Degrees, (B,)."""

    def eval(self) -> Any:
        """To evaluation mode."""


@runtime_checkable
class SaliencyMethod(Protocol):
    """Where a steering network looks.

    Attributes:
        name: short name, ``[a-z0-9_]+``.
        signed: raw maps carry a sign: positive = steers further left.
        reads_head: the map depends on the dense layers; without them a method cannot tell left from right, and the
            randomisation test flags it as blind to the head.
    """

    @property
    def name(self) -> str:
        """Short name."""

    @property
    def signed(self) -> bool:
        """Raw maps carry a sign."""

    @property
    def reads_head(self) -> bool:
        """The dense layers matter."""

    def explain(self, network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
        """Raw maps (B, 1, H, W) float32 of network inputs (B, C, H, W) float32, 0..255.

        The network is left in evaluation mode, without gradients.
        """


def attention(method: SaliencyMethod, network: ExplainedNetwork, inputs: torch.Tensor) -> SaliencyMaps:
    """Maps in [0, 1] whatever the method: the size of signed maps, min-max per picture."""
    raw = explain_in_parts(method, network, inputs)
    return normalised(raw.abs() if method.signed else raw)


def explain_in_parts(method: SaliencyMethod, network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
    """Raw maps (B, 1, H, W) as `SaliencyMethod.explain` gives them, a few large pictures at a time."""
    return torch.cat([method.explain(network, part) for part in _parts(inputs)])


def answers_in_parts(network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
    """Degrees (B,) in evaluation mode without gradients, a few large pictures at a time."""
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(part) for part in _parts(inputs)])


def _parts(inputs: torch.Tensor) -> Sequence[torch.Tensor]:
    return inputs.split(max(1, MOST_PIXELS // (inputs.shape[2] * inputs.shape[3])))
