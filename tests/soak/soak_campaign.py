"""A thousand tiny episodes while everything around them is killed, stopped or damaged at random: ``make soak``.

Also ``python -m tests.soak.soak_campaign --episodes N``. Whatever number was run stands in the result.
"""

from __future__ import annotations

import argparse
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
from harness.simulation.processes import stat_of
from tests.campaign_process import (
    Campaign,
    Seen,
    comparable_summary,
    left_in,
    remains,
    start_campaign,
    tick_tables,
)
from tests.soak.random_faults import WORKER, Storm

EPISODES = 1000
FLAT = 0.05
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


@dataclass
class Watch:
    """Resident memory while a campaign runs: (episodes finished, {part: MiB})."""

    readings: list[tuple[int, dict[str, float]]] = field(default_factory=list)

    def read(self, campaign: Campaign) -> None:
        """One reading: of the driver, and of a worker's own process on average."""
        workers = [pid for pid, seen in campaign.descendants().items() if WORKER in seen.command]
        used = {"driver": _resident_mb([campaign.process.pid]), "worker": _resident_mb(workers)}
        known = {part: mb for part, mb in used.items() if mb is not None}
        self.readings.append((len(campaign.finished()), known))

    def between(self, part: str, first: int, end: int) -> list[float]:
        """Readings of a part, MiB, while ``first`` to ``end`` episodes were finished."""
        return [used[part] for done, used in self.readings if first <= done < end and part in used]


def _resident_mb(pids: Iterable[int]) -> float | None:
    """Mean over those of the processes that still run; None if none does."""
    found = [process.resident_bytes / 2**20 for process in map(stat_of, pids) if process is not None]
    return statistics.mean(found) if found else None


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
        watch.read(campaign)
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


def memory_growth(folder: Path, watch: Watch, episodes: int) -> dict[str, float]:
    """Median memory in the last quarter of the episodes over that in the second quarter, − 1.

    Server and driving process by the measurement after each episode; driver and workers by their readings. Servers
    and driving processes are replaced after some episodes, so they are also compared between the quarters of a life.
    """
    tries = [read_attempts(folder, entry)[-1] for entry in read_index(folder / "index.jsonl").values()]
    quarter, oldest = episodes // 4, max(last["driven"] for last in tries)
    growth = {}
    for part in ("server", "client"):
        used = [last["memory_mb"][part] for last in tries]
        growth[part] = statistics.median(used[-quarter:]) / statistics.median(used[quarter : 2 * quarter]) - 1.0
        young = [last["memory_mb"][part] for last in tries if oldest / 4 < last["driven"] <= oldest / 2]
        old = [last["memory_mb"][part] for last in tries if 3 * oldest / 4 < last["driven"]]
        growth[f"{part} in its life"] = statistics.median(old) / statistics.median(young) - 1.0
    for part in ("driver", "worker"):
        early = watch.between(part, quarter, 2 * quarter)
        late = watch.between(part, 3 * quarter, episodes)
        growth[part] = statistics.median(late) / statistics.median(early) - 1.0
    return {part: round(value, 4) for part, value in growth.items()}


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
        "memory_growth": memory_growth(calm, watch, episodes),
        "both_s": round(duration_s),
        "load_1min": round(os.getloadavg()[0], 1),
    }


def require_flat(result: dict[str, Any]) -> None:
    """What the result promises about memory, which a few dozen episodes cannot show."""
    assert all(abs(growth) < FLAT for growth in result["memory_growth"].values()), result


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
