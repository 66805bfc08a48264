"""Agents that stop answering, or answer late."""

from __future__ import annotations

import threading
import time

from agents.label_expert import LabelExpertAgent
from agents.protocol import AgentOutput, Observation


class HangingAgent(LabelExpertAgent):
    """Never answers from 1 s on."""

    name = "hanging"

    def act(self, observation: Observation) -> AgentOutput:
        if observation.state.time_s >= 1.0:
            threading.Event().wait()
        return super().act(observation)


class SlowAgent(LabelExpertAgent):
    """Takes its time in every tenth tick."""

    name = "slow"
    pause_s = 0.15

    def act(self, observation: Observation) -> AgentOutput:
        if round(observation.state.time_s / 0.05) % 10 == 0:
            time.sleep(self.pause_s)
        return super().act(observation)
