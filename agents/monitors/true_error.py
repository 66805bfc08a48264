"""Privileged baseline: the steering error itself, the most that predicting it perfectly could be worth."""

from __future__ import annotations

from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


class TrueErrorMonitor(MonitorBase):
    """Scores |agent's SWA − label expert's SWA|, degrees."""

    name = "true_error"
    unit = "deg"
    privileged = True
    reads = "ground truth"

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Error at this very state."""
        error_deg = agent_output.swa_deg - state.swa_label_deg
        return MonitorOutput(score=abs(error_deg), swa_error_deg=error_deg)
