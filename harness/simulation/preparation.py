"""From a spec to a car rolling on its road with everybody reset: the part of an episode before its first tick."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agents.geometry import Route
from agents.protocol import Agent, EpisodeContext, Monitor
from agents.takeover_driver import TakeoverDriver, TakeoverTuning
from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.identity import seed_for
from harness.evaluation.alarms import AlarmFilter
from harness.simulation.errors import AgentFaultError, InvalidSimulationError
from harness.simulation.ground_truth import Footprint
from harness.simulation.route import RouteError, build_route
from harness.simulation.sensor_stage import SensorStage
from harness.simulation.session import CameraMount, CarlaSession
from harness.simulation.supervisor import ShadowSupervisor, TakeoverSupervisor
from harness.simulation.worlds import load_world

LAUNCH_PREVIEW_M = 40.0
START_S_M = 0.0


class MonitorNameError(ValueError):
    """The monitors of an episode cannot be told apart, or the one in charge is not among them."""


@dataclass(frozen=True)
class PreparedEpisode:
    """Everything the loop needs.

    Attributes:
        route, start_s_m, goal_s_m: lane to keep, where the car starts and where the run is complete.
        footprint: half extents of the car.
        agent: None in `expert` mode, where no network runs.
        watching: monitors that score this run.
        obeyed: name of the monitor whose alarm hands the wheel over; None where nobody intervenes.
        broken: monitor -> why it could not be reset; such a monitor fails on every frame.
        sensor: the sensor chain, reset.
        supervisor: decides who steers.
    """

    route: Route
    start_s_m: float
    goal_s_m: float
    footprint: Footprint
    agent: Agent | None
    watching: tuple[Monitor, ...]
    obeyed: str | None
    broken: Mapping[str, str]
    sensor: SensorStage
    supervisor: ShadowSupervisor | TakeoverSupervisor


@dataclass(frozen=True)
class Stage:
    """A loaded world before the car is in it: lane to keep, where the run is complete, half extents of the car."""

    route: Route
    goal_s_m: float
    footprint: Footprint


def set_stage(session: CarlaSession, spec: EpisodeSpec) -> Stage:
    """Load the spec's world and weather, and find the lane.

    Raises:
        InfrastructureError: the simulator failed.
        InvalidSimulationError: the world is not the planned one, or has no such lane.
    """
    request = load_world(session, spec)
    try:
        route = build_route(session.map(), request.road_id, request.lane_id, request.s_m, request.length_m)
    except RouteError as error:
        raise InvalidSimulationError(str(error)) from error
    session.set_weather(spec.weather.parameters.model_dump())
    goal_s_m = min(request.goal_m, route.length_m - LAUNCH_PREVIEW_M / 2)
    return Stage(route, goal_s_m, Footprint(spec.ego.half_width_m, spec.ego.half_length_m))


def place_car(session: CarlaSession, spec: EpisodeSpec, route: Route, with_camera: bool) -> None:
    """Put the car of an episode at its start, at speed.

    Raises:
        InfrastructureError: the simulator failed.
    """
    camera = spec.camera
    mount = CameraMount(camera.width_px, camera.height_px, camera.fov_deg, camera.x_m, camera.z_m, camera.pitch_deg)
    speed_mps = _launch_speed_mps(route, spec)
    session.place_ego(spec.ego.vehicle, route, START_S_M, speed_mps, mount if with_camera else None)


def prepare(
    session: CarlaSession, spec: EpisodeSpec, agent: Agent | None, monitors: Sequence[Monitor]
) -> PreparedEpisode:
    """Load the world, spawn the car at speed, reset agent, monitors, sensor chain and driver.

    Raises:
        InfrastructureError: the simulator failed.
        InvalidSimulationError: the world is not the planned one, or has no such lane.
        AgentFaultError: the agent could not be reset.
        MonitorNameError: two monitors would share the columns of the record.
    """
    stage = set_stage(session, spec)
    route = stage.route
    place_car(session, spec, route, with_camera=True)
    if spec.mode.kind == "expert":
        agent = None
    watching = _watching(spec, monitors)
    if agent is not None:
        _reset_agent(agent, _context(spec, route, "agent", privileged=agent.privileged))
    return PreparedEpisode(
        route=route,
        start_s_m=START_S_M,
        goal_s_m=stage.goal_s_m,
        footprint=stage.footprint,
        agent=agent,
        watching=watching,
        obeyed=watching[0].name if spec.mode.kind == "takeover" else None,
        broken=_reset_monitors(spec, route, watching),
        sensor=SensorStage(spec),
        supervisor=_supervisor(spec, route, watching),
    )


def _launch_speed_mps(route: Route, spec: EpisodeSpec) -> float:
    sharpest = float(np.abs(route.curvature_1pm[: route.index(LAUNCH_PREVIEW_M)]).max())
    comfortable = math.sqrt(spec.ego.lateral_acceleration_mps2 / max(sharpest, 1e-9))
    return min(spec.ego.v_max_mps, comfortable)


def _watching(spec: EpisodeSpec, monitors: Sequence[Monitor]) -> tuple[Monitor, ...]:
    if spec.mode.kind == "expert":
        return ()
    watching = tuple(monitors)
    if spec.mode.kind == "takeover":
        # By the name the scenario uses: a plug-in `package.module:Class` has another one in tables.
        named = zip(spec.monitors, monitors, strict=True)
        watching = tuple(monitor for component, monitor in named if component.name == spec.mode.monitor)[:1]
        if not watching:
            raise MonitorNameError(f"mode {spec.mode} obeys a monitor that is not among the episode's monitors")
    names = [monitor.name for monitor in watching]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MonitorNameError(f"two monitors are called {twice[0]!r}: give each class a name of its own")
    return watching


def _reset_agent(agent: Agent, context: EpisodeContext) -> None:
    try:
        agent.reset(context)
    except Exception as error:
        raise AgentFaultError(f"agent raised in reset: {type(error).__name__}: {error}") from error


def _reset_monitors(spec: EpisodeSpec, route: Route, watching: Sequence[Monitor]) -> dict[str, str]:
    broken = {}
    for monitor in watching:
        try:
            monitor.reset(_context(spec, route, f"monitor:{monitor.name}", privileged=monitor.privileged))
        except Exception as error:
            broken[monitor.name] = f"raised in reset: {type(error).__name__}: {error}"
    return broken


def _context(spec: EpisodeSpec, route: Route, part: str, privileged: bool) -> EpisodeContext:
    return EpisodeContext(
        pair_id=spec.pair_id,
        seed=seed_for(spec.pair_id, part),
        tick_s=spec.tick_s,
        image_width=spec.camera.width_px,
        image_height=spec.camera.height_px,
        fov_deg=spec.camera.fov_deg,
        route=route if privileged else None,
    )


def _supervisor(spec: EpisodeSpec, route: Route, watching: Sequence[Monitor]) -> ShadowSupervisor | TakeoverSupervisor:
    if spec.mode.kind != "takeover":
        return ShadowSupervisor()
    monitor = watching[0]
    assert spec.thresholds is not None and spec.takeover is not None
    alarm = AlarmFilter(spec.thresholds.theta_on, spec.thresholds.theta_off, spec.tick_s, monitor.declared_latency_s)
    driver = takeover_driver(spec, route, spec.takeover.driver)
    return TakeoverSupervisor(alarm, driver, spec.takeover.reaction_s, spec.tick_s)


def takeover_driver(spec: EpisodeSpec, route: Route, settings: Mapping[str, float]) -> TakeoverDriver:
    """The takeover driver of a pair, reset; ``settings`` are fields of `TakeoverTuning`."""
    driver = TakeoverDriver(tuning=_tuning(settings))
    driver.reset(_context(spec, route, "driver", privileged=True))
    return driver


def _tuning(settings: Mapping[str, float]) -> TakeoverTuning:
    counts = {"preview_points": int(settings["preview_points"])} if "preview_points" in settings else {}
    rest = {name: value for name, value in settings.items() if name not in counts}
    return dataclasses.replace(TakeoverTuning(), **rest, **counts)  # type: ignore[arg-type]
