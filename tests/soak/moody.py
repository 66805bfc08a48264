"""An agent and a monitor that fail now and then, by the episode's seed and the tick alone: every run meets the same."""

from __future__ import annotations

from dataclasses import replace

from agents.label_expert import LabelExpertAgent
from agents.monitors.random_alarm import RandomAlarmMonitor
from agents.protocol import AgentOutput, DrivingState, EpisodeContext, Frame, MonitorOutput, Observation

FAILS_AT_TICK = 9
EPISODES_PER_MOOD = 30
"""Departures come so often that the first clip, whose encoder stays in memory, comes early in a process's life."""
LEAVES_FROM_TICK = 3
FULL_LEFT_DEG = 400.0


class MoodyDriver(LabelExpertAgent):
    """The label expert, but of every thirty episodes one in which it raises and one in which it leaves the road."""

    name = "moody_driver"

    def reset(self, context: EpisodeContext) -> None:
        """Take route and mood of the episode."""
        super().reset(context)
        self._mood = context.seed % EPISODES_PER_MOOD

    def act(self, observation: Observation) -> AgentOutput:
        """Steer, raise, or turn to the left as far as it goes."""
        tick = observation.state.tick
        if self._mood == 0 and tick == FAILS_AT_TICK:
            raise RuntimeError("the agent is in a mood")
        output = super().act(observation)
        leaves = self._mood == 1 and tick >= LEAVES_FROM_TICK
        return replace(output, swa_deg=FULL_LEFT_DEG) if leaves else output


class MoodyMonitor(RandomAlarmMonitor):
    """The random monitor, but at one tick in seven of every third episode it raises."""

    name = "moody_monitor"

    def reset(self, context: EpisodeContext) -> None:
        """Take the mood of the episode."""
        super().reset(context)
        self._mood = context.seed % 21

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Score or raise."""
        if self._mood < 7 and (self._mood + state.tick) % 7 == 0:
            raise RuntimeError("the monitor is in a mood")
        return super().score(frame, agent_output, state)
