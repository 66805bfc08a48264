"""Grad-CAM (Selvaraju et al. 2017) for a network with one signed output.

On an angle the published method shows only what steers left: gradients of left and right cues cancel or die in its
ReLU. So the output explained is a choice: y (what steers left), −y (right) or |y| (whatever makes the angle larger).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch.nn import functional

from agents.saliency.method import ExplainedNetwork

Direction = Literal["left", "right", "size"]


@dataclass(frozen=True)
class GradCam:
    """ReLU(sum over channels of (mean gradient × map)) of one convolution, scaled up bilinearly to the input.

    Attributes:
        direction: "left" explains y, "right" −y, "size" |y|.
        layer: index of the convolution, the last by default.
    """

    direction: Direction = "size"
    layer: int = -1
    signed: ClassVar[bool] = False
    reads_head: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """``grad_cam`` for |y|, else with its direction."""
        return "grad_cam" if self.direction == "size" else f"grad_cam_{self.direction}"

    def explain(self, network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
        """See `SaliencyMethod.explain`."""
        network.eval()
        with torch.enable_grad():
            swa_deg, activations = network.forward_with_activations(inputs.detach().requires_grad_(True))
            explained = {"left": swa_deg, "right": -swa_deg, "size": swa_deg.abs()}[self.direction]
            (gradient,) = torch.autograd.grad(explained.sum(), activations[self.layer])
        weights = gradient.mean(dim=(2, 3), keepdim=True)
        coarse = functional.relu((weights * activations[self.layer].detach()).sum(dim=1, keepdim=True))
        return functional.interpolate(coarse, size=inputs.shape[-2:], mode="bilinear", align_corners=False)
