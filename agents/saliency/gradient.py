"""Gradient saliency (Simonyan, Vedaldi, Zisserman 2014): how much a pixel's change would turn the wheel."""

from __future__ import annotations

import torch

from agents.saliency.method import ExplainedNetwork


class Gradient:
    """|dy/dx| summed over channels, degrees per grey level."""

    name = "gradient"
    signed = False
    reads_head = True

    def explain(self, network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
        """See `SaliencyMethod.explain`."""
        return input_gradient(network, inputs).abs().sum(dim=1, keepdim=True)


def input_gradient(network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
    """dy/dx of each picture's own output, (B, C, H, W), degrees per grey level."""
    network.eval()
    leaf = inputs.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(network(leaf).sum(), leaf)
    return gradient
