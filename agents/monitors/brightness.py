"""Baseline: is the picture unusually dark or bright?"""

from __future__ import annotations

from pathlib import Path

from agents.monitors.base import FittedMonitor
from agents.monitors.image_statistics import IMAGE_STATISTICS_PATH, ImageStatistics, mean_brightness_dn
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


class BrightnessMonitor(FittedMonitor):
    """Scores |mean luma − usual mean luma|, grey levels.

    Args:
        statistics: JSON of what is usual.
    """

    name = "brightness"
    reads = "whole picture"
    unit = "grey levels"
    declared_latency_s = 0.005

    def __init__(self, statistics: Path = IMAGE_STATISTICS_PATH) -> None:
        super().__init__(statistics)
        self._usual_dn = ImageStatistics.load(statistics).brightness_dn

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Deviation of this frame."""
        return MonitorOutput(score=abs(mean_brightness_dn(frame) - self._usual_dn))
