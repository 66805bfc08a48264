"""What drives and what watches: the two protocols every agent and every monitor fulfils.

An agent or monitor is named in a scenario by its short name (`agents.registry`) or as ``package.module:Class``.
Signs: left and counter-clockwise positive. Angles in degrees, time in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

    from agents.geometry import Route
    from agents.saliency.conv_layer import ConvLayer

Frame = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class EpisodeContext:
    """What an agent or monitor may know when an episode starts.

    Attributes:
        pair_id: identity of the world and sensor schedule.
        seed: 63-bit seed from the episode's seed tree, already specific to this component.
        tick_s: simulation step, s.
        image_width, image_height: camera size, px.
        fov_deg: horizontal field of view.
        route: reference lane; only privileged components may use it.
    """

    pair_id: str
    seed: int
    tick_s: float
    image_width: int
    image_height: int
    fov_deg: float
    route: Route | None = None


@dataclass(frozen=True)
class DrivingState:
    """State of the car at one tick. Fields below the line are privileged: ground truth no car has.

    Attributes:
        tick, time_s: index and simulation time.
        speed_mps, yaw_rate_dps: what odometry gives any car.
        x_m, y_m, heading_deg: pose, right-handed (x east, y north = −CARLA y), heading counter-clockwise positive.
        route_s_m: arc length along the route.
        lateral_offset_m, heading_error_deg, lane_width_m, lane_margin_m: against the route's lane.
        curvature_1pm: route curvature here; curvature_ahead_1pm: of largest magnitude in the next 2 s of travel.
        swa_actual_deg: steering wheel angle reached.
        swa_label_deg: label expert's SWA at this state.
        artifact_levels: effect -> current absolute severity 0..1 (two-sided effects: `gamma_up`, `gamma_down`, …).
    """

    tick: int
    time_s: float
    speed_mps: float
    yaw_rate_dps: float
    # -- privileged ------------------------------------------------------
    x_m: float
    y_m: float
    heading_deg: float
    route_s_m: float
    lateral_offset_m: float
    heading_error_deg: float
    lane_width_m: float
    lane_margin_m: float
    curvature_1pm: float
    curvature_ahead_1pm: float
    swa_actual_deg: float
    swa_label_deg: float
    artifact_levels: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """What an agent sees at one tick: the degraded frame (uint8 RGB (H, W, 3)) and the state."""

    frame: Frame
    state: DrivingState


@dataclass(frozen=True)
class AgentOutput:
    """The agent's decision.

    Attributes:
        swa_deg: steering wheel angle, left positive.
        activations: post-ReLU maps of each convolution, first to last, each (1, C, h, w); None if it has none.
        network_input: the tensor the network saw, (1, C, H, W); None if it has none.
        layers: kernel and stride of the convolution behind each of the activations; None if it has none.
        seen_rows: rows of the picture that the network input covers, (first, end) as shares of its height from the
            top; None if it has no input.
    """

    swa_deg: float
    activations: tuple[torch.Tensor, ...] | None = None
    network_input: torch.Tensor | None = None
    layers: tuple[ConvLayer, ...] | None = None
    seen_rows: tuple[float, float] | None = None


@dataclass(frozen=True)
class MonitorOutput:
    """A monitor's judgement of one frame.

    Attributes:
        score: higher = riskier; NaN = the monitor failed on this frame.
        probability: P(departure in the next 3 s), if calibrated.
        swa_error_deg: predicted signed SWA error (agent − reference), if it predicts one.
    """

    score: float
    probability: float | None = None
    swa_error_deg: float | None = None


@runtime_checkable
class Agent(Protocol):
    """Something that steers.

    One with weights also has ``weights_path``, the file: the report compares what the card beside it names as
    trained on with what drove, and without it says that nobody knows.
    """

    name: str
    privileged: bool

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the weights file, None for an agent without weights."""

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""

    def act(self, observation: Observation) -> AgentOutput:
        """Steer for one tick."""


@runtime_checkable
class Monitor(Protocol):
    """A failure predictor: scores the risk of each frame. Direction is always 'higher = riskier'.

    One with weights also has ``weights_path``, as an agent.
    """

    name: str
    unit: str
    privileged: bool
    declared_latency_s: float

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the weights file, None for a monitor without weights."""

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Judge one frame."""
