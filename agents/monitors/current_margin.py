"""Privileged baseline: a car close to the line is about to cross it."""

from __future__ import annotations

from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


class CurrentMarginMonitor(MonitorBase):
    """Scores −lane margin, m: 0 on the line, negative inside."""

    name = "current_margin"
    unit = "m"
    privileged = True
    reads = "ground truth"

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Margin now, sign turned."""
        return MonitorOutput(score=-state.lane_margin_m)
