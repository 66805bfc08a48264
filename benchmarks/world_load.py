"""How long a world takes to load, and whether the server's memory stays flat over hundreds of loads.

Every load brings another road than the one before: the roads of the curves scenario and the shipped maps in turn, each
with a new scenery seed, a car and a camera whose first picture is awaited. Real client, same machine. The goal for a
load is held against processor time, since wall time grows with whatever else the machine does (see its load average).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import resource
import statistics
import time
from pathlib import Path
from typing import Any

import carla

from benchmarks.replay import BLUEPRINT, start_server
from embedded_carla.world.map_library import available_maps, read_map, shipped_xodr
from embedded_carla.world.scenery import Scenery
from harness.campaign.loader import load_campaign
from scenarios.roads.build import build_opendrive

REPOSITORY = Path(__file__).resolve().parents[1]
SCENARIO = REPOSITORY / "scenarios" / "curves.yaml"
GOAL_LOAD_S = 0.3
GOAL_MEMORY_SHARE = 0.05
SETTLING_LOADS = 50
"""Loads before memory counts: allocators and caches have grown by then."""


def roads(seed: int) -> dict[str, str]:
    """OpenDRIVE texts by name; the seed changes the scenery, so that nothing is ever found already built."""
    built = {road.name: build_opendrive(road, seed) for road in load_campaign(SCENARIO).roads}
    seedless = {name: shipped_xodr(name) for name in available_maps()}
    marker = '<userData code="scenery_seed" value="'
    for name, text in seedless.items():
        built[name] = text.replace(marker, f"{marker}{seed}", 1)
    return built


def resident_mib(process_id: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def processor_s() -> float:
    """Processor time of this process and its ended children: unlike wall time, the same on a busy machine."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def server_side_s(xodr: str) -> tuple[float, float]:
    """Reading a map and building its scene, without network and client: processor time and wall time, s."""
    started, started_wall = processor_s(), time.perf_counter()
    _ = Scenery(read_map("benchmark", xodr)).renderer
    return processor_s() - started, time.perf_counter() - started_wall


def client_side_s(client: carla.Client, xodr: str) -> float:
    """From the call that sends the road to the first picture of it, s."""
    started = time.perf_counter()
    world = client.generate_opendrive_world(xodr, carla.OpendriveGenerationParameters(), False)
    library, start = world.get_blueprint_library(), world.get_map().get_spawn_points()[0]
    car = world.spawn_actor(library.find(BLUEPRINT), start)
    blueprint = library.find("sensor.camera.rgb")
    blueprint.set_attribute("image_size_x", "64")
    blueprint.set_attribute("image_size_y", "36")
    camera = world.spawn_actor(blueprint, carla.Transform(carla.Location(z=1.4)), attach_to=car)
    pictures: queue.Queue[carla.Image] = queue.Queue()
    camera.listen(pictures.put)
    world.tick()
    pictures.get(timeout=60.0)
    elapsed_s = time.perf_counter() - started
    camera.stop()
    return elapsed_s


def measure(loads: int) -> dict[str, Any]:
    """Medians per road, and memory over all loads.

    Args:
        loads: through the client, more than ``SETTLING_LOADS``.
    """
    process, port = start_server()
    through_client: dict[str, list[float]] = {}
    memory_mib = []
    try:
        client = carla.Client("127.0.0.1", port)
        client.set_timeout(60.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
        world.apply_settings(settings)
        while len(memory_mib) < loads:
            for name, xodr in roads(len(memory_mib)).items():
                through_client.setdefault(name, []).append(client_side_s(client, xodr))
                memory_mib.append(resident_mib(process.pid))
    finally:
        process.kill()
        process.wait()
    load_average = os.getloadavg()[0]
    server_side = {name: [server_side_s(roads(seed)[name]) for seed in range(5)] for name in roads(0)}
    processor, wall = (
        {name: statistics.median(v[k] for v in values) for name, values in server_side.items()} for k in range(2)
    )
    settled = memory_mib[SETTLING_LOADS:]
    middle = statistics.median(settled)
    spread = max(max(settled) - middle, middle - min(settled)) / middle
    curves = [road.name for road in load_campaign(SCENARIO).roads]
    slowest_s = max(processor[name] for name in curves)
    return {
        "schema_version": 1,
        "machine": platform.processor() or platform.machine(),
        "loads": len(memory_mib),
        "cores": os.cpu_count(),
        "load_average": round(load_average, 1),
        "server_side_processor_s": {name: round(value, 3) for name, value in processor.items()},
        "server_side_wall_s": {name: round(value, 3) for name, value in wall.items()},
        "client_to_first_picture_s": {n: round(statistics.median(v), 3) for n, v in through_client.items()},
        "memory_mib": {"median": round(middle, 1), "lowest": round(min(settled), 1), "highest": round(max(settled), 1)},
        "memory_spread_share": round(spread, 4),
        "goals_met": {
            "curves_load": slowest_s <= GOAL_LOAD_S,
            "memory_flat": spread <= GOAL_MEMORY_SHARE,
        },
    }


def main() -> None:
    """Command line of `python -m benchmarks.world_load`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=500, help="world loads through the client (default 500)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the result there too")
    arguments = parser.parse_args()
    if arguments.loads <= SETTLING_LOADS:
        parser.error(f"--loads must be more than {SETTLING_LOADS}")
    result = json.dumps(measure(arguments.loads), indent=2)
    print(result)
    if arguments.json is not None:
        arguments.json.write_text(result + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
