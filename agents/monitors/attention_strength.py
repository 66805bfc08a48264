"""Strength of the attention map before normalisation: what min-max scaling takes away, such as a picture gone dark."""

from __future__ import annotations

import torch

from agents.monitors.attention import AttentionMonitor
from agents.monitors.crop_monitor import Judgements, Stretch

_SMALLEST = 1e-12


class AttentionStrengthMonitor(AttentionMonitor):
    """Scores −log of the largest value of the raw VisualBackProp map: the weaker the response, the riskier."""

    name = "attention_strength"
    unit = "−log of activation"

    def judge(self, stretch: Stretch) -> Judgements:
        """Weakness of each map."""
        return Judgements(score=-torch.log(self.attention(stretch).high.clamp_min(_SMALLEST)).cpu().numpy())
