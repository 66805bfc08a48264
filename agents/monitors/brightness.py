"""Baseline: is the picture unusually dark or bright?"""

from __future__ import annotations

from pathlib import Path

from agents.monitors.base import MonitorBase
from agents.monitors.image_statistics import IMAGE_STATISTICS_PATH, ImageStatistics, mean_brightness_dn
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput
from agents.weights_io import sha256_of


class BrightnessMonitor(MonitorBase):
    """Scores |mean luma − usual mean luma|, grey levels.

    Args:
        statistics: JSON of what is usual.
    """

    name = "brightness"
    unit = "grey levels"
    declared_latency_s = 0.005

    def __init__(self, statistics: Path = IMAGE_STATISTICS_PATH) -> None:
        self._usual_dn = ImageStatistics.load(statistics).brightness_dn
        self.weights_path = statistics
        self._sha256 = sha256_of(statistics)

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the statistics file."""
        return self._sha256

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Deviation of this frame."""
        return MonitorOutput(score=abs(mean_brightness_dn(frame) - self._usual_dn))
