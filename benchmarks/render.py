"""Time per picture of the embedded server's renderer: ``python -m benchmarks.render [--loads 100] [--json FILE]``.

One thread. Times are medians of the thread's own processor time, so that other load on the machine counts less; wall
time stands beside it. The million triangles are copies of one road at some distance from each other, as one world.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import carla
import numpy as np

from embedded_carla.render.renderer import Renderer
from embedded_carla.render.types import CameraPose, Weather
from embedded_carla.scene.build import build_scene
from embedded_carla.scene.types import Scene
from embedded_carla.scene.version import SCENE_VERSION
from scenarios.roads.build import build_opendrive
from scenarios.roads.description import WindingRoad

CLEAR = Weather(5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1)
RAIN = Weather(90.0, 80.0, 70.0, 40.0, 45.0, 40.0, 8.0, wetness=90.0)
NIGHT = Weather(sun_altitude_angle=-40.0)
SIZES = ((320, 180), (640, 360), (800, 600), (1280, 720))
PLACES_M = range(10, 280, 18)
COPY_SPACING_M = 400.0


def _road(seed: int) -> tuple[str, carla.Map]:
    road = WindingRoad(kind="winding", name="winding", seed=seed, length_m=300, radius_m=(50, 150))
    xodr = build_opendrive(road, 3)
    return xodr, carla.Map("winding", xodr)


def _cameras(carla_map: carla.Map) -> list[CameraPose]:
    cameras = []
    for s_m in PLACES_M:
        pose = carla_map.get_waypoint_xodr(1, -1, float(s_m)).transform
        yaw = math.radians(pose.rotation.yaw)
        x, y = pose.location.x + 1.2 * math.cos(yaw), pose.location.y + 1.2 * math.sin(yaw)
        cameras.append(CameraPose(x, y, pose.location.z + 1.4, -6.0, pose.rotation.yaw, 0.0))
    return cameras


def _median_ms(draw: Callable[[CameraPose], object], cameras: list[CameraPose], repeats: int) -> dict[str, float]:
    for camera in cameras[:2]:
        draw(camera)
    cpu, wall = [], []
    for _ in range(repeats):
        for camera in cameras:
            cpu_s, wall_s = time.thread_time(), time.perf_counter()
            draw(camera)
            cpu.append(time.thread_time() - cpu_s)
            wall.append(time.perf_counter() - wall_s)
    return {"cpu_ms": round(1e3 * float(np.median(cpu)), 3), "wall_ms": round(1e3 * float(np.median(wall)), 3)}


def _copies(scene: Scene, triangles: int) -> Scene:
    """A world with at least so many triangles: copies of a scene side by side."""
    count = math.ceil(triangles / len(scene.triangles))
    shifts = [(COPY_SPACING_M * (k % 16), COPY_SPACING_M * (k // 16)) for k in range(count)]
    offsets = np.array([(x, y, 0.0) for x, y in shifts], dtype=np.float32)
    steps = np.arange(count, dtype=np.int32)[:, None, None]
    return replace(
        scene,
        vertices=(scene.vertices[None] + offsets[:, None]).reshape(-1, 3),
        surface_coordinates=np.tile(scene.surface_coordinates, (count, 1)),
        triangles=(scene.triangles[None] + steps * len(scene.vertices)).reshape(-1, 3).astype(np.int32),
        triangle_surface=np.tile(scene.triangle_surface, count),
        triangle_instance=np.tile(scene.triangle_instance, count),
        tile_centre=(scene.tile_centre[None] + offsets[:, None]).reshape(-1, 3),
        tile_radius=np.tile(scene.tile_radius, count),
        tile_vertices=(scene.tile_vertices[None] + steps * len(scene.vertices)).reshape(-1, 2).astype(np.int32),
        tile_triangles=(scene.tile_triangles[None] + steps * len(scene.triangles)).reshape(-1, 2).astype(np.int32),
    )


def measure(repeats: int, loads: int) -> dict[str, Any]:
    """All tables. ``loads``: how many times a world is built while resident memory is watched."""
    xodr, carla_map = _road(4)
    scene = build_scene(xodr, carla_map, 3, "summer")
    cameras, renderer = _cameras(carla_map), Renderer(scene)

    def colour(
        size: tuple[int, int], weather: Weather, drawn_by: Renderer = renderer
    ) -> Callable[[CameraPose], object]:
        return lambda camera: drawn_by.rgb_bgra(drawn_by.view(camera, *size, 90.0), weather, camera)

    def three_kinds(camera: CameraPose) -> None:
        view = renderer.view(camera, 640, 360, 90.0)
        renderer.rgb_bgra(view, CLEAR, camera)
        renderer.depth_bgra(view)
        renderer.semantic_bgra(view)

    result: dict[str, Any] = {
        "scene_version": SCENE_VERSION,
        "machine": platform.processor() or platform.machine(),
        "threads": 1,
        "resolution": {f"{w}x{h}": _median_ms(colour((w, h), CLEAR), cameras, repeats) for w, h in SIZES},
        "weather_640x360": {
            name: _median_ms(colour((640, 360), weather), cameras, repeats)
            for name, weather in (("clear", CLEAR), ("rain", RAIN), ("night", NIGHT))
        },
    }
    three, one = _median_ms(three_kinds, cameras, repeats), _median_ms(colour((640, 360), CLEAR), cameras, repeats)
    result["rgb_depth_semantic_over_rgb"] = round(three["cpu_ms"] / one["cpu_ms"], 3)
    result["triangles_640x360"] = {}
    for triangles in (len(scene.triangles), 100_000, 1_000_000):
        world = Renderer(_copies(scene, triangles))
        result["triangles_640x360"][str(len(world.scene.triangles))] = _median_ms(
            colour((640, 360), CLEAR, world), cameras, repeats
        )
    wide = _copies(scene, 1_000_000)
    result["view_distance_m_640x360_million_triangles"] = {
        str(far_m): _median_ms(colour((640, 360), CLEAR, Renderer(wide, float(far_m))), cameras, repeats)
        for far_m in (100, 300, 700, 2000)
    }
    result["world_load"] = _world_loads(xodr, carla_map, cameras[0], loads)
    return result


def _world_loads(xodr: str, carla_map: carla.Map, camera: CameraPose, loads: int) -> dict[str, float]:
    """Median time to build a world and draw its first picture, and growth of resident memory."""
    times = []
    early_mb = 0.0
    for k in range(loads):
        start_s = time.thread_time()
        renderer = Renderer(build_scene(xodr, carla_map, k, ("summer", "alpine", "moor")[k % 3]))
        renderer.rgb_bgra(renderer.view(camera, 320, 180, 90.0), CLEAR, camera)
        times.append(time.thread_time() - start_s)
        if k == loads // 4:
            early_mb = _peak_mb()
    growth = _peak_mb() / early_mb - 1.0
    return {"cpu_ms": round(1e3 * float(np.median(times)), 1), "loads": loads, "peak_memory_growth": round(growth, 4)}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="rounds over all cameras")
    parser.add_argument("--loads", type=int, default=100, help="world loads (at least 4)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the tables there too")
    arguments = parser.parse_args()
    result = json.dumps(measure(arguments.repeats, max(arguments.loads, 4)), indent=1)
    print(result)
    if arguments.json is not None:
        arguments.json.write_text(result + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
