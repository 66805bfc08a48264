"""A monitor of one's own: risky is a picture that jumps, or that stands still while the car drives.

Use it in a scenario: ``monitors: [examples.frame_change_monitor:FrameChangeMonitor]``.
"""

from __future__ import annotations

import numpy as np

from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, EpisodeContext, Frame, MonitorOutput

USUAL_CHANGE = 6.0
"""Mean change from frame to frame of a car that drives, grey levels."""


class FrameChangeMonitor(MonitorBase):
    """Scores |log2(change of the picture / usual change)|."""

    name = "frame_change"
    unit = "octaves"
    declared_latency_s = 0.005

    def reset(self, context: EpisodeContext) -> None:
        """Start an episode: no frame to compare with yet."""
        self._before: Frame | None = None

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Score one frame; 0 on the first, where there is nothing to compare."""
        before, self._before = self._before, frame
        if before is None:
            return MonitorOutput(score=0.0)
        change = float(np.abs(frame.astype(np.int16) - before).mean())
        return MonitorOutput(score=abs(float(np.log2(max(change, 0.1) / USUAL_CHANGE))))
