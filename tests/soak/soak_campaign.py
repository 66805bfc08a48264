"""A thousand tiny episodes while everything around them is killed, stopped or damaged at random: ``make soak``.

Also ``python -m tests.soak.soak_campaign --episodes N``. Whatever number was run stands in the result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import signal
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.results.index import read_index
from harness.results.reader import read_attempts
from harness.results.store import verify
from harness.simulation.processes import stat_of
from tests.campaign_process import (
    Campaign,
    comparable_summary,
    start_campaign,
    still_running,
    tick_tables,
)

EPISODES = 1000
FLAT = 0.05
PAUSE_S = (8.0, 20.0)  # an episode that is hit three times in a row is given up, as it should be
TIMEOUT_S = 3000.0
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
agent: expert
monitors: [random]
modes: [shadow]
keep_monitor_inputs: false
"""
STRIKES = {
    "server killed": ("-m embedded_carla", signal.SIGKILL),
    "server stopped": ("-m embedded_carla", signal.SIGSTOP),
    "driving process killed": ("harness.cluster.client_main", signal.SIGKILL),
    "worker killed": ("ray::EpisodeWorker", signal.SIGKILL),
}
ENDINGS = ("driver killed", "Ctrl-C", "driver killed", "Ctrl-C twice", "driver killed")
"""What ends the driver at 25, 37.5, 50, 62.5 and 75 % of the episodes."""


@dataclass
class Watch:
    """The driver's memory while a campaign runs: (episodes finished, MiB)."""

    readings: list[tuple[int, float]] = field(default_factory=list)

    def read(self, campaign: Campaign) -> None:
        """One reading."""
        process = stat_of(campaign.process.pid)
        if process is not None and (campaign.folder / "index.jsonl").exists():
            self.readings.append((len(campaign.finished()), process.resident_bytes / 2**20))


def start(folder: Path, episodes: int, *arguments: str) -> Campaign:
    """The campaign in a folder, started or resumed."""
    scenario = folder.parent / "soak.yaml"
    scenario.write_text(f"{SCENARIO}seeds: {episodes}\n")
    return start_campaign(folder, str(scenario), *arguments, str(folder))


def undisturbed(folder: Path, episodes: int) -> Watch:
    """The campaign with nothing in its way."""
    watch, campaign = Watch(), start(folder, episodes, "--out")
    deadline = time.monotonic() + TIMEOUT_S
    while campaign.process.poll() is None:
        assert time.monotonic() < deadline, campaign.text()
        watch.read(campaign)
        time.sleep(2.0)
    assert campaign.process.returncode == 0, campaign.text()
    return watch


