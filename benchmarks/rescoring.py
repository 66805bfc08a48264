"""`python -m benchmarks.rescoring RESULTS`: seconds to derive every figure of 10,000 stored episodes again.

A finished campaign is copied until it holds 10,000 episodes: specs with other ids, every other file a link to the
original, so each episode is read, checked against its hashes and judged; its rescue map, where it has one, is copied as
often. Writes `benchmarks/results/rescoring.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.evaluation.recompute import recompute
from harness.evaluation.rescue_table import read_rescue_table, write_rescue_table
from harness.results.files import sha256_of
from harness.results.index import IndexEntry, StoredFile, read_index
from harness.results.store import INDEX_FILE, read_campaign_json

RESULT = Path(__file__).parent / "results" / "rescoring.json"
EPISODES = 10_000
IDENTITIES = ("episode_id", "pair_id", "world_id")


def multiplied(source: Path, target: Path, episodes: int) -> int:
    """Write whole copies of ``source`` to ``target`` until they hold ``episodes`` episodes; returns how many."""
    entries = list(read_index(source / INDEX_FILE).values())
    copies = -(-episodes // len(entries))
    lines, order = [], []
    mapped = read_rescue_table(source)
    rows = [replace(row, episode_id=f"{row.episode_id}{copy:02x}") for copy in range(copies) for row in mapped]
    if rows:
        write_rescue_table(target, rows)
    for copy in range(copies):
        for entry in entries:
            made = _copy(source, target, entry, f"{copy:02x}")
            lines.append(made.line())
            order.append(made.episode_id)
    campaign = {**read_campaign_json(source), "episode_ids": order}
    (target / "campaign.json").write_text(json.dumps(campaign))
    (target / INDEX_FILE).write_bytes(b"".join(lines))
    return len(lines)


def _copy(source: Path, target: Path, entry: IndexEntry, mark: str) -> IndexEntry:
    episode_id = f"{entry.episode_id}{mark}"
    folder = target / "episodes" / episode_id
    folder.mkdir(parents=True)
    files = []
    for file in entry.files:
        path = f"episodes/{episode_id}/{Path(file.path).name}"
        if path.endswith("/spec.json"):
            spec = json.loads((source / file.path).read_bytes())
            content = json.dumps({**spec, **{name: f"{spec[name]}{mark}" for name in IDENTITIES}}).encode()
            (target / path).write_bytes(content)
            files.append(StoredFile(path, len(content), sha256_of(content)))
        else:
            os.link(source / file.path, target / path)
            files.append(StoredFile(path, file.size_bytes, file.sha256))
    return IndexEntry(episode_id, entry.outcome, tuple(files))


def measure(source: Path, episodes: int, processes: int) -> dict[str, Any]:
    """Wall-clock and processor seconds of one recomputation on ``processes`` processes."""
    with tempfile.TemporaryDirectory(dir=source.parent, prefix=".rescoring-") as folder:
        made = multiplied(source, Path(folder), episodes)
        started, before = time.perf_counter(), _processor_s()
        recompute(Path(folder), processes)
        wall_s = time.perf_counter() - started
        mapped = len(read_rescue_table(Path(folder)))
    return {
        "schema_version": 1,
        "episodes": made,
        "mapped_departures": mapped,
        "processes": processes,
        "wall_s": wall_s,
        "processor_s": _processor_s() - before,
        "load_average_at_end": os.getloadavg()[0],
    }


def _processor_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rescoring", description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="folder of a finished campaign")
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    result = measure(options.results, options.episodes, options.processes)
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{result['episodes']} episodes in {result['wall_s']:.1f} s ({result['processor_s']:.1f} s of processor)")


if __name__ == "__main__":
    main()
