"""One episode in closed loop: the tick of docs/architecture.md, from the spawned car to the record.

Order of a tick (synchronous mode, fixed step): simulator tick and the image of that frame → geometric truth and label
expert's answer at this state → sensor chain → agent → monitors → supervisor → control → recorder.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.geometry import Route
from agents.label_expert import LabelExpert
from agents.monitors.guard import guarded_score
from agents.protocol import Agent, AgentOutput, DrivingState, Frame, Monitor, MonitorOutput, Observation
from agents.second_expert import SecondExpert
from agents.speed_controller import SpeedController
from harness.campaign.episode_spec import EpisodeSpec
from harness.evaluation.departures import OnlineDepartureDetector, OnlineStuckDetector
from harness.results.schema import EpisodeRecord
from harness.simulation.callback import EpisodeCallback, TickView
from harness.simulation.clip_recorder import ClipRecorder, alarm_points
from harness.simulation.errors import AgentFaultError, InvalidSimulationError
from harness.simulation.events import EndReason, EpisodeEvents
from harness.simulation.ground_truth import GroundTruth, LanePose
from harness.simulation.plausibility import PlausibilityMonitor
from harness.simulation.preparation import PreparedEpisode, prepare
from harness.simulation.recorder import ColumnRecorder
from harness.simulation.session import CarlaSession, VehicleSnapshot

RUN_ON_AFTER_DEPARTURE_S = 3.0
RUN_ON_AFTER_COLLISION_S = 1.0


def run_episode(
    session: CarlaSession,
    spec: EpisodeSpec,
    agent: Agent | None,
    monitors: Sequence[Monitor],
    thresholds: Mapping[str, Any],
    callbacks: Sequence[EpisodeCallback] = (),
) -> EpisodeRecord:
    """Drive one episode and return its record.

    Args:
        session: connected to a simulator.
        spec: everything that decides the outcome.
        agent: loaded once per worker; reset here. None in `expert` mode.
        monitors: loaded once per worker, one for each of ``spec.monitors``, in their order; a takeover run scores
            only the one it obeys, which changes no trajectory (monitors never see each other).
        thresholds: content of `thresholds.json`; the clips show alarms at its default operating point, that of the
            monitor in charge at its own.
        callbacks: see every tick.

    Raises:
        InfrastructureError: the simulator failed; nothing of this attempt counts.
        MonitorNameError: the monitors do not fit the spec.
    """
    try:
        prepared = prepare(session, spec, agent, monitors)
    except AgentFaultError as fault:
        return _undriven(session, spec, "agent_error", EndReason.AGENT_ERROR, fault)
    except InvalidSimulationError as invalid:
        return _undriven(session, spec, "invalid", EndReason.INVALID, invalid)
    clip = ClipRecorder(prepared.watching, alarm_points(spec, prepared, thresholds), spec.tick_s)
    loop = _Loop(session, spec, prepared, [*callbacks, clip])
    outcome, message = loop.run()
    session.clear()
    ticks = loop.ticks.table()
    return EpisodeRecord(
        episode_id=spec.episode_id,
        spec=spec.to_json(),
        outcome=outcome,
        ticks=ticks,
        timings=loop.timings.table(),
        events=loop.events.to_json(
            ticks,
            spec.tick_s,
            outcome,
            message,
            prepared.supervisor.takeovers,
            {"version": session.server_version, "scene_version": session.scene_version},
        ),
        # Only the main grade ends a run, so only then do the last seconds show the departure.
        clips=clip.clips() if loop.departed else {},
    )


def _undriven(
    session: CarlaSession, spec: EpisodeSpec, outcome: str, end_reason: EndReason, error: Exception
) -> EpisodeRecord:
    """The record of an episode that failed before its first tick."""
    session.clear()
    nothing = ColumnRecorder(0).table()
    # No picture was drawn, and whether a world was loaded depends on what this session ran before.
    simulator = {"version": session.server_version, "scene_version": None}
    events = EpisodeEvents(end_reason).to_json(nothing, spec.tick_s, outcome, str(error), [], simulator)
    return EpisodeRecord(spec.episode_id, spec.to_json(), outcome, nothing, nothing, events)


@dataclass
class _Stopwatch:
    """Measured wall-clock parts of one tick, ms. Logged, never used by the loop."""

    parts_ms: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.parts_ms[name] = (now - self._since) * 1e3
        self._since = now


class _Loop:
    def __init__(
        self,
        session: CarlaSession,
        spec: EpisodeSpec,
        prepared: PreparedEpisode,
        callbacks: Sequence[EpisodeCallback],
    ) -> None:
        self._session = session
        self._spec = spec
        self._prepared = prepared
        self._callbacks = callbacks
        self._route: Route = prepared.route
        self._truth = GroundTruth(prepared.route, prepared.footprint, prepared.start_s_m, spec.tick_s)
        self._plausibility = PlausibilityMonitor(spec.tick_s)
        self._label_expert = LabelExpert()
        self._second_expert = SecondExpert()
        self._speed = SpeedController()
        self._departure = OnlineDepartureDetector(spec.tick_s)
        self._max_ticks = round(spec.duration_s / spec.tick_s)
        self._stuck = OnlineStuckDetector(spec.tick_s)
        self._first_frame = 0
        self.ticks = ColumnRecorder(self._max_ticks)
        self.timings = ColumnRecorder(self._max_ticks)
        self.events = EpisodeEvents()

    @property
    def departed(self) -> bool:
        """A departure of the main grade has been established."""
        return self._departure.onset_s is not None

    def run(self) -> tuple[str, str]:
        """Tick until the episode ends. Returns (outcome, message)."""
        outcome, message = self._tick_to_the_end()
        self._note_collisions()
        return outcome, message

    def _tick_to_the_end(self) -> tuple[str, str]:
        try:
            for tick in range(self._max_ticks):
                end_reason = self._one_tick(tick)
                if end_reason is not None:
                    self.events.end_reason = end_reason
                    break
            return "completed", ""
        except AgentFaultError as fault:
            self.events.end_reason = EndReason.AGENT_ERROR
            return "agent_error", str(fault)
        except InvalidSimulationError as invalid:
            self.events.end_reason = EndReason.INVALID
            return "invalid", str(invalid)

    def _one_tick(self, tick: int) -> EndReason | None:
        watch = _Stopwatch()
        snapshot, raw_frame = self._session.tick()
        swa_actual_deg = self._session.road_wheel_swa_deg()
        watch.lap("simulator_ms")
        if tick == 0:
            self._first_frame = snapshot.frame
        self._plausibility.check(snapshot, raw_frame)
        pose = self._locate(tick, snapshot, swa_actual_deg)
        state = pose.state
        self._plausibility.check_height(snapshot, pose.route_z_m)
        watch.lap("label_ms")
        frame = self._prepared.sensor.apply(raw_frame, state)
        watch.lap("sensor_ms")
        output = self._act(frame, state)
        watch.lap("agent_ms")
        scores = {
            monitor.name: self._score(monitor, frame, output, state, watch) for monitor in self._prepared.watching
        }
        swa_deg, taken_over = self._decide(state, output, scores)
        # The record keeps float32: applied and recorded must be one number, or no replay could be exact.
        swa_deg = float(np.float32(swa_deg))
        throttle, brake, target_mps = self._speed.control(
            self._route,
            state,
            self._spec.ego.v_max_mps,
            self._spec.ego.lateral_acceleration_mps2,
            self._spec.tick_s,
        )
        self._session.apply(swa_deg, throttle, brake)
        departed = self._departure.update(state.lane_margin_m, state.time_s, pose.odd_mask)
        self._record(pose, snapshot, output, scores, swa_deg, taken_over, (throttle, brake, target_mps))
        self._note_collisions()
        view = TickView(state, raw_frame, frame, output, scores, swa_deg, taken_over, departed)
        for callback in self._callbacks:
            callback.on_tick(view)
        watch.lap("record_ms")
        self.timings.append({"tick": tick, **watch.parts_ms})
        return self._ended(pose, target_mps)

    def _locate(self, tick: int, snapshot: VehicleSnapshot, swa_actual_deg: float) -> LanePose:
        severities = self._prepared.sensor.severities(tick)
        pose = self._truth.locate(tick, snapshot, swa_actual_deg, severities)
        label_deg = self._label_expert.swa_deg(pose.state, self._route)
        return dataclasses.replace(pose, state=dataclasses.replace(pose.state, swa_label_deg=label_deg))

    def _act(self, frame: Frame, state: DrivingState) -> AgentOutput | None:
        if self._prepared.agent is None:
            return None
        try:
            output = self._prepared.agent.act(Observation(frame, state))
        except Exception as error:
            raise AgentFaultError(f"agent raised at {state.time_s:.2f} s: {type(error).__name__}: {error}") from error
        answer = output.swa_deg if isinstance(output, AgentOutput) else output
        if not isinstance(answer, int | float | np.number) or not math.isfinite(answer):
            raise AgentFaultError(f"agent answered {answer!r} at {state.time_s:.2f} s instead of an angle")
        return output

    def _score(
        self,
        monitor: Monitor,
        frame: Frame,
        output: AgentOutput | None,
        state: DrivingState,
        watch: _Stopwatch,
    ) -> MonitorOutput:
        assert output is not None
        fault = self._prepared.broken.get(monitor.name)
        if fault is None:
            result, fault = guarded_score(monitor, frame, output, state)
        else:
            result = MonitorOutput(score=math.nan)
        if fault is not None:
            self.events.add_monitor_fault(monitor.name, state.time_s, fault)
        watch.lap(f"monitor_ms__{monitor.name}")
        return result

    def _decide(
        self, state: DrivingState, output: AgentOutput | None, scores: Mapping[str, MonitorOutput]
    ) -> tuple[float, bool]:
        if self._spec.mode.kind in ("expert", "log") or output is None:
            return state.swa_label_deg, False
        raw_score = None if self._prepared.obeyed is None else scores[self._prepared.obeyed].score
        return self._prepared.supervisor.steer(state, self._route, output.swa_deg, raw_score)

    def _record(
        self,
        pose: LanePose,
        snapshot: VehicleSnapshot,
        output: AgentOutput | None,
        scores: Mapping[str, MonitorOutput],
        swa_deg: float,
        taken_over: bool,
        pedals: tuple[float, float, float],
    ) -> None:
        state = pose.state
        row: dict[str, Any] = {
            "tick": state.tick,
            "time_s": state.time_s,
            "x_m": state.x_m,
            "y_m": -state.y_m,
            "z_m": snapshot.z_m,
            "yaw_deg": -state.heading_deg,
            "speed_mps": state.speed_mps,
            "yaw_rate_dps": state.yaw_rate_dps,
            "lateral_acceleration_mps2": snapshot.lateral_acceleration_mps2,
            "route_s_m": state.route_s_m,
            "lateral_offset_m": state.lateral_offset_m,
            "heading_error_deg": state.heading_error_deg,
            "lane_width_m": state.lane_width_m,
            "lane_margin_m": state.lane_margin_m,
            "curvature_1pm": state.curvature_1pm,
            "curvature_ahead_1pm": state.curvature_ahead_1pm,
            "off_road": pose.off_road,
            "odd_mask": pose.odd_mask,
            "collision": False,
            "swa_agent_deg": math.nan if output is None else output.swa_deg,
            "swa_label_deg": state.swa_label_deg,
            "swa_command_deg": swa_deg,
            "swa_actual_deg": state.swa_actual_deg,
            "swa_second_expert_deg": self._second_expert.swa_deg(state, self._route),
            "throttle": pedals[0],
            "brake": pedals[1],
            "target_speed_mps": pedals[2],
            "takeover": taken_over,
            "sensor_level": self._prepared.sensor.level(state.tick),
        }
        for name, result in scores.items():
            row[f"score__{name}"] = result.score
            row[f"swa_error__{name}"] = math.nan if result.swa_error_deg is None else result.swa_error_deg
            row[f"probability__{name}"] = math.nan if result.probability is None else result.probability
        self.ticks.append(row)

    def _note_collisions(self) -> None:
        """Enter each reported contact at the tick it happened in."""
        for event in self._session.take_collisions():
            tick = event.frame - self._first_frame
            if 0 <= tick < self.ticks.rows:
                self.ticks.mark("collision", tick)
                self.events.add_collision(tick * self._spec.tick_s, event.other)

    def _ended(self, pose: LanePose, target_mps: float) -> EndReason | None:
        state = pose.state
        stuck = self._stuck.update(state.speed_mps, target_mps)
        onset_s = self._departure.onset_s
        if state.route_s_m >= self._prepared.goal_s_m:
            return EndReason.ROUTE_END
        if onset_s is not None and state.time_s - onset_s >= RUN_ON_AFTER_DEPARTURE_S - 1e-9:
            return EndReason.DEPARTURE
        first_hit_s = self.events.first_collision_s
        if first_hit_s is not None and state.time_s - first_hit_s >= RUN_ON_AFTER_COLLISION_S - 1e-9:
            return EndReason.COLLISION
        if stuck:
            return EndReason.STUCK
        return None
