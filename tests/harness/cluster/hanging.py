"""An agent that stops answering."""

from __future__ import annotations

import threading

from agents.label_expert import LabelExpertAgent
from agents.protocol import AgentOutput, Observation


class HangingAgent(LabelExpertAgent):
    """Never answers from 1 s on."""

    name = "hanging"

    def act(self, observation: Observation) -> AgentOutput:
        if observation.state.time_s >= 1.0:
            threading.Event().wait()
        return super().act(observation)
