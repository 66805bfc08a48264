"""SmoothGrad (Smilkov et al. 2017), by captum: gradient saliency averaged over noisy copies of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from captum.attr import NoiseTunnel, Saliency

from agents.saliency.method import ExplainedNetwork


@dataclass(frozen=True)
class SmoothGrad:
    """Mean |dy/dx| over noisy copies, summed over channels, degrees per grey level.

    Attributes:
        samples: noisy copies. sigma_dn: their noise, grey levels (the paper's 10-20 % of the range).
        seed: of the noise; the global generator is left as it was.
    """

    samples: int = 16
    sigma_dn: float = 25.0
    seed: int = 0
    name: ClassVar[str] = "smooth_grad"
    signed: ClassVar[bool] = False
    reads_head: ClassVar[bool] = True

    def explain(self, network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
        """See `SaliencyMethod.explain`."""
        network.eval()
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(self.seed)
            leaf = inputs.detach().clone().requires_grad_(True)
            attribution: torch.Tensor = NoiseTunnel(Saliency(network)).attribute(
                leaf, nt_type="smoothgrad", nt_samples=self.samples, stdevs=self.sigma_dn, abs=True
            )
        return attribution.detach().sum(dim=1, keepdim=True)
