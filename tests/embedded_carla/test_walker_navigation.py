"""Walkers under the client's own navigation: it reads the mesh that the server makes of the map's sidewalks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embedded_carla.wire.detour import Polygon, mesh_set, neighbours_of
from embedded_carla.world.map_library import read_map, shipped_xodr
from embedded_carla.world.navigation import CROSSWALK, ROAD, SIDEWALK, navigation_file
from tests.embedded_carla.conftest import REPOSITORY, RunningServer

WALKERS, TICKS = 6, 200


def test_walkers_go_where_they_are_sent_and_keep_to_the_sidewalk(server: RunningServer, tmp_path: Path) -> None:
    # A process of its own: the client reads the mesh in native code, and keeps it below HOME.
    home = {**os.environ, "HOME": str(tmp_path)}
    module = "tests.embedded_carla.walker_run"
    command = [sys.executable, "-m", module, str(server.port), str(WALKERS), str(TICKS)]
    result = subprocess.run(command, cwd=REPOSITORY, env=home, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["walkers"] == WALKERS
    assert np.median(report["gone_m"]) > 5.0  # 10 s at 1.4 m/s, seldom straight
    assert report["on_sidewalk"] > 0.8 * report["looks"]
    assert [path.suffix for path in tmp_path.rglob("Block-*")] == [".bin"]  # kept by the client for the next time
    assert all(0.5 < height_m < 1.0 for height_m in report["origin_z_m"])  # the middle of a body whose feet are at 0


def test_a_map_without_sidewalks_has_no_mesh() -> None:
    assert navigation_file(read_map("Oval", shipped_xodr("Oval"))) is None


def test_the_mesh_of_the_block_joins_all_sidewalks() -> None:
    file = navigation_file(read_map("Block", shipped_xodr("Block")))
    assert file is not None and file.name.startswith("Carla/Maps/Nav/Block-")
    again = navigation_file(read_map("Block", shipped_xodr("Block")))
    assert again == file
    polygons, areas, links = _read(file.content)
    reached, waiting = {0}, [0]
    while waiting:
        for other in links[waiting.pop()]:
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    assert len(reached) > 0.98 * polygons
    assert {SIDEWALK, CROSSWALK, ROAD} == set(areas)


def _read(content: bytes) -> tuple[int, list[int], list[list[int]]]:
    """Number of polygons, the area of each and its neighbours, by the layout that Detour documents."""
    tile = content[40 + 8 :]
    polygons, vertices = (int(v) for v in np.frombuffer(tile, "<i4", 2, 24))
    layout = np.dtype(
        [
            ("link", "<u4"),
            ("corners", "<u2", 6),
            ("beyond", "<u2", 6),
            ("flags", "<u2"),
            ("count", "u1"),
            ("area", "u1"),
        ]
    )
    faces = np.frombuffer(tile, layout, polygons, 100 + 12 * vertices)
    assert (faces["flags"] == 1 << faces["area"]).all()
    return polygons, faces["area"].tolist(), [[int(n) - 1 for n in face["beyond"] if n] for face in faces]


def test_neighbours_share_both_ends_of_an_edge() -> None:
    squares = [Polygon((0, 1, 2, 3), 1, 2), Polygon((1, 4, 5, 2), 1, 2), Polygon((6, 7, 8), 1, 2)]
    assert neighbours_of(squares) == [[0, 2, 0, 0], [0, 0, 0, 1], [0, 0, 0]]


def test_a_mesh_needs_polygons_of_three_to_six_corners() -> None:
    points = np.zeros((7, 3))
    with pytest.raises(ValueError, match="1 or more polygons"):
        mesh_set(points, [])
    with pytest.raises(ValueError, match="3 to 6 corners"):
        mesh_set(points, [Polygon(tuple(range(7)), 1, 2)])
