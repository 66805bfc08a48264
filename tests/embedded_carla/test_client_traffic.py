"""Traffic under the client library's own traffic manager."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.embedded_carla.conftest import REPOSITORY, RunningServer

CARS = 20
TICKS = 400
ATTEMPTS = 3
"""The 0.9.16 traffic manager loses a wake-up about once in 100,000 ticks and then hangs; no server can mend it."""


def _drive(port: int, manager_port: int, map_name: str) -> dict[str, object]:
    module = "tests.embedded_carla.traffic_run"
    command = [sys.executable, "-m", module, str(port), str(manager_port), map_name, str(CARS), str(TICKS)]
    for _ in range(ATTEMPTS):
        try:
            result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            continue
        assert result.returncode == 0, result.stderr
        report: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
        return report
    raise AssertionError(f"the traffic manager hung {ATTEMPTS} times")


@pytest.mark.parametrize(("map_name", "manager_port"), [("Oval", 18_000), ("Block", 18_100)])
def test_twenty_cars_drive_in_their_lanes(server: RunningServer, map_name: str, manager_port: int) -> None:
    report = _drive(server.port, manager_port, map_name)
    driven_m = report["driven_m"]
    assert isinstance(driven_m, list) and report["cars"] == CARS
    assert sum(distance > 50.0 for distance in driven_m) >= 0.8 * CARS
    assert report["off_lane"] == 0
    assert report["ran_red"] == 0
