"""Drivers that leave the lane centre on purpose, so that the data holds recoveries (Bojarski's shifts, in the loop)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from agents.label_expert import LabelExpertAgent
from agents.pilotnet_driver import PilotNetDriver
from agents.protocol import AgentOutput, EpisodeContext, Observation

HORIZON_S = 120.0


@dataclass(frozen=True)
class Burst:
    """A steering disturbance: ``swa_deg`` is added from ``start_s`` on for ``duration_s``."""

    start_s: float
    duration_s: float
    swa_deg: float


def draw_bursts(seed: int) -> tuple[Burst, ...]:
    """Disturbances of one episode: every 2-5 s, 0.4-1.0 s long, 8-30° to either side."""
    rng = np.random.default_rng(seed)
    bursts, time_s = [], float(rng.uniform(0.5, 3.0))
    while time_s < HORIZON_S:
        side = 1.0 if rng.random() < 0.5 else -1.0
        bursts.append(Burst(time_s, float(rng.uniform(0.4, 1.0)), side * float(rng.uniform(8.0, 30.0))))
        time_s += float(rng.uniform(2.0, 5.0))
    return tuple(bursts)


def disturbance_deg(bursts: tuple[Burst, ...], time_s: float) -> float:
    """SWA added at this time, degrees."""
    return sum(b.swa_deg for b in bursts if b.start_s <= time_s < b.start_s + b.duration_s)


class NoisyExpert:
    """The label expert with seeded steering disturbances; the label stays the undisturbed expert's answer."""

    name = "noisy_expert"
    privileged = True

    def __init__(self) -> None:
        self._expert = LabelExpertAgent()
        self._bursts: tuple[Burst, ...] = ()

    @property
    def weights_sha256(self) -> str | None:
        """None: no weights."""
        return None

    def reset(self, context: EpisodeContext) -> None:
        """Draw this episode's disturbances from the agent seed."""
        self._expert.reset(context)
        self._bursts = draw_bursts(context.seed)

    def act(self, observation: Observation) -> AgentOutput:
        """Expert's angle plus the disturbance."""
        swa_deg = self._expert.act(observation).swa_deg
        return AgentOutput(swa_deg + disturbance_deg(self._bursts, observation.state.time_s))


class NoisyPilot(PilotNetDriver):
    """The trained driver with the same disturbances: on-policy states around the centre (DAgger's second round)."""

    name = "noisy_pilot"

    def reset(self, context: EpisodeContext) -> None:
        """Draw this episode's disturbances from the agent seed."""
        super().reset(context)
        self._bursts = draw_bursts(context.seed)

    def act(self, observation: Observation) -> AgentOutput:
        """Network's angle plus the disturbance."""
        output = super().act(observation)
        swa_deg = output.swa_deg + disturbance_deg(self._bursts, observation.state.time_s)
        return dataclasses.replace(output, swa_deg=swa_deg)
