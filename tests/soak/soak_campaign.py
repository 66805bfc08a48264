"""A thousand tiny episodes while everything around them is killed, stopped or damaged at random: ``make soak``.

Also ``python -m tests.soak.soak_campaign --episodes N``. Whatever number was run stands in the result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.results.index import IndexEntry, read_index
from harness.results.reader import read_attempts
from harness.results.store import verify
from tests.campaign_process import (
    Campaign,
    Seen,
    comparable_summary,
    left_in,
    remains,
    start_campaign,
    tick_tables,
)
from tests.soak.random_faults import CLIENT, SERVER, WORKER, Storm

EPISODES = 1000
FLAT = 0.05
READINGS = 60  # one every two seconds
TIMEOUT_S = 5400.0
RESULTS = Path(__file__).resolve().parents[2] / "benchmarks/results/campaign_soak.json"
SCENARIO = """
campaign: soak
camera: {width_px: 64, height_px: 36}
duration_s: 1
roads:
  - kind: curves
    name: bend
    segments: [{straight_m: 30}, {radius_m: 60, angle_deg: 60}, {straight_m: 80}]
conditions:
  - {name: noise, effects: [{effect: noise, sigma_dn: 12}], onset_s: {uniform: [0.1, 0.5]}}
agent: "tests.soak.moody:MoodyDriver"
monitors: [random, "tests.soak.moody:MoodyMonitor"]
modes: [shadow]
keep_monitor_inputs: false
"""
PARTS = {"driver": "", "worker": WORKER, "server": SERVER, "client": CLIENT}
"""What is measured, and what the command lines of its processes hold."""


@dataclass
class Watch:
    """Memory of every process of a campaign while it drives episodes: part -> process -> readings, KiB.

    Only anonymous memory is read: pages of files, such as libraries, go and come back as the kernel likes.
    """

    readings: dict[str, dict[int, list[int]]] = field(default_factory=lambda: {part: {} for part in PARTS})

    def read(self, campaign: Campaign, episodes: int) -> None:
        """One reading of each, unless there is no episode yet or none left to drive."""
        if not 0 < len(campaign.finished()) < episodes:
            return
        commands = {pid: seen.command for pid, seen in campaign.descendants().items()}
        for part, word in PARTS.items():
            found = [campaign.process.pid] if part == "driver" else [pid for pid in commands if word in commands[pid]]
            for pid in found:
                used = _anonymous_kib(pid)
                if used:
                    self.readings[part].setdefault(pid, []).append(used)

    def growth(self) -> dict[str, float | None]:
        """Median in the last quarter of a process's life over that in its second quarter, − 1; of each part the
        median over its processes that were read often enough, None if none was."""
        lives = {part: [_growth(r) for r in of.values() if len(r) >= READINGS] for part, of in self.readings.items()}
        return {part: round(statistics.median(of), 4) if of else None for part, of in lives.items()}


def _growth(life: list[int]) -> float:
    quarter = len(life) // 4
    return statistics.median(life[-quarter:]) / statistics.median(life[quarter : 2 * quarter]) - 1.0


def _anonymous_kib(pid: int) -> int:
    """0 once the process has ended."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), 0)
    return 0


def start(folder: Path, episodes: int, temporary: Path, *arguments: str) -> Campaign:
    """The campaign in a folder, started or resumed."""
    scenario = folder.parent / "soak.yaml"
    scenario.write_text(f"{SCENARIO}seeds: {episodes}\n")
    return start_campaign(folder, str(scenario), *arguments, str(folder), "--workers", "2", temporary=temporary)


def undisturbed(folder: Path, episodes: int, temporary: Path) -> Watch:
    """The campaign with nothing in its way."""
    watch, campaign = Watch(), start(folder, episodes, temporary, "--out")
    deadline = time.monotonic() + TIMEOUT_S
    while campaign.process.poll() is None:
        assert time.monotonic() < deadline, campaign.text()
        watch.read(campaign, episodes)
        time.sleep(2.0)
    assert campaign.process.returncode == 0, campaign.text()
    return watch


