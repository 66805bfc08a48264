"""Baseline: is the picture unusually blurred or noisy?"""

from __future__ import annotations

from pathlib import Path

from agents.monitors.base import FittedMonitor
from agents.monitors.image_statistics import IMAGE_STATISTICS_PATH, ImageStatistics, log_sharpness
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


class SharpnessMonitor(FittedMonitor):
    """Scores |log Laplacian variance − its usual value|: blur lies below the usual, noise above.

    Args:
        statistics: JSON of what is usual.
    """

    name = "sharpness"
    reads = "whole picture"
    unit = "1"
    declared_latency_s = 0.005

    def __init__(self, statistics: Path = IMAGE_STATISTICS_PATH) -> None:
        super().__init__(statistics)
        self._usual = ImageStatistics.load(statistics).log_sharpness

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Deviation of this frame."""
        return MonitorOutput(score=abs(log_sharpness(frame) - self._usual))
