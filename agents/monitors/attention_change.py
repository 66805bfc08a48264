"""Change of the attention map from tick to tick: gaze that jumps (heatmap derivative of ThirdEye 2022)."""

from __future__ import annotations

import torch

from agents.monitors.attention import AttentionMonitor
from agents.monitors.crop_monitor import Judgements, Stretch
from agents.protocol import EpisodeContext


class AttentionChangeMonitor(AttentionMonitor):
    """Scores the mean |difference| of consecutive VisualBackProp maps; 0 on the first tick."""

    name = "attention_change"

    def __init__(self) -> None:
        self._last: torch.Tensor | None = None

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""
        self._last = None

    def judge(self, stretch: Stretch) -> Judgements:
        """Difference of each map to the one before."""
        maps = self.attention(stretch).maps
        before = torch.cat([maps[:1] if self._last is None else self._last, maps[:-1]])
        self._last = maps[-1:].clone()
        return Judgements(score=(maps - before).abs().mean(dim=(1, 2, 3)).cpu().numpy())