def disturbed(folder: Path, episodes: int, temporary: Path, seed: int) -> Counter[str]:
    """The campaign through random faults to its end; how often each was injected."""
    storm = Storm(random.Random(seed), episodes)
    campaign = start(folder, episodes, temporary, "--out")
    started: dict[int, Seen] = {}
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        while campaign.process.poll() is None:
            assert time.monotonic() < deadline, campaign.text()
            time.sleep(1.0)
            started |= campaign.descendants()
            finished = len(campaign.finished())
            kind = storm.due_ending(finished)
            if kind is None:
                storm.strike(campaign, finished)
                continue
            storm.end(campaign, kind)
            campaign = start(folder, episodes, temporary, "--resume")
        if campaign.process.returncode == 0:
            break
        # Hit three times in a row after all: such episodes wait for a resume.
        assert campaign.process.returncode == 3, campaign.text()
        storm.counts["resumed for episodes hit three times"] += 1
        campaign = start(folder, episodes, temporary, "--resume")
    assert not remains(started)
    return storm.counts


def rescue_map(folder: Path) -> pa.Table:
    """The map of the departures, which are in the order of their ids."""
    return pq.read_table(folder / "rescue.parquet")


def outcomes(entries: Iterable[IndexEntry]) -> dict[str, str]:
    """Outcome of every episode by its id."""
    return {entry.episode_id: entry.outcome for entry in entries}


def soak(folder: Path, episodes: int, seed: int = 1) -> dict[str, Any]:
    """Both runs, side by side, and what they have to have in common; the figures."""
    calm, wild = folder / "calm" / "results", folder / "wild" / "results"
    for path in (calm, wild):
        path.parent.mkdir(parents=True)
    # Short, because Ray puts Unix sockets below it; of its own, so that whatever is left in it is the campaigns'.
    with tempfile.TemporaryDirectory(prefix="clt-") as own:
        temporary, began = Path(own), time.monotonic()
        with ThreadPoolExecutor(1) as other:
            calm_run = other.submit(undisturbed, calm, episodes, temporary)
            counts = disturbed(wild, episodes, temporary, seed)
            watch = calm_run.result()
        duration_s = time.monotonic() - began
        assert not left_in(temporary)
    entries = read_index(wild / "index.jsonl")
    assert len(entries) == episodes == len(list((wild / "episodes").iterdir())), "an episode is missing or doubled"
    assert outcomes(entries.values()) == outcomes(read_index(calm / "index.jsonl").values())
    assert "infrastructure_error" not in outcomes(entries.values()).values()
    assert verify(wild) == []
    assert tick_tables(wild) == tick_tables(calm)
    assert rescue_map(wild).equals(rescue_map(calm))
    assert comparable_summary(wild) == comparable_summary(calm)
    tries = [len(read_attempts(wild, entry)) for entry in entries.values()]
    return {
        "schema_version": 2,
        "episodes": episodes,
        "outcomes": dict(Counter(outcomes(entries.values()).values())),
        "departures_mapped": rescue_map(wild).num_rows,
        "lost": 0,
        "doubled": 0,
        "tick_tables_identical": True,
        "rescue_map_identical": True,
        "summary_identical": True,
        "left_over": 0,
        "faults": dict(sorted(counts.items())),
        "episodes_tried_again": sum(count > 1 for count in tries),
        "memory_growth": watch.growth(),
        "processes_measured": {part: len(of) for part, of in watch.readings.items()},
        "both_s": round(duration_s),
        "load_1min": round(os.getloadavg()[0], 1),
    }


def require_flat(result: dict[str, Any]) -> None:
    """What the result promises about memory, which a few dozen episodes cannot show."""
    assert all(growth is not None and abs(growth) < FLAT for growth in result["memory_growth"].values()), result


def store(result: dict[str, Any]) -> None:
    """Write the result down."""
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


@pytest.mark.timeout(2 * TIMEOUT_S)
def test_a_thousand_episodes_survive_random_faults(tmp_path: Path) -> None:
    result = soak(tmp_path, EPISODES)
    store(result)
    require_flat(result)


def main() -> None:
    """Run with another number of episodes and print the result."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.soak_campaign", description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--keep", type=Path, help="folder for both campaigns; default: a temporary one")
    parser.add_argument("--store", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    if options.keep is not None:
        result = soak(options.keep, options.episodes, options.seed)
    else:
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            result = soak(Path(folder), options.episodes, options.seed)
    print(json.dumps(result, indent=2))
    if options.store:
        store(result)
        require_flat(result)


if __name__ == "__main__":
    main()
