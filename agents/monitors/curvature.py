"""Privileged baseline: sharp curves are risky, whatever the camera shows."""

from __future__ import annotations

from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


class CurvatureMonitor(MonitorBase):
    """Scores |curvature of the sharpest point within the next 2 s|, 1/m."""

    name = "curvature"
    unit = "1/m"
    privileged = True
    reads = "ground truth"

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Curvature ahead."""
        return MonitorOutput(score=abs(state.curvature_ahead_1pm))
