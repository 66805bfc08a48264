"""Agents and monitors whose calls show on the pulse, so that a hang is blamed on who hangs."""

from __future__ import annotations

from typing import Any

from agents.protocol import Agent, AgentOutput, DrivingState, Frame, Monitor, MonitorOutput, Observation
from harness.cluster.pulse import Pulse, Stage


class WatchedAgent:
    """The agent itself in all but `act`, which is timed by the parent process."""

    def __init__(self, agent: Agent, pulse: Pulse) -> None:
        self._agent, self._pulse = agent, pulse

    def act(self, observation: Observation) -> AgentOutput:
        """The agent's answer; ends the tick's stage of waiting for the simulator and begins it again."""
        self._pulse.beat(Stage.AGENT)
        try:
            return self._agent.act(observation)
        finally:
            self._pulse.beat(Stage.TICKING)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agent, name)


class WatchedMonitor:
    """The monitor itself in all but `score`, which is timed by the parent process."""

    def __init__(self, monitor: Monitor, pulse: Pulse) -> None:
        self._monitor, self._pulse = monitor, pulse

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """The monitor's judgement."""
        self._pulse.beat(Stage.MONITOR)
        try:
            return self._monitor.score(frame, agent_output, state)
        finally:
            self._pulse.beat(Stage.TICKING)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._monitor, name)


class TickBeat:
    """Shows each tick on the pulse; episodes without an agent have no other sign of life."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse

    def on_tick(self, view: object) -> None:
        """One tick is over."""
        self._pulse.beat(Stage.TICKING)
