"""Replay of a recorded run without a camera, and what a takeover driver makes of it from any of its ticks on.

The session, the road, the car, geometric truth, speed controller and driver are those of the episode loop; only the
picture is missing, and with it agent and monitors, whose steering is read from the record instead.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agents.geometry import FloatArray
from agents.speed_controller import SpeedController
from harness.campaign.episode_spec import EpisodeSpec
from harness.evaluation.departures import MERGE_GAP_S, OnlineDepartureDetector
from harness.evaluation.safety_gain import PASSED_BY_M
from harness.evaluation.stretches import ticks_at_least
from harness.simulation.ground_truth import GroundTruth, LanePose
from harness.simulation.preparation import START_S_M, place_car, set_stage, takeover_driver
from harness.simulation.session import CarlaSession, VehicleSnapshot

LONGEST_DRIVE_S = 120.0
"""A car that has not passed the place of the departure this long after the handover is stuck."""


@dataclass(frozen=True)
class RecordedRun:
    """What a replay needs of a shadow run that departed; arrays (N,), one entry per tick.

    Attributes:
        spec: of the episode.
        onset_tick: first tick of the departure, τ.
        swa_command_deg, throttle, brake: controls as they were applied (float32 as recorded).
        x_m, y_m: positions, right-handed axes.
        route_s_m: arc length carried along. lane_margin_m, odd_mask: what the departure rule saw.
    """

    spec: EpisodeSpec
    onset_tick: int
    swa_command_deg: npt.NDArray[np.float32]
    throttle: npt.NDArray[np.float32]
    brake: npt.NDArray[np.float32]
    x_m: FloatArray
    y_m: FloatArray
    route_s_m: FloatArray
    lane_margin_m: npt.NDArray[np.float32]
    odd_mask: npt.NDArray[np.bool_]

    @staticmethod
    def of(spec: EpisodeSpec, ticks: pd.DataFrame, onset_tick: int) -> RecordedRun:
        """From a tick table (docs/architecture.md §5)."""
        names = ("swa_command_deg", "throttle", "brake", "x_m", "route_s_m", "lane_margin_m", "odd_mask")
        # Copies: a view would keep the whole table in memory, monitors and all.
        columns: dict[str, Any] = {name: ticks[name].to_numpy(copy=True) for name in names}
        return RecordedRun(spec=spec, onset_tick=onset_tick, y_m=-ticks["y_m"].to_numpy(), **columns)

    @property
    def passed_at_s_m(self) -> float:
        """Arc length at which the place of the departure counts as passed (PROTOCOL §7)."""
        return float(self.route_s_m[self.onset_tick]) + PASSED_BY_M


@dataclass(frozen=True)
class Drive:
    """How it went after a handover.

    Attributes:
        saved: the car passed the place of the departure + 100 m, or reached the end of the route, in its lane.
        ticks: length of the whole run.
        handover_error_m: distance between the car and its recorded position at the handover.
    """

    saved: bool
    ticks: int
    handover_error_m: float


class Replay:
    """One recorded run on a connected simulator; loads its world once.

    Args:
        session: connected; what it had loaded is replaced.
        run: the record.
        driver: settings of the takeover driver, fields of `TakeoverTuning`.

    Raises:
        InfrastructureError: from every method, if the simulator failed.
        InvalidSimulationError: the world is not the recorded one.
    """

    def __init__(self, session: CarlaSession, run: RecordedRun, driver: Mapping[str, float]) -> None:
        self._session = session
        self._run = run
        self._driver = driver
        self._stage = set_stage(session, run.spec)
        self._controllers: list[SpeedController] = []

    def verify(self) -> float:
        """Replay the whole way to the departure.

        Returns:
            Largest distance from the recorded positions, m; 0 on a simulator that is deterministic bit for bit.
        """
        self._place()
        truth = GroundTruth(self._stage.route, self._stage.footprint, START_S_M, self._run.spec.tick_s)
        controller = SpeedController()
        self._controllers = []
        error_m = 0.0
        for tick in range(self._run.onset_tick + 1):
            snapshot = self._session.step()
            error_m = max(error_m, self._distance_m(tick, snapshot))
            pose = truth.locate(tick, snapshot, math.nan, {})
            self._controllers.append(copy.copy(controller))
            self._pedals(controller, pose)
            self._apply_recorded(tick)
        return error_m

    def hand_over_at(self, handover_tick: int, to_the_end: bool = False) -> Drive:
        """Drive as recorded up to a tick, by the takeover driver from there on.

        Args:
            handover_tick: 0 .. onset; the first tick that the driver steers.
            to_the_end: not only past the place of the departure but to the end of the route or of the run's time.

        Returns:
            What came of it; `verify` must have run.
        """
        run, stage, tick_s = self._run, self._stage, self._run.spec.tick_s
        self._place()
        for tick in range(handover_tick):
            self._session.advance()
            self._apply_recorded(tick)
        start_s_m = float(run.route_s_m[handover_tick - 1]) if handover_tick else START_S_M
        truth = GroundTruth(stage.route, stage.footprint, start_s_m, tick_s)
        driver = takeover_driver(run.spec, stage.route, self._driver)
        controller = copy.copy(self._controllers[handover_tick])
        departure = self._detector_before(handover_tick)
        goal_s_m = stage.goal_s_m if to_the_end else min(stage.goal_s_m, run.passed_at_s_m)
        limit_s = run.spec.duration_s if to_the_end else LONGEST_DRIVE_S + handover_tick * tick_s
        error_m = math.nan
        for tick in range(handover_tick, round(limit_s / tick_s)):
            snapshot = self._session.step()
            if tick == handover_tick:
                error_m = self._distance_m(tick, snapshot)
            pose = truth.locate(tick, snapshot, self._session.road_wheel_swa_deg(), {})
            state = pose.state
            if departure.update(state.lane_margin_m, state.time_s, pose.odd_mask) or self._session.take_collisions():
                return Drive(False, tick + 1, error_m)
            at_the_end = state.route_s_m >= stage.goal_s_m
            # A tyre over the line at the goal may yet become a departure that began before it.
            if at_the_end or (state.route_s_m >= goal_s_m and state.lane_margin_m >= 0.0):
                return Drive(True, tick + 1, error_m)
            swa_deg = float(np.float32(driver.steer(state, stage.route, state.swa_actual_deg)))
            throttle, brake = self._pedals(controller, pose)
            self._session.apply(swa_deg, throttle, brake)
        return Drive(to_the_end, round(limit_s / tick_s), error_m)

    def close(self) -> None:
        """Take the car out of the world."""
        self._session.clear()

    def _place(self) -> None:
        self._session.clear()
        place_car(self._session, self._run.spec, self._stage.route, with_camera=False)

    def _apply_recorded(self, tick: int) -> None:
        run = self._run
        self._session.apply(float(run.swa_command_deg[tick]), float(run.throttle[tick]), float(run.brake[tick]))

    def _pedals(self, controller: SpeedController, pose: LanePose) -> tuple[float, float]:
        ego, route = self._run.spec.ego, self._stage.route
        throttle, brake, _ = controller.control(
            route, pose.state, ego.v_max_mps, ego.lateral_acceleration_mps2, self._run.spec.tick_s
        )
        return throttle, brake

    def _distance_m(self, tick: int, snapshot: VehicleSnapshot) -> float:
        return math.dist((snapshot.x_m, snapshot.y_m), (self._run.x_m[tick], self._run.y_m[tick]))

    def _detector_before(self, handover_tick: int) -> OnlineDepartureDetector:
        """The departure rule as it stood at a tick: it remembers how long a tyre has been over the line."""
        run, tick_s = self._run, self._run.spec.tick_s
        detector = OnlineDepartureDetector(tick_s)
        for tick in range(max(0, handover_tick - ticks_at_least(MERGE_GAP_S, tick_s)), handover_tick):
            detector.update(float(run.lane_margin_m[tick]), tick * tick_s, bool(run.odd_mask[tick]))
        return detector
