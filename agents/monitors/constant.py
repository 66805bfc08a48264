"""Baseline that knows nothing: the same score for every frame."""

from __future__ import annotations

from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


class ConstantMonitor(MonitorBase):
    """Scores 0: no threshold >= 0 ever raises its alarm."""

    name = "constant"
    unit = "1"

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """The same for every frame."""
        return MonitorOutput(score=0.0)
