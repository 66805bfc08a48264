"""A campaign's worlds as a gymnasium environment: camera in, steering out, the same loop as an episode's.

Importing this module registers ``LaneKeeping-v0``::

    import gymnasium
    import harness.simulation.gym_env

    env = gymnasium.make("LaneKeeping-v0", scenario="scenarios/curves.yaml")

Several servers at once, each in a process of its own::

    envs = gymnasium.make_vec("LaneKeeping-v0", 2, "async", {"context": "spawn"}, scenario="scenarios/curves.yaml")

Reward of a tick: ``progress / (v_max · tick) · max(0, 1 − (2 d / w)²)`` with progress along the route (m), lateral
offset d and lane width w: about 1 for driving in the middle at full speed, 0 for a centre on the line. The tick at
which a departure is established (a tyre over the line for 0.2 s, grade G0) gives ``DEPARTURE_REWARD`` instead and
ends the run; so does the end of the road, without it. The speed is kept by the harness.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
import numpy.typing as npt

from agents.protocol import DrivingState, Frame
from agents.speed_controller import SpeedController
from harness.campaign.episode_filter import filtered
from harness.campaign.episode_spec import EpisodeSpec, ModeSpec
from harness.campaign.expansion import expand
from harness.campaign.loader import load_campaign
from harness.evaluation.departures import OnlineDepartureDetector
from harness.simulation.errors import InfrastructureError
from harness.simulation.ground_truth import GroundTruth
from harness.simulation.plausibility import PlausibilityMonitor
from harness.simulation.preparation import PreparedEpisode, prepare
from harness.simulation.server import SimulatorServer
from harness.simulation.session import CarlaSession
from harness.simulation.simulator import parse_simulator

ENVIRONMENT_ID = "LaneKeeping-v0"
DEPARTURE_REWARD = -10.0
DEFAULT_MAX_SWA_DEG = 90.0
FIRST_TICK_TIMEOUT_S = 120.0
"""The first world on a machine compiles the renderer."""

Observation = npt.NDArray[np.uint8]
Action = npt.NDArray[np.float32]


class LaneKeepingEnv(gymnasium.Env[Observation, Action]):
    """Keep the lane.

    Observation: the degraded camera frame, uint8 RGB (H, W, 3). Action: (1,) float32 from −1 (right) to 1 (left),
    times ``max_swa_deg``. ``info`` has the state of the car and the episode it belongs to. ``reset`` draws one of the
    scenario's pairs from the environment's own random numbers; ``options={"pair": ID}`` names it.

    Args:
        scenario: campaign file; its roads, weathers, conditions, seeds and camera. Agent, monitors and modes are not
            used.
        simulator: as `run_campaign.py --simulator`; default: the scenario's.
        filters: as `run_campaign.py --filter`.
        worker_index: which endpoint of an ``attach`` simulator.
        max_swa_deg: steering wheel angle of action 1, degrees.
        render_mode: None or ``rgb_array``.

    Raises:
        ScenarioError: the scenario or a filter cannot be used.
        InfrastructureError: (``reset``, ``step``) the simulator failed.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012  (gymnasium's own form)

    def __init__(
        self,
        scenario: str | Path,
        simulator: str | None = None,
        filters: Sequence[str] = (),
        worker_index: int = 0,
        max_swa_deg: float = DEFAULT_MAX_SWA_DEG,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode {render_mode!r} is not known: give None or 'rgb_array'")
        spec = load_campaign(Path(scenario))
        conditions = tuple(condition.model_copy(update={"modes": None}) for condition in spec.conditions)
        driven = {"modes": (ModeSpec(kind="shadow"),), "monitors": (), "conditions": conditions}
        episodes = expand(spec.model_copy(update=driven), lambda _: None, lambda _: None, {"monitors": {}})
        self.pairs: dict[str, EpisodeSpec] = {e.pair_id: e for e in filtered(episodes, filters)}
        self.render_mode = render_mode
        camera = spec.camera
        self.observation_space = gymnasium.spaces.Box(0, 255, (camera.height_px, camera.width_px, 3), np.uint8)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
        self._max_swa_deg = max_swa_deg
        self._simulator = parse_simulator(simulator or spec.simulator)
        self._worker_index = worker_index
        self._server: SimulatorServer | None = None
        self._logs: tempfile.TemporaryDirectory[str] | None = None
        self._session: CarlaSession | None = None
        self._run: _Run | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode: (frame, info)."""
        super().reset(seed=seed)
        names = list(self.pairs)
        pair = (options or {}).get("pair") or names[int(self.np_random.integers(len(names)))]
        if pair not in self.pairs:
            raise ValueError(f"no pair {pair!r} in this scenario; env.pairs has them")
        session = self._connected()
        session.clear()
        self._run = _Run(session, self.pairs[pair])
        frame = self._run.tick()
        return frame, self._run.info()

    def step(self, action: Action) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Steer for one tick: (frame, reward, terminated, truncated, info)."""
        if self._run is None:
            raise gymnasium.error.ResetNeeded("call reset before step")
        run = self._run
        before_m = run.state.route_s_m
        run.steer(float(np.clip(action[0], -1.0, 1.0)) * self._max_swa_deg)
        frame = run.tick()
        terminated = run.departed or run.at_the_end
        reward = DEPARTURE_REWARD if run.departed else run.reward(before_m)
        return frame, reward, terminated, not terminated and run.out_of_time, run.info()

    def render(self) -> Frame | None:  # type: ignore[override]
        """The latest frame, uint8 RGB (H, W, 3); None without a render mode or before ``reset``."""
        return None if self.render_mode is None or self._run is None else self._run.frame.copy()

    def close(self) -> None:
        """End the server, if it is this environment's own."""
        self._run = None
        if self._session is not None:
            with contextlib.suppress(InfrastructureError):  # a server that has died has no actors to remove
                self._session.clear()
            self._session.close()
            self._session = None
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._logs is not None:
            self._logs.cleanup()
            self._logs = None

    def _connected(self) -> CarlaSession:
        if self._session is None:
            self._logs = tempfile.TemporaryDirectory(prefix="lane_keeping_")
            self._server = SimulatorServer(
                self._simulator, log_dir=Path(self._logs.name), worker_index=self._worker_index
            )
            host, port = self._server.start()
            self._session = CarlaSession(host, port, timeout_s=FIRST_TICK_TIMEOUT_S)
        return self._session


class _Run:
    """One episode between ``reset`` and its end."""

    def __init__(self, session: CarlaSession, spec: EpisodeSpec) -> None:
        self._session, self._spec = session, spec
        self._prepared: PreparedEpisode = prepare(session, spec, None, ())
        prepared = self._prepared
        self._truth = GroundTruth(prepared.route, prepared.footprint, prepared.start_s_m, spec.tick_s)
        self._plausibility = PlausibilityMonitor(spec.tick_s)
        self._speed = SpeedController()
        self._departure = OnlineDepartureDetector(spec.tick_s)
        self._ticks = 0
        self.state: DrivingState
        self.frame: Frame
        self.departed = False

    @property
    def at_the_end(self) -> bool:
        """The end of the road is reached."""
        return self.state.route_s_m >= self._prepared.goal_s_m

    @property
    def out_of_time(self) -> bool:
        """The scenario's duration is over."""
        return self._ticks >= round(self._spec.duration_s / self._spec.tick_s)

    def tick(self) -> Frame:
        """Advance the simulator; the degraded frame of the new state."""
        snapshot, raw_frame = self._session.tick()
        self._plausibility.check(snapshot, raw_frame)
        severities = self._prepared.sensor.severities(self._ticks)
        pose = self._truth.locate(self._ticks, snapshot, self._session.road_wheel_swa_deg(), severities)
        self.state = pose.state
        # A copy: the chain may hand out a picture that it keeps, and learners write into what they get.
        self.frame = self._prepared.sensor.apply(raw_frame, self.state).copy()
        self.departed = self._departure.update(self.state.lane_margin_m, self.state.time_s, pose.odd_mask)
        self._ticks += 1
        return self.frame

    def steer(self, swa_deg: float) -> None:
        """Send steering wheel angle (degrees, left positive) and the pedals that keep the speed."""
        ego = self._spec.ego
        throttle, brake, _ = self._speed.control(
            self._prepared.route, self.state, ego.v_max_mps, ego.lateral_acceleration_mps2, self._spec.tick_s
        )
        self._session.apply(swa_deg, throttle, brake)

    def reward(self, before_m: float) -> float:
        """See the module."""
        full_m = self._spec.ego.v_max_mps * self._spec.tick_s
        centred = 1.0 - (2.0 * self.state.lateral_offset_m / self.state.lane_width_m) ** 2
        return (self.state.route_s_m - before_m) / full_m * max(0.0, centred)

    def info(self) -> dict[str, Any]:
        """State of the car and what it drives in."""
        state = self.state
        named = {"pair": self._spec.pair_id, "road": self._spec.road, "condition": self._spec.condition}
        keys = ("time_s", "route_s_m", "lateral_offset_m", "heading_error_deg", "lane_margin_m", "speed_mps")
        return {**named, **{key: float(getattr(state, key)) for key in keys}, "departed": self.departed}


gymnasium.register(ENVIRONMENT_ID, entry_point=f"{__name__}:{LaneKeepingEnv.__name__}")
