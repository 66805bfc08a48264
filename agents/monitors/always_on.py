"""Baseline that always warns: the most safety any monitor can buy, and the most it can cost."""

from __future__ import annotations

from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


class AlwaysOnMonitor(MonitorBase):
    """Scores 1; its operating points are thresholds below that, so its alarm is up from the start."""

    name = "always_on"
    unit = "1"

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """The same for every frame."""
        return MonitorOutput(score=1.0)
