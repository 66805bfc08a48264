"""Layer-wise relevance propagation, epsilon rule (Bach et al. 2015, Eq. 58).

The output's relevance is passed down layer by layer: R_i = a_i Σ_j w_ij R_j / (z_j + ε sign z_j), z_j with its bias.
ReLUs pass it on unchanged. With ε = 100 the VisualBackProp paper compared (its output is in other units than ours);
a small ε keeps more of the relevance and more of its noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional

from agents.saliency.method import ExplainedNetwork

STABLE_EPSILON = 1e-2
PAPER_EPSILON = 100.0


@dataclass(frozen=True)
class Lrp:
    """Relevance of each pixel, signed, summed over channels, degrees.

    Attributes:
        epsilon: stabiliser in units of a layer's sums before its ReLU.
    """

    epsilon: float = STABLE_EPSILON
    signed: ClassVar[bool] = True
    reads_head: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """``lrp``, with ε where it is not the default."""
        return "lrp" if self.epsilon == STABLE_EPSILON else f"lrp_eps{self.epsilon:g}"

    def explain(self, network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
        """See `SaliencyMethod.explain`."""
        network.eval()
        with torch.inference_mode():
            swa_deg, activations = network.forward_with_activations(inputs)
        relevance = self._through_dense(network, activations[-1], swa_deg[:, None])
        below = (network.normalise(inputs), *activations[:-1])
        for convolution, under in zip(reversed(network.convolutions), reversed(below), strict=True):
            relevance = self._down(convolution, under, relevance)
        return relevance.sum(dim=1, keepdim=True)

    def _through_dense(self, network: ExplainedNetwork, maps: torch.Tensor, relevance: torch.Tensor) -> torch.Tensor:
        hidden = [torch.flatten(maps.contiguous(), 1)]
        with torch.inference_mode():
            for layer in network.dense[:-1]:
                hidden.append(functional.relu(layer(hidden[-1])))
        for layer, under in zip(reversed(network.dense), reversed(hidden), strict=True):
            relevance = self._down(layer, under, relevance)
        return relevance.reshape(maps.shape)

    def _down(
        self, layer: Callable[[torch.Tensor], torch.Tensor], below: torch.Tensor, relevance: torch.Tensor
    ) -> torch.Tensor:
        """Relevance of a layer's inputs: a times the gradient of z at R / (z + ε sign z)."""
        # Tensors made in inference mode cannot take part in autograd: a plain copy can.
        leaf = below.clone().detach().requires_grad_(True)
        with torch.enable_grad():
            sums = layer(leaf)
            stabilised = sums.detach() + self.epsilon * torch.where(sums.detach() >= 0.0, 1.0, -1.0)
            (gradient,) = torch.autograd.grad(sums, leaf, grad_outputs=relevance / stabilised)
        return (leaf * gradient).detach()