def disturbed(folder: Path, episodes: int, seed: int) -> dict[str, int]:
    """The campaign through random faults to its end; how often each was injected."""
    dice, counts = random.Random(seed), dict.fromkeys((*STRIKES, *ENDINGS, "record damaged", "index torn"), 0)
    campaign = start(folder, episodes, "--out")
    started: dict[int, str] = {}
    deadline = time.monotonic() + TIMEOUT_S
    endings = [(episodes * (2 + k) // 8, kind) for k, kind in enumerate(ENDINGS)]
    next_strike = time.monotonic() + dice.uniform(*PAUSE_S)
    while campaign.process.poll() is None:
        assert time.monotonic() < deadline, campaign.text()
        time.sleep(1.0)
        started |= campaign.descendants()
        finished = len(campaign.finished()) if (folder / "index.jsonl").exists() else 0
        if endings and finished >= endings[0][0]:
            kind = endings.pop(0)[1]
            counts[kind] += 1
            campaign = ended_and_resumed(campaign, episodes, kind, dice, counts)
        elif time.monotonic() > next_strike:
            next_strike = time.monotonic() + dice.uniform(*PAUSE_S)
            kind = dice.choice(list(STRIKES))
            counts[kind] += strike(campaign, *STRIKES[kind], dice)
    while campaign.wait(TIMEOUT_S) == 3:  # hit three times in a row after all: such episodes wait for a resume
        campaign = start(folder, episodes, "--resume")
    assert campaign.process.returncode == 0, campaign.text()
    assert not remains(started)
    return counts


def strike(campaign: Campaign, word: str, number: signal.Signals, dice: random.Random) -> int:
    """Send a signal to one of the campaign's processes; 1 if there was one."""
    pids = sorted(pid for pid, command in campaign.descendants().items() if word in command)
    if not pids:
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(dice.choice(pids), number)
    return 1


def ended_and_resumed(
    campaign: Campaign, episodes: int, kind: str, dice: random.Random, counts: dict[str, int]
) -> Campaign:
    """End the driver, damage what is stored, and resume."""
    before = campaign.descendants()
    if kind == "driver killed":
        campaign.process.kill()
    for _ in range(kind.startswith("Ctrl-C") + kind.endswith("twice")):
        os.killpg(campaign.process.pid, signal.SIGINT)
    campaign.wait(120)
    assert not remains(before), kind
    entries = list(read_index(campaign.folder / "index.jsonl").values())
    victim = campaign.folder / dice.choice(entries).files[1].path
    victim.write_bytes(victim.read_bytes()[:-7])
    with (campaign.folder / "index.jsonl").open("ab") as index:
        index.write(b'{"schema_version":1,"episode')
    counts["record damaged"] += 1
    counts["index torn"] += 1
    return start(campaign.folder, episodes, "--resume")


def memory_growth(folder: Path, watch: Watch, episodes: int) -> dict[str, float]:
    """Median memory in the last quarter of the episodes over that in the second quarter, − 1.

    Server and driving process by the measurement after each episode, the driver by its readings.
    """
    entries = list(read_index(folder / "index.jsonl").values())
    quarter = len(entries) // 4
    growth = {}
    for part in ("server", "client"):
        used = [read_attempts(folder, entry)[-1]["memory_mb"][part] for entry in entries]
        growth[part] = statistics.median(used[-quarter:]) / statistics.median(used[quarter : 2 * quarter]) - 1.0
    early = [mb for done, mb in watch.readings if episodes // 4 <= done < episodes // 2]
    late = [mb for done, mb in watch.readings if 3 * episodes // 4 <= done < episodes]
    growth["driver"] = statistics.median(late) / statistics.median(early) - 1.0
    return {part: round(value, 4) for part, value in growth.items()}


def remains(started: dict[int, str]) -> list[str]:
    """What is left of processes that were seen running: themselves, and the temporary folders that they named."""
    folders = {folder for command in started.values() for folder in re.findall(r"\S*/clh-\w+", command)}
    left = still_running(started, timeout_s=60)
    return [*left.values(), *sorted(folder for folder in folders if Path(folder).exists())]


def soak(folder: Path, episodes: int, seed: int = 1) -> dict[str, Any]:
    """Both runs and what they have to have in common; the figures."""
    calm, wild = folder / "calm" / "results", folder / "wild" / "results"
    for path in (calm, wild):
        path.parent.mkdir(parents=True)
    began = time.monotonic()
    watch = undisturbed(calm, episodes)
    calm_s, began = time.monotonic() - began, time.monotonic()
    counts = disturbed(wild, episodes, seed)
    wild_s = time.monotonic() - began
    entries = read_index(wild / "index.jsonl")
    finished = [entry.episode_id for entry in entries.values() if entry.outcome == "completed"]
    assert len(finished) == episodes == len(list((wild / "episodes").iterdir())), "an episode is missing or doubled"
    assert verify(wild) == []
    assert tick_tables(wild) == tick_tables(calm)
    assert comparable_summary(wild) == comparable_summary(calm)
    tries = [len(read_attempts(wild, entry)) for entry in entries.values()]
    return {
        "schema_version": 1,
        "episodes": episodes,
        "lost": 0,
        "doubled": 0,
        "tick_tables_identical": True,
        "summary_identical": True,
        "faults": counts,
        "episodes_tried_again": sum(count > 1 for count in tries),
        "memory_growth": memory_growth(calm, watch, episodes),
        "undisturbed_s": round(calm_s),
        "disturbed_s": round(wild_s),
        "load_1min": round(os.getloadavg()[0], 1),
    }


def store(result: dict[str, Any]) -> None:
    """Write the result and check what it promises about memory."""
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    assert all(abs(growth) < FLAT for growth in result["memory_growth"].values()), result


@pytest.mark.timeout(2 * TIMEOUT_S)
def test_a_thousand_episodes_survive_random_faults(tmp_path: Path) -> None:
    store(soak(tmp_path, EPISODES))


def main() -> None:
    """Run with another number of episodes and print the result."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.soak_campaign", description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--store", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        result = soak(Path(folder), options.episodes)
    print(json.dumps(result, indent=2))
    if options.store:
        store(result)


if __name__ == "__main__":
    main()
