"""Drive one stored episode again, into a folder of its own, and tell whether it came out the same to the last bit.

``python -m harness.cluster.drive_again CAMPAIGN EPISODE --out NEW``: the episode's own ``spec.json`` decides all of it,
so neither the scenario file nor Ray is needed. Exit codes: 0 the same, 1 different, 2 it cannot be driven with what is
installed now, 3 the simulator failed.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from agents.errors import UnknownNameError, WeightsError
from harness.campaign.episode_spec import EpisodeSpec
from harness.cluster.driving import DrivingExecutor, WeightsChangedError
from harness.cluster.pulse import Pulse
from harness.results.episodes_table import write_episodes_table
from harness.results.index import IndexEntry, read_index
from harness.results.provenance import utc_now
from harness.results.reader import read_campaign, read_episode
from harness.results.store import INDEX_FILE, CampaignStore, StoreError, read_campaign_json
from harness.simulation.errors import InfrastructureError
from harness.simulation.launch import LaunchError
from harness.simulation.server import SimulatorServer
from harness.simulation.simulator import SimulatorNameError, parse_simulator

EXIT_SAME, EXIT_DIFFERENT, EXIT_REFUSED, EXIT_INFRASTRUCTURE = 0, 1, 2, 3
TICKS_FILE = "ticks.parquet"
INPUTS_FILE = "monitor_inputs.parquet"


@dataclass(frozen=True)
class DrivenAgain:
    """Outcome of a repetition.

    Attributes:
        folder: new campaign folder with this one episode.
        is_same: its tick table has the same bytes as the stored one.
        difference: where the two part first, in words; empty if they do not.
    """

    folder: Path
    is_same: bool
    difference: str = ""


def drive_again(campaign_folder: Path, episode_id: str, out: Path, simulator: str | None = None) -> DrivenAgain:
    """Drive a stored episode again.

    Args:
        campaign_folder: with the stored episode; only read. episode_id: its id, or the start of it.
        out: new folder. simulator: as for ``run_campaign.py --simulator``; default: what the campaign ran on.

    Raises:
        StoreError: no such campaign or episode, or ``out`` holds a campaign already.
        UnknownNameError, WeightsError, WeightsChangedError: agent or monitors are not the ones of that time.
        SimulatorNameError, LaunchError, InfrastructureError: the simulator.
    """
    campaign = read_campaign_json(campaign_folder)
    entry = _entry(campaign_folder, episode_id)
    try:
        spec = EpisodeSpec.from_json(dict(read_episode(campaign_folder, entry).spec))
    except ValidationError as error:
        raise StoreError(f"{campaign_folder}: episode {entry.episode_id} is of another version: {error}") from error
    kind = parse_simulator(simulator or str((campaign.get("spec") or {}).get("simulator") or "embedded"))
    executor = DrivingExecutor(
        thresholds=campaign.get("thresholds") or {"monitors": {}},
        keep_monitor_inputs=any(file.path.endswith(f"/{INPUTS_FILE}") for file in entry.files),
    )
    with (
        CampaignStore.create(out) as store,
        tempfile.TemporaryDirectory(prefix="drive-again-") as scratch,
        SimulatorServer(kind, log_dir=Path(scratch)) as server,
    ):
        executor.prepare(Pulse(), Path(scratch))
        executor.open(server.host, server.port)
        with contextlib.closing(executor):
            record = executor.run(spec)
        store.write_campaign({**campaign, **_only(entry.episode_id, campaign_folder)})
        again = store.add_episode(record)
    write_episodes_table(out, read_campaign(out)[1])
    difference = first_difference(_ticks(campaign_folder, entry), _ticks(out, again))
    return DrivenAgain(out, not difference, difference)


def first_difference(stored: bytes, again: bytes) -> str:
    """Where two tick tables part, in words; empty if their bytes are equal."""
    if stored == again:
        return ""
    first, second = (pq.read_table(pa.BufferReader(content)) for content in (stored, again))
    if first.column_names != second.column_names:
        odd = sorted(set(first.column_names) ^ set(second.column_names))
        return f"other columns: {', '.join(odd) or 'in another order'}"
    shared = min(first.num_rows, second.num_rows)
    firsts: list[tuple[int, str]] = []
    for name in first.column_names:
        a, b = (table[name].to_numpy()[:shared] for table in (first, second))
        unequal = np.flatnonzero((a != b) & ~((a != a) & (b != b)))  # two NaN are equal here
        if unequal.size:
            firsts.append((int(unequal[0]), name))
    if firsts:
        tick, _ = min(firsts)
        names = [name for at, name in firsts if at == tick]
        return f"first at tick {tick}, in {', '.join(names)}"
    if first.num_rows != second.num_rows:
        return f"{second.num_rows} ticks instead of {first.num_rows}, equal as far as both go"
    return "equal values, stored in other bytes (another version of the file format's library)"


def _entry(folder: Path, episode_id: str) -> IndexEntry:
    found = [
        entry for key, entry in read_index(folder / INDEX_FILE).items() if episode_id and key.startswith(episode_id)
    ]
    if len(found) != 1:
        what = "no episode" if not found else f"{len(found)} episodes"
        raise StoreError(f"{folder} has {what} whose id starts with {episode_id!r}; episodes.parquet lists them")
    return found[0]


def _only(episode_id: str, source: Path) -> dict[str, object]:
    return {
        "created_at": utc_now(),
        "status": "complete",
        "episode_ids": [episode_id],
        "description": f"Episode {episode_id} of {source.name}, driven again.",
        "runs": [],
    }


def _ticks(folder: Path, entry: IndexEntry) -> bytes:
    return next((folder / file.path).read_bytes() for file in entry.files if file.path.endswith(f"/{TICKS_FILE}"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.cluster.drive_again", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("campaign", metavar="CAMPAIGN", type=Path, help="results folder of the campaign; only read")
    parser.add_argument("episode", metavar="EPISODE", help="id of the episode, or the start of it")
    parser.add_argument("--out", metavar="NEW", type=Path, required=True, help="new folder for the repetition")
    parser.add_argument("--simulator", metavar="WHICH", help="default: what the campaign ran on")
    options = parser.parse_args(arguments)
    try:
        result = drive_again(options.campaign, options.episode, options.out, options.simulator)
    except (LaunchError, SimulatorNameError, StoreError, UnknownNameError, WeightsChangedError, WeightsError) as error:
        print(f"drive_again: {error}", file=sys.stderr)
        return EXIT_REFUSED
    except (InfrastructureError, OSError) as error:
        print(f"drive_again: {error}", file=sys.stderr)
        return EXIT_INFRASTRUCTURE
    word = "the tick table is byte-identical" if result.is_same else f"DIFFERENT: {result.difference}"
    print(f"{word}\nrecord: {result.folder}\nits page with the player: python -m reports {result.folder}")
    return EXIT_SAME if result.is_same else EXIT_DIFFERENT


if __name__ == "__main__":
    sys.exit(main())
