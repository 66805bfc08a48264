"""A hook into the loop for whoever needs frames: training data, clips, exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


@dataclass(frozen=True)
class TickView:
    """Everything one tick produced. Frames are uint8 RGB (H, W, 3); `agent_output` is None where no agent ran."""

    state: DrivingState
    raw_frame: Frame
    frame: Frame
    agent_output: AgentOutput | None
    monitor_outputs: Mapping[str, MonitorOutput]
    swa_command_deg: float
    takeover: bool
    departed: bool


class EpisodeCallback(Protocol):
    """Sees every tick of an episode; must not change anything."""

    def on_tick(self, view: TickView) -> None:
        """Called once per tick, after the control was sent."""


Callbacks = Sequence[EpisodeCallback]
