"""`python -m benchmarks.cluster`: what the harness itself costs around the driving.

Expanding a large plan, the resume scan of a long campaign, scheduling and storing of episodes that do nothing, two
workers against one, and the time from the command to the first tick. Times of one process are its processor time too,
which a busy machine does not change.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from benchmarks.clocks import Watch
from benchmarks.cluster_scaling import scaling
from benchmarks.cluster_scheduling import scheduling, storing
from benchmarks.first_tick import first_tick
from harness.cluster.campaign_plan import plan_campaign
from harness.results.index import IndexEntry, StoredFile
from harness.results.store import CampaignStore
from harness.simulation.server import REPOSITORY

FILES_PER_EPISODE = 6


def expansion(episodes: int) -> dict[str, Any]:
    """Planning a campaign of many episodes, in a process of its own: seconds and peak memory."""
    code = (
        "import sys, time, resource; from pathlib import Path\n"
        "from harness.cluster.campaign_plan import plan_campaign\n"
        "wall, cpu = time.perf_counter(), time.process_time(); plan = plan_campaign(Path(sys.argv[1]))\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(len(plan.episodes), time.perf_counter() - wall, time.process_time() - cpu, peak / 1024)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.yaml"
        path.write_text(yaml.safe_dump(_large_scenario(episodes)))
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
    count, wall_s, cpu_s, peak_mib = done.stdout.split()
    times = {"wall_s": round(float(wall_s), 2), "cpu_s": round(float(cpu_s), 2)}
    return {"episodes": int(count), **times, "peak_mib": round(float(peak_mib), 1)}


def resume_scan(episodes: int) -> dict[str, Any]:
    """Seconds to open a campaign of finished episodes and to know what is left; presence and size of files checked."""
    with tempfile.TemporaryDirectory() as folder:
        with CampaignStore.create(Path(folder) / "campaign") as store:
            store.write_campaign({})
        lines = []
        for number in range(episodes):
            name = f"{number:016x}"
            (store.folder / "episodes" / name).mkdir()
            files = []
            for part in range(FILES_PER_EPISODE):
                (store.folder / f"episodes/{name}/{part}").write_bytes(b"x")
                files.append(StoredFile(f"episodes/{name}/{part}", 1, "0" * 64))
            lines.append(IndexEntry(name, "completed", tuple(files)).line())
        (store.folder / "index.jsonl").write_bytes(b"".join(lines))
        watch = Watch()
        with CampaignStore.open(store.folder) as again:
            problems, finished = again.drop_damaged(), again.finished()
        times = watch.times()
    assert not problems and len(finished) == episodes
    return {"episodes": episodes, "files": episodes * FILES_PER_EPISODE, **times}


def own_start_up(episodes: int) -> dict[str, Any]:
    """Seconds of planning and making the store for a campaign, without Ray: our share of the time to the first tick."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campaign.yaml"
        path.write_text(yaml.safe_dump(_large_scenario(episodes)))
        watch = Watch()
        plan = plan_campaign(path)
        with CampaignStore.create(Path(folder) / "out") as store:
            store.write_campaign({"episode_ids": [episode.episode_id for episode in plan.episodes]})
        return {"episodes": len(plan.episodes), **watch.times()}


def _large_scenario(episodes: int) -> dict[str, Any]:
    """Ten roads × ten conditions × shadow, and as many seeds as it takes."""
    severities = [4, 8, 12, 16, 20, 24, 28, 32, 36, 40]
    effect = {"effect": "blur", "sweep": {"width_px": severities}, "onset_s": {"uniform": [1, 4]}}
    return {
        "campaign": "large",
        "roads": [
            {"kind": "curves", "name": f"r{radius}", "segments": [{"radius_m": radius, "angle_deg": 60}]}
            for radius in range(40, 140, 10)
        ],
        "conditions": [{"name": "blur", "effects": [effect]}],
        "seeds": max(1, episodes // 100),
        "agent": "expert",
        "monitors": ["random"],
        "modes": ["shadow"],
    }  # fmt: skip


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=10_000, help="idle episodes scheduled (default 10000)")
    parser.add_argument("--slots", type=int, default=64, help="workers that do nothing (default 64)")
    parser.add_argument("--planned", type=int, default=100_000, help="episodes of the large plan (default 100000)")
    parser.add_argument("--workers", type=int, default=2, help="workers of the campaign to its first tick (default 2)")
    parser.add_argument("--driven", type=int, default=16, help="episodes per worker of the scaling (default 16)")
    parser.add_argument("--rounds", type=int, default=2, help="runs with one and with two workers each (default 2)")
    parser.add_argument("--json", type=Path, help="also write the result to this file, beside what it holds already")
    figures: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
        "own_start_up": lambda _options: own_start_up(1000),
        "resume_scan": lambda _options: resume_scan(10_000),
        "expansion": lambda options: expansion(options.planned),
        "storing": lambda _options: storing(1000),
        "scheduling": lambda options: scheduling(options.episodes, options.slots),
        "first_tick": lambda options: first_tick(1000, options.workers),
        "scaling": lambda options: scaling(options.driven, options.rounds),
    }
    parser.add_argument("--only", choices=figures, action="append", help="measure this alone; may be repeated")
    options = parser.parse_args()
    known = json.loads(options.json.read_text()) if options.json is not None and options.json.exists() else {}
    result: dict[str, Any] = {**known, "schema_version": 1, "benchmark": "cluster"}
    for name in options.only or figures:
        load_1min = round(os.getloadavg()[0], 1)
        result[name] = {**figures[name](options), "cores": os.cpu_count(), "load_1min_before": load_1min}
        print(f"{name}: {json.dumps(result[name])}", flush=True)
        if options.json is not None:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
