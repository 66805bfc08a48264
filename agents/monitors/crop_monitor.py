"""Monitors that judge the road crop: one code path for the loop, tick by tick, and for stored runs, in batches.

A shadow run keeps the crop of every degraded frame, so such a monitor can be scored, added and re-tuned without driving
again. In the loop a stretch is one tick long, offline as long as memory allows; whatever a monitor remembers it carries
from one stretch to the next, and forgets at ``reset``. Scores of both ways differ by rounding alone: a batch adds up in
another order than one picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
import torch

from agents.errors import MonitorError
from agents.monitors.base import MonitorBase
from agents.preprocessing import Colour, Preprocessing, to_network_input
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput

FloatArray = npt.NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True)
class Stretch:
    """Consecutive ticks of one episode, as far as a car knows them.

    Attributes:
        crops: uint8 RGB (T, height, width, 3) of the degraded frames.
        swa_deg: what the driver steers, (T,) float32.
        speed_mps: (T,) float32.
        activations: the driver's post-ReLU maps, each (T, C, h, w); None where nobody gave them.
        shared: what several monitors compute alike, computed once; see `once`.
    """

    crops: npt.NDArray[np.uint8]
    swa_deg: FloatArray
    speed_mps: FloatArray
    activations: tuple[torch.Tensor, ...] | None = None
    shared: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.swa_deg)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What ``make`` gives, computed by the first who asks; ``key`` names it and all that it depends on."""
        if key not in self.shared:
            self.shared[key] = make()
        return cast("T", self.shared[key])

    def network_input(self, colour: Colour) -> torch.Tensor:
        """The crops as network input, (T, C, H, W) float32, 0..255, on the CPU; converted once for all."""
        return self.once(f"input {colour}", lambda: self._converted(colour))

    def _converted(self, colour: Colour) -> torch.Tensor:
        if colour == "grey" and "input yuv" in self.shared:
            return self.network_input("yuv")[:, :1]
        return to_network_input(self.crops, colour)


class Judgements(NamedTuple):
    """A monitor's judgement of each tick of a stretch, (T,) each; fields as those of ``MonitorOutput``."""

    score: FloatArray
    probability: FloatArray | None = None
    swa_error_deg: FloatArray | None = None

    def at(self, index: int) -> MonitorOutput:
        """One tick of it."""
        probability = None if self.probability is None else float(self.probability[index])
        error_deg = None if self.swa_error_deg is None else float(self.swa_error_deg[index])
        return MonitorOutput(float(self.score[index]), probability, error_deg)


class CropMonitor(MonitorBase):
    """A subclass says how a stretch is judged; how its frames came is not its business.

    Attributes:
        preprocessing: how the crop is cut from a frame; stored inputs are cut by the default one.
        reads_driver: needs the driver's activations.
        driver_sha256: the driver it was fitted to, by the hash of its weights; None: any will do.
    """

    reads = "road crop"
    preprocessing: Preprocessing = Preprocessing()
    reads_driver: bool = False
    driver_sha256: str | None = None

    def judge(self, stretch: Stretch) -> Judgements:
        """Judge the next ticks of the episode.

        Raises:
            MonitorError: the stretch lacks what this monitor reads.
        """
        raise NotImplementedError

    def judge_once(self, stretch: Stretch) -> Judgements:
        """Judge the next ticks, or take what a monitor of the same name and weights said of this very stretch."""
        return stretch.once(f"judged {self.name} {self.weights_sha256}", lambda: self.judge(stretch))

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Judge the next tick.

        Raises:
            MonitorError: the agent does not give what this monitor reads.
        """
        stretch = Stretch(
            crops=self.preprocessing.crop(frame)[np.newaxis],
            swa_deg=np.array([agent_output.swa_deg], dtype=np.float32),
            speed_mps=np.array([state.speed_mps], dtype=np.float32),
            activations=agent_output.activations,
        )
        return self.judge(stretch).at(0)

    def activations_of(self, stretch: Stretch) -> tuple[torch.Tensor, ...]:
        """The driver's maps.

        Raises:
            MonitorError: nobody gave them.
        """
        if stretch.activations is None:
            raise MonitorError(
                f"monitor {self.name!r} reads the driver's activations, but this agent has none: "
                "use a monitor that reads the picture alone"
            )
        return stretch.activations

    @property
    def judges_stored_crops(self) -> bool:
        """The crops kept with shadow runs are those this monitor would cut."""
        kept, own = Preprocessing(), self.preprocessing
        return (own.lower_share, own.height, own.width) == (kept.lower_share, kept.height, kept.width)
