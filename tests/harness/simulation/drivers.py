"""Agents and monitors that misbehave on schedule; scenarios name them as `module:Class`."""

from __future__ import annotations

import math

from agents.label_expert import LabelExpertAgent
from agents.monitors.base import MonitorBase
from agents.protocol import AgentOutput, DrivingState, EpisodeContext, Frame, MonitorOutput, Observation

ONSET_S = 1.0
THRESHOLDS = {
    "monitors": {
        f"{__name__}:{name}": {"points": {"fa0.50": {"theta_on": 0.5, "theta_off": 0.5}}}
        for name in ("PulseMonitor", "RaisingMonitor", "UnresettableMonitor")
    }
}


class StraightAhead(LabelExpertAgent):
    """Never turns the wheel."""

    name = "straight_ahead"

    def act(self, observation: Observation) -> AgentOutput:
        return AgentOutput(swa_deg=0.0)


class RaisingAgent(LabelExpertAgent):
    """Drives for a second, then raises."""

    name = "raising"

    def act(self, observation: Observation) -> AgentOutput:
        if observation.state.time_s >= ONSET_S - 1e-9:
            raise ZeroDivisionError("no more road")
        return super().act(observation)


class NanAgent(LabelExpertAgent):
    """Drives for a second, then answers NaN."""

    name = "nan"

    def act(self, observation: Observation) -> AgentOutput:
        swa_deg = math.nan if observation.state.time_s >= ONSET_S - 1e-9 else 0.0
        return AgentOutput(swa_deg=swa_deg)


class WordyAgent(LabelExpertAgent):
    """Answers with something that is no AgentOutput."""

    name = "wordy"

    def act(self, observation: Observation) -> AgentOutput:
        return "left"  # type: ignore[return-value]


class UnresettableAgent(LabelExpertAgent):
    """Cannot even begin."""

    name = "unresettable"

    def reset(self, context: EpisodeContext) -> None:
        raise OSError("calibration file gone")


class PulseMonitor(MonitorBase):
    """Scores 1 for 0.4 s from 1 s on, else 0. Its name in tables is not the one in the scenario."""

    name = "pulse"
    unit = "1"

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        inside = ONSET_S - 1e-9 <= state.time_s < ONSET_S + 0.4 - 1e-9
        return MonitorOutput(score=1.0 if inside else 0.0)


class RaisingMonitor(MonitorBase):
    """Raises on every frame from 1 s on."""

    name = "raising"
    unit = "1"

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        if state.time_s >= ONSET_S - 1e-9:
            raise ValueError("lost the plot")
        return MonitorOutput(score=0.0)


class UnresettableMonitor(PulseMonitor):
    """Cannot be reset; what it would score then is not to be trusted."""

    name = "unresettable"

    def reset(self, context: EpisodeContext) -> None:
        raise OSError("calibration file gone")
