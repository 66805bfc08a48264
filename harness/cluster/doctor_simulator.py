"""The doctor starts the simulator and drives it for a moment: does it answer, which version, and how fast?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from harness.campaign.episode_spec import RouteStart
from harness.cluster.doctor_finding import Finding, Level
from harness.cluster.doctor_machine import installed_version
from harness.simulation.errors import InfrastructureError
from harness.simulation.route import build_route
from harness.simulation.server import SimulatorServer
from harness.simulation.session import CameraMount, CarlaSession
from harness.simulation.simulator import CARLA_KINDS, Simulator
from scenarios.roads.build import build_opendrive
from scenarios.roads.description import WindingRoad

CAMERA = CameraMount(width_px=640, height_px=360, fov_deg=90.0, x_m=1.2, z_m=1.4, pitch_deg=-6.0)
ANSWER_TIMEOUT_S = 60.0
WARM_UP_FRAMES = 20
MEASURED_FRAMES = 60
# 20 Hz is real time; below it a night is too short for a campaign, and software rendering goes unnoticed otherwise.
FRAMES_PER_S_WANTED = 20.0
FRAMES_PER_S_NEEDED = 2.0
VEHICLE = "vehicle.tesla.model3"
SPEED_MPS = 10.0
TICK_S = 0.05
ROAD = WindingRoad(kind="winding", name="doctor", seed=1, length_m=150, radius_m=(60, 200))


def simulator_findings(simulator: Simulator, logs: Path, timeout_s: float = ANSWER_TIMEOUT_S) -> Iterator[Finding]:
    """Start the simulator, compare versions, measure frames per second, stop it.

    Args:
        simulator: to start, or attach to (its world is replaced by a small road). logs: folder for its log.
        timeout_s: longest wait for one answer.
    """
    server = SimulatorServer(simulator, log_dir=logs)
    try:
        session = CarlaSession(*server.start(), timeout_s=timeout_s)
    except InfrastructureError as error:
        server.stop()
        yield Finding("versions", Level.PROBLEM, _line(error), _remedy(simulator))
        return
    try:
        yield Finding("versions", Level.OK, f"server {session.server_version}, client {installed_version('carla')}")
        frames_per_s = measured_frames_per_s(session)
        pictures = "CARLA's pictures" if session.scene_version is None else f"scene version {session.scene_version}"
        yield speed_finding(frames_per_s, pictures, on_gpu=simulator.kind in CARLA_KINDS)
    except InfrastructureError as error:
        yield Finding("renderer", Level.PROBLEM, _line(error), _remedy(simulator))
    finally:
        session.close()
        server.stop()


def measured_frames_per_s(session: CarlaSession) -> float:
    """Ticks with a 640×360 picture per second of wall clock, after some that only warm up.

    Raises:
        InfrastructureError: the simulator failed.
    """
    session.load_opendrive(build_opendrive(ROAD, scenery_seed=1), TICK_S)
    start = RouteStart()
    route = build_route(session.map(), start.road_id, start.lane_id, start.s_m, ROAD.length_m)
    session.place_ego(VEHICLE, route, start_s_m=5.0, speed_mps=SPEED_MPS, camera=CAMERA)
    try:
        for _ in range(WARM_UP_FRAMES):
            session.tick()
        started_s = time.perf_counter()
        for _ in range(MEASURED_FRAMES):
            session.tick()
        return MEASURED_FRAMES / (time.perf_counter() - started_s)
    finally:
        session.clear()


def speed_finding(frames_per_s: float, pictures: str, on_gpu: bool) -> Finding:
    """The renderer's speed against what a night needs.

    Args:
        frames_per_s: measured at 640×360. pictures: what drew them. on_gpu: it should have been a GPU.
    """
    found = f"{pictures}, {frames_per_s:.1f} frames/s at {CAMERA.width_px}x{CAMERA.height_px}"
    if frames_per_s >= FRAMES_PER_S_WANTED:
        return Finding("renderer", Level.OK, found)
    remedy = (
        "CARLA may draw in software: check `nvidia-smi` while it runs, its driver and its Vulkan loader"
        if on_gpu
        else "other programs use the cores: end them, or give this machine fewer workers"
    )
    return Finding("renderer", Level.WARNING if frames_per_s >= FRAMES_PER_S_NEEDED else Level.PROBLEM, found, remedy)


def _remedy(simulator: Simulator) -> str:
    if simulator.kind == "attach":
        return "start the simulator at that address, in the version of the carla package, or correct --simulator"
    return "read its message above; install or correct what --simulator names, or use --simulator embedded"


def _line(error: Exception) -> str:
    """An error's first and last line: what failed, and the last the log says of it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " … ".join(dict.fromkeys([lines[0], lines[-1]])) if lines else type(error).__name__
