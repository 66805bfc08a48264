"""Run `run_campaign.py` as a person does, watch its processes, read what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cluster.guardian import descendants
from harness.results.index import read_index

REPOSITORY = Path(__file__).resolve().parents[1]

# Small pictures, short runs, no network: everything but driving quality is real.
SCENARIO = """
campaign: tiny
camera: {width_px: 320, height_px: 180}
duration_s: 8
seeds: 2
roads:
  - kind: curves
    name: bend
    segments: [{straight_m: 30}, {radius_m: 60, angle_deg: 60}, {straight_m: 80}]
conditions:
  - {name: ideal}
  - {name: noise, effects: [{effect: noise, sigma_dn: 12}], onset_s: {uniform: [1, 3]}}
agent: expert
monitors: [random, always_on]
modes: [expert, shadow, "takeover:always_on"]
"""
EPISODES = 10


@dataclass
class Campaign:
    """A running `run_campaign.py`; its output goes to files, so that it never waits for a reader."""

    process: subprocess.Popen[bytes]
    folder: Path
    output: Path

    def wait(self, timeout_s: float = 150.0) -> int:
        return self.process.wait(timeout_s)

    def text(self) -> str:
        return self.output.read_text()

    def finished(self) -> set[str]:
        return set(read_index(self.folder / "index.jsonl"))

    def descendants(self) -> dict[int, str]:
        """Process id -> command line of everything this campaign has started and that still runs."""
        return {pid: command_line(pid) for pid in descendants(self.process.pid)}

    def servers(self) -> list[int]:
        return [pid for pid, command in self.descendants().items() if "-m embedded_carla" in command]


def start_campaign(folder: Path, *arguments: str) -> Campaign:
    """Start `run_campaign.py`; its working folder is not the repository, as on a user's machine."""
    output = folder.parent / f"{folder.name}.{time.monotonic_ns()}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "run_campaign.py"), *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder.parent,
            start_new_session=True,
            # As from a terminal: a test run in the background inherits an ignored Ctrl-C and would pass it on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    return Campaign(process, folder, output)


def scenario_file(folder: Path) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(SCENARIO)
    return path


def wait_until(condition: Callable[[], bool], campaign: Campaign, timeout_s: float = 240.0) -> None:
    """Wait for something to happen in a running campaign; fails with its output."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert campaign.process.poll() is None, f"ended early:\n{campaign.text()}"
        assert time.monotonic() < deadline, f"waited in vain:\n{campaign.text()}"
        time.sleep(0.05)


def still_running(pids: dict[int, str], timeout_s: float = 15.0) -> dict[int, str]:
    """Which of these processes are still there after a while."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = {pid: command for pid, command in pids.items() if command_line(pid) == command and command}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def tick_tables(folder: Path) -> dict[str, bytes]:
    """Bytes of every tick table by episode."""
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("episodes/*/ticks.parquet"))}


CLOCKED = {"latency_ms", "km_per_worker_hour", "worker_hours_left"}


def comparable_summary(folder: Path) -> dict[str, Any]:
    """The summary without what names this very run or was measured with a clock."""
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return {key: _without_clock(value) for key, value in summary.items() if key not in ("campaign", "timing")}


def _without_clock(value: Any) -> Any:
    """A part of a summary without milliseconds, and without the hours that they say are still to drive."""
    if isinstance(value, dict):
        return {key: _without_clock(entry) for key, entry in value.items() if key not in CLOCKED}
    return [_without_clock(entry) for entry in value] if isinstance(value, list) else value


def command_line(pid: int) -> str:
    """Command line of a process; empty for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
