"""The protocol of every saliency method: a network and its input in, one map per picture out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch

from agents.pilotnet import PilotNet
from agents.saliency.maps import SaliencyMaps, normalised


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

    def explain(self, network: PilotNet, inputs: torch.Tensor) -> torch.Tensor:
        """Raw maps (B, 1, H, W) float32 of network inputs (B, C, H, W) float32, 0..255.

        The network is left in evaluation mode, without gradients.
        """


def attention(method: SaliencyMethod, network: PilotNet, inputs: torch.Tensor) -> SaliencyMaps:
    """Maps in [0, 1] whatever the method: the size of signed maps, min-max per picture."""
    raw = method.explain(network, inputs)
    return normalised(raw.abs() if method.signed else raw)
