"""Ticks per second of the embedded server with one RGB camera, transfer to the real client included.

A winding road, one driving car with a camera, synchronous mode: each tick sends a control, advances the world and waits
for the picture of that frame, as the harness does. Client and server are processes of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import statistics
import time
from pathlib import Path
from typing import Any

import carla

from benchmarks.replay import cpu_s, recorded_control, start_server
from scenarios.roads.build import build_opendrive
from scenarios.roads.description import WindingRoad

GOALS = {"640x360": 200.0, "320x180": 400.0}
"""Ticks per second."""
ROAD = WindingRoad(kind="winding", name="winding", seed=4, length_m=600, radius_m=(50, 150))
SCENERY_SEED = 3
WARM_UP_TICKS = 50
PICTURE_TIMEOUT_S = 20.0


def drive(client: carla.Client, width_px: int, height_px: int, ticks: int, server_id: int) -> dict[str, float]:
    """Drive along the road; medians over the ticks after the warm-up."""
    world = client.generate_opendrive_world(build_opendrive(ROAD, SCENERY_SEED))
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    library = world.get_blueprint_library()
    start = world.get_map().get_waypoint_xodr(1, -1, 10.0).transform
    start.location.z += 0.3
    car = world.spawn_actor(library.find("vehicle.tesla.model3"), start)
    blueprint = library.find("sensor.camera.rgb")
    blueprint.set_attribute("image_size_x", str(width_px))
    blueprint.set_attribute("image_size_y", str(height_px))
    mount = carla.Transform(carla.Location(x=1.2, z=1.4), carla.Rotation(pitch=-6.0))
    camera = world.spawn_actor(blueprint, mount, attach_to=car)
    pictures: queue.Queue[carla.Image] = queue.Queue()
    camera.listen(pictures.put)
    times_s, server_s = [], 0.0
    for tick in range(WARM_UP_TICKS + ticks):
        if tick == WARM_UP_TICKS:
            server_s = cpu_s(server_id)
        started = time.perf_counter()
        car.apply_control(recorded_control(tick))
        frame = world.tick()
        while pictures.get(timeout=PICTURE_TIMEOUT_S).frame != frame:
            pass
        times_s.append(time.perf_counter() - started)
    server_s = cpu_s(server_id) - server_s
    camera.destroy()
    median_s = statistics.median(times_s[WARM_UP_TICKS:])
    return {
        "ticks_per_s": round(1.0 / median_s, 1),
        "median_ms": round(1e3 * median_s, 3),
        "server_cpu_ms": round(1e3 * server_s / ticks, 3),
    }


def measure(ticks: int, render_threads: int) -> dict[str, Any]:
    """Every picture size on one server."""
    process, port = start_server("--render-threads", str(render_threads))
    try:
        client = carla.Client("127.0.0.1", port)
        client.set_timeout(120.0)
        sizes = {}
        for size, goal in GOALS.items():
            width_px, height_px = (int(side) for side in size.split("x"))
            sizes[size] = {**drive(client, width_px, height_px, ticks, process.pid), "goal_ticks_per_s": goal}
        return sizes
    finally:
        process.terminate()
        process.wait(timeout=30.0)


def main() -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camera_ticks", description=__doc__)
    parser.add_argument("--ticks", type=int, default=600, help="timed ticks per picture size (default 600)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="render threads of the server")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    result: dict[str, Any] = {
        "schema_version": 1,
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "ticks": options.ticks,
        "render_threads": {str(threads): measure(options.ticks, threads) for threads in options.threads},
        "load_average_at_end": round(os.getloadavg()[0], 2),
    }
    for threads, sizes in result["render_threads"].items():
        for size, figures in sizes.items():
            print(
                f"{size}, {threads} render thread(s): {figures['ticks_per_s']:6.1f} ticks/s "
                f"(goal {figures['goal_ticks_per_s']:.0f}); "
                f"server {figures['server_cpu_ms']:.2f} ms of processor per tick"
            )
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
