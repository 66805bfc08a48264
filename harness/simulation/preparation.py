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
from harness.simulation.ground_truth import Footprint
from harness.simulation.route import build_route
from harness.simulation.sensor_stage import SensorStage
from harness.simulation.session import CameraMount, CarlaSession
from harness.simulation.supervisor import ShadowSupervisor, TakeoverSupervisor
from harness.simulation.worlds import load_world

LAUNCH_PREVIEW_M = 40.0


@dataclass(frozen=True)
class PreparedEpisode:
    """Everything the loop needs.

    Attributes:
        route, start_s_m, goal_s_m: lane to keep, where the car starts and where the run is complete.
        footprint: half extents of the car.
        agent: None in `expert` mode, where no network runs.
        watching: monitors that score this run.
        sensor: the sensor chain, reset.
        supervisor: decides who steers.
    """

    route: Route
    start_s_m: float
    goal_s_m: float
    footprint: Footprint
    agent: Agent | None
    watching: tuple[Monitor, ...]
    sensor: SensorStage
    supervisor: ShadowSupervisor | TakeoverSupervisor


def prepare(
    session: CarlaSession, spec: EpisodeSpec, agent: Agent | None, monitors: Sequence[Monitor]
) -> PreparedEpisode:
    """Load the world, spawn the car at speed, reset agent, monitors, sensor chain and driver.

    Raises:
        InfrastructureError: the simulator failed.
        RouteError: the world has no such lane.
    """
    request = load_world(session, spec)
    route = build_route(session.map(), request.road_id, request.lane_id, request.s_m, request.length_m)
    session.set_weather(spec.weather.parameters.model_dump())
    camera = spec.camera
    mount = CameraMount(camera.width_px, camera.height_px, camera.fov_deg, camera.x_m, camera.z_m, camera.pitch_deg)
    session.place_ego(spec.ego.vehicle, route, 0.0, _launch_speed_mps(route, spec), mount)
    if spec.mode.kind == "expert":
        agent = None
    watching = _watching(spec, monitors)
    if agent is not None:
        agent.reset(_context(spec, route, "agent", privileged=agent.privileged))
    for monitor in watching:
        monitor.reset(_context(spec, route, f"monitor:{monitor.name}", privileged=monitor.privileged))
    return PreparedEpisode(
        route=route,
        start_s_m=0.0,
        goal_s_m=min(request.goal_m, route.length_m - LAUNCH_PREVIEW_M / 2),
        footprint=Footprint(spec.ego.half_width_m, spec.ego.half_length_m),
        agent=agent,
        watching=watching,
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
    if spec.mode.kind == "takeover":
        return tuple(monitor for monitor in monitors if monitor.name == spec.mode.monitor)
    return tuple(monitors)


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
    driver = TakeoverDriver(tuning=_tuning(spec.takeover.driver))
    driver.reset(_context(spec, route, "driver", privileged=True))
    return TakeoverSupervisor(alarm, driver, spec.takeover.reaction_s, spec.tick_s)


def _tuning(settings: Mapping[str, float]) -> TakeoverTuning:
    counts = {"preview_points": int(settings["preview_points"])} if "preview_points" in settings else {}
    rest = {name: value for name, value in settings.items() if name not in counts}
    return dataclasses.replace(TakeoverTuning(), **rest, **counts)  # type: ignore[arg-type]
