"""A saliency method of one's own: gradient times input. Found by ``examples.input_saliency:GradientTimesInput``."""

from __future__ import annotations

import torch

from agents.pilotnet import PilotNet


class GradientTimesInput:
    """How much each pixel, at its own brightness, pulls the steering to the left."""

    name = "gradient_times_input"
    signed = True
    reads_head = True

    def explain(self, network: PilotNet, inputs: torch.Tensor) -> torch.Tensor:
        """Signed maps (B, 1, H, W) of network inputs (B, C, H, W)."""
        network.eval()
        pixels = inputs.detach().clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(network(pixels).sum(), pixels)
        return (gradient * pixels).sum(dim=1, keepdim=True).detach()
