"""Baseline that warns by the clock: what regular reminders earn."""

from __future__ import annotations

import math

import numpy as np

from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, EpisodeContext, Frame, MonitorOutput

PERIOD_S = 10.0


class PeriodicMonitor(MonitorBase):
    """A raised cosine of 10 s period, 0..1; its phase is drawn from the seed, its duty is its threshold's."""

    name = "periodic"
    unit = "1"

    def __init__(self) -> None:
        self._phase = 0.0

    def reset(self, context: EpisodeContext) -> None:
        """Draw this episode's phase."""
        self._phase = float(np.random.default_rng(context.seed).uniform(0.0, 2.0 * math.pi))

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Height of the wave now."""
        angle = 2.0 * math.pi * state.time_s / PERIOD_S + self._phase
        return MonitorOutput(score=0.5 + 0.5 * math.cos(angle))
