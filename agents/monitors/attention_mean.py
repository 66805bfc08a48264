"""Mean of the attention map: a driver that looks everywhere looks at nothing (heatmap average of ThirdEye 2022)."""

from __future__ import annotations

from agents.monitors.attention import AttentionMonitor
from agents.monitors.crop_monitor import Judgements, Stretch


class AttentionMeanMonitor(AttentionMonitor):
    """Scores the mean of the VisualBackProp map in [0, 1]."""

    name = "attention_mean"

    def judge(self, stretch: Stretch) -> Judgements:
        """Mean of each map."""
        return Judgements(score=self.attention(stretch).maps.mean(dim=(1, 2, 3)).cpu().numpy())
