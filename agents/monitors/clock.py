"""Control for figures within a run: a run ends with its departure, so the later moment is always the riskier one."""

from __future__ import annotations

import numpy as np

from agents.monitors.crop_monitor import CropMonitor, Judgements, Stretch
from agents.protocol import EpisodeContext


class ClockMonitor(CropMonitor):
    """Scores the time since the run began, s.

    Within a run it ranks every moment before the departure above every calm one, as would any score that only grows:
    what a monitor with memory gains there says nothing until it also gains over all runs.
    """

    name = "clock"
    unit = "s"
    reads = "nothing"

    def __init__(self) -> None:
        self._tick_s = self._now_s = 0.0

    def reset(self, context: EpisodeContext) -> None:
        """Start at zero."""
        self._tick_s, self._now_s = context.tick_s, 0.0

    def judge(self, stretch: Stretch) -> Judgements:
        """Seconds since the first tick."""
        seconds = self._now_s + self._tick_s * np.arange(len(stretch))
        self._now_s += self._tick_s * len(stretch)
        return Judgements(score=seconds.astype(np.float32))
