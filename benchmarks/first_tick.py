"""From the command to the first tick: `run_campaign.py` as a person starts it, watched from outside.

Nothing of the program is changed or asked: files that appear tell of the folder, of Ray and of the first worker, the
server's log that it listens, and the page of memory through which the driving process shows its parent what it does
tells when the first picture has come and the agent is asked.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from benchmarks.clocks import process_cpu_s
from harness.cluster.guardian import descendants
from harness.cluster.pulse import Pulse, Stage
from harness.simulation.server import REPOSITORY

POLL_S = 0.02
TIMEOUT_S = 900.0
END_TIMEOUT_S = 60.0
# Shadow runs alone, so that the first episode needs the network and the monitors.
SCENARIO: dict[str, Any] = {
    "campaign": "first_tick",
    "camera": {"width_px": 320, "height_px": 180},
    "roads": [
        {"kind": "curves", "name": f"r{radius}", "segments": [{"radius_m": radius, "angle_deg": 60}]}
        for radius in range(40, 140, 10)
    ],
    "conditions": [
        {
            "name": "blur",
            "effects": [
                {
                    "effect": "blur",
                    "sweep": {"width_px": {"range": [4, 40, 4]}},
                    "onset_s": {"uniform": [1, 4]},
                }
            ],
        }
    ],
    "agent": "pilotnet",
    "monitors": ["saliency_student", "camera_student", "random", "always_on", "curvature", "brightness"],
    "modes": ["shadow"],
}
CONDITIONS_AND_ROADS = 100
PLAN = """\
import sys, time
from pathlib import Path
began, began_cpu = time.perf_counter(), time.process_time()
import run_campaign, harness.cluster.campaign_run
from harness.cluster.campaign_plan import plan_campaign
from harness.results.provenance import provenance
from harness.results.store import CampaignStore
imported, imported_cpu = time.perf_counter(), time.process_time()
plan = plan_campaign(Path(sys.argv[1]))
planned, planned_cpu = time.perf_counter(), time.process_time()
with CampaignStore.create(Path(sys.argv[2])) as store:
    ids = [episode.episode_id for episode in plan.episodes]
    store.write_campaign({"provenance": provenance(Path()), "episode_ids": ids})
print(imported - began, planned - imported, time.perf_counter() - planned)
print(imported_cpu - began_cpu, planned_cpu - imported_cpu, time.process_time() - planned_cpu)
"""


class NoTickError(RuntimeError):
    """The campaign did not get as far as its first tick; the message holds what it printed."""


def first_tick(episodes: int, workers: int) -> dict[str, Any]:
    """Seconds from the command to each milestone up to the first tick of a new campaign.

    Args:
        episodes: of the campaign, a multiple of 100. workers: of the campaign.

    Raises:
        NoTickError: it ended, or took longer than a quarter of an hour.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenario, out = folder / "campaign.yaml", folder / "out"
        scenario.write_text(yaml.safe_dump({**SCENARIO, "seeds": max(1, episodes // CONDITIONS_AND_ROADS)}))
        at_s, cpu_s = _watched(scenario, out, folder, workers)
        own = _own_parts(scenario, folder / "own")
    steps = {
        name: round(at - before, 2) for (name, at), before in zip(at_s.items(), [0.0, *at_s.values()], strict=False)
    }
    return {
        "episodes": episodes,
        "workers": workers,
        "first_tick_s": round(at_s["first tick"], 2),
        "steps_s": steps,
        "cpu_s_until_then": cpu_s,
        "before_ray_in_a_process_of_its_own": own,
    }


def _watched(scenario: Path, out: Path, folder: Path, workers: int) -> tuple[dict[str, float], dict[str, float]]:
    """Milestone -> seconds since the command, and kind of process -> processor time until the first tick."""
    output = folder / "output.txt"
    command = [sys.executable, str(REPOSITORY / "run_campaign.py"), str(scenario), "--out", str(out)]
    with output.open("wb") as file:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--workers", str(workers)],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(folder)},
            start_new_session=True,
        )
    clients = _Clients(process.pid, workers)
    milestones: dict[str, Callable[[], bool]] = {
        "imported and planned": (out / "episodes").exists,
        "stored, Ray is up": (out / "campaign.json").exists,
        "worker is up": lambda: any(folder.glob("clh-*/servers/worker_*/client_001.log")),
        "server listens": lambda: any(
            b"listening on" in log.read_bytes() for log in folder.glob("clh-*/servers/worker_*/server_001.log")
        ),
        "first episode begins": lambda: clients.stage() >= Stage.LOADING,
        "first tick": lambda: clients.stage() >= Stage.TICKING,
    }
    at_s: dict[str, float] = {}
    try:
        for name, reached in milestones.items():
            while not reached():
                if process.poll() is not None or time.perf_counter() - began > TIMEOUT_S:
                    raise NoTickError(f"waited in vain for {name!r}:\n{output.read_text()}")
                time.sleep(POLL_S)
            at_s[name] = time.perf_counter() - began
        cpu_s = _cpu_by_kind(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(END_TIMEOUT_S)
    return at_s, cpu_s


def _cpu_by_kind(driver_pid: int) -> dict[str, float]:
    """Processor time by kind of process, of those that live; the rest is Ray's own."""
    kinds = {"-m embedded_carla": "servers", "-m harness.cluster.client_main": "clients", "ray::": "workers"}
    cpu_s = {"driver": process_cpu_s(driver_pid)}
    for pid in descendants(driver_pid):
        with contextlib.suppress(OSError):  # it has ended
            line = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            kind = next((kind for mark, kind in kinds.items() if mark in line), "Ray")
            cpu_s[kind] = cpu_s.get(kind, 0.0) + process_cpu_s(pid)
    return {kind: round(value, 2) for kind, value in cpu_s.items()}


class _Clients:
    """The driving processes of a campaign, seen through their pulses."""

    def __init__(self, driver_pid: int, most: int) -> None:
        self._driver_pid = driver_pid
        self._most = most
        self._pulses: dict[int, Pulse] = {}

    def stage(self) -> Stage:
        """The furthest stage that any of them shows."""
        if len(self._pulses) < self._most:
            self._find()
        return max((pulse.read()[1] for pulse in self._pulses.values()), default=Stage.STARTING)

    def _find(self) -> None:
        for pid in descendants(self._driver_pid):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                if pid not in self._pulses and words[1:3] == ["-m", "harness.cluster.client_main"]:
                    self._pulses[pid] = Pulse(os.open(f"/proc/{pid}/fd/{words[4]}", os.O_RDWR))
            except OSError:  # it has ended, or is not there yet
                continue


def _own_parts(scenario: Path, out: Path) -> dict[str, dict[str, float]]:
    """Imports, plan and store in a fresh process that starts no Ray."""
    done = subprocess.run(
        [sys.executable, "-c", PLAN, str(scenario), str(out)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    names = ("imports", "plan", "store")
    wall, cpu = ([round(float(word), 2) for word in line.split()] for line in done.stdout.splitlines())
    return {"wall_s": dict(zip(names, wall, strict=True)), "cpu_s": dict(zip(names, cpu, strict=True))}
