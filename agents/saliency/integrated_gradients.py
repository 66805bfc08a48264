"""Integrated gradients (Sundararajan, Taly, Yan 2017), by captum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from captum.attr import IntegratedGradients as CaptumIntegratedGradients

from agents.saliency.method import ExplainedNetwork

MID_GREY = 128.0


@dataclass(frozen=True)
class IntegratedGradients:
    """Gradients integrated from a flat mid-grey picture, signed, summed over channels, degrees.

    Their sum over a picture is y(picture) − y(grey), up to the error of the quadrature.

    Attributes:
        steps: points of the Gauss-Legendre quadrature.
    """

    steps: int = 32
    name: ClassVar[str] = "integrated_gradients"
    signed: ClassVar[bool] = True
    reads_head: ClassVar[bool] = True

    def explain(self, network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
        """See `SaliencyMethod.explain`."""
        network.eval()
        attribution: torch.Tensor = CaptumIntegratedGradients(network).attribute(
            inputs, baselines=torch.full_like(inputs[:1], MID_GREY), n_steps=self.steps, internal_batch_size=64
        )
        return attribution.detach().to(torch.float32).sum(dim=1, keepdim=True)
