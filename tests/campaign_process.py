"""Run `run_campaign.py` as a person does, watch its processes, read what it leaves."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.cluster.guardian import descendants
from harness.results.index import read_index
from harness.simulation.processes import same_process

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


class Seen(NamedTuple):
    """A process when it was seen: ids are used again and titles change, an id with its start time is one process."""

    start: int
    command: str


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

    def descendants(self) -> dict[int, Seen]:
        """Everything this campaign has started and that still runs, by process id."""
        return started_by(self.process.pid)

    def servers(self) -> list[int]:
        return [pid for pid, process in self.descendants().items() if "-m embedded_carla" in process.command]


def started_by(pid: int) -> dict[int, Seen]:
    """Everything that a process has started and that still runs, by process id."""
    return {pid: Seen(int(start or 0), command_line(pid)) for pid, start in descendants(pid).items()}


def start_campaign(
    folder: Path, *arguments: str, temporary: Path | None = None, through: Sequence[str] = ()
) -> Campaign:
    """Start `run_campaign.py`; its working folder is not the repository, as on a user's machine.

    Args:
        folder: of its results; its output goes beside it.
        arguments: of the command line.
        temporary: where it keeps temporary files and port leases; None for where everybody does.
        through: a command that runs the one behind it somewhere else.
    """
    environment = os.environ if temporary is None else {**os.environ, "TMPDIR": str(temporary)}
    output = folder.parent / f"{folder.name}.{time.monotonic_ns()}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*through, sys.executable, str(REPOSITORY / "run_campaign.py"), *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder.parent,
            env=environment,
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


def still_running(started: dict[int, Seen], timeout_s: float = 15.0) -> dict[int, str]:
    """Which of these processes are still there after a while, with their command lines."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = {pid: seen.command for pid, seen in started.items() if same_process(pid, seen.start)}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def remains(started: dict[int, Seen]) -> list[str]:
    """What is left of processes that were seen running: themselves, and the temporary folders that they named."""
    folders = {folder for seen in started.values() for folder in re.findall(r"\S*/clh-\w+", seen.command)}
    left = still_running(started, timeout_s=60)
    return [*left.values(), *sorted(folder for folder in folders if Path(folder).exists())]


def left_in(temporary: Path) -> list[str]:
    """What campaigns have left that had this folder for their temporary files: processes, leases, notes and files.

    Processes are known by the folder's name in their environment, whether or not anybody has seen them before. The
    lock files of leases stay: they are what the next campaign locks.
    """
    leases = temporary / "closed-loop-harness-ports"
    locks = set(leases.glob("*.lock"))
    files = [path for path in temporary.rglob("*") if path != leases and path not in locks]
    processes = [f"process {pid}: {command_line(pid)}" for pid in _with_environment(f"TMPDIR={temporary}")]
    held = [f"lease {path.stem} is held" for path in sorted(locks) if not _can_lock(path)]
    return [*processes, *held, *map(str, sorted(files))]


def _with_environment(assignment: str) -> list[int]:
    """Ids of processes that were started with this in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it has ended, or belongs to somebody else
            if entry.name.isdigit() and assignment.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def _can_lock(path: Path) -> bool:
    with path.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


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
