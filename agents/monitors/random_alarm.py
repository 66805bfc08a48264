"""Baseline that warns at random times: what an alarm of the same duty earns by luck."""

from __future__ import annotations

from agents.errors import MonitorError
from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, EpisodeContext, Frame, MonitorOutput
from agents.tick_noise import TickNoise

CORRELATION_TIME_S = 2.0


class RandomAlarmMonitor(MonitorBase):
    """A smooth random score (unit normal, correlated over 2 s, so that alarms come in episodes).

    Its duty is set by its threshold: the 90 % quantile of its final statistic gives 10 % duty. The value
    depends on the episode's seed and the tick alone.
    """

    name = "random"
    unit = "standard deviations"

    def __init__(self) -> None:
        self._noise: TickNoise | None = None

    def reset(self, context: EpisodeContext) -> None:
        """Start the process of this episode's seed."""
        self._noise = TickNoise(context.seed, context.tick_s, CORRELATION_TIME_S)

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Value of the process at this tick."""
        if self._noise is None:
            raise MonitorError("monitor 'random' was asked to score before reset(context)")
        return MonitorOutput(score=self._noise.at(state.tick))
