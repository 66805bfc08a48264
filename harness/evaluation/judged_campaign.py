"""A stored campaign judged episode by episode, on as many processes as there are cores.

Judging reads every tick and needs no other episode, so it is split; what comes back is small. The order of the results
is the campaign's, whatever finished first.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from harness.evaluation.judged_episode import JudgedEpisode, judge_episode
from harness.evaluation.monitor_tables import WatchedMonitors
from harness.evaluation.rescue_table import RESCUE_FILE
from harness.evaluation.summary import watched_monitors
from harness.results.index import IndexEntry
from harness.results.reader import ordered_entries, read_episode

# Starting a process takes as long as judging this many episodes.
EPISODES_PER_PROCESS = 200
BATCH = 25


def judge_campaign(folder: Path, campaign: Mapping[str, Any], processes: int | None = None) -> list[JudgedEpisode]:
    """Judge every finished episode of a campaign's folder, in the campaign's order.

    Args:
        folder, campaign: the folder and its ``campaign.json``.
        processes: how many to use; by default what the machine has, fewer for a small campaign.

    Raises:
        CorruptResultError: a file does not match its hash.
        EpisodeDataError: a record lacks what its evaluation needs.
    """
    entries = ordered_entries(folder, campaign)
    judge = partial(_judge_batch, folder, watched_monitors(campaign), (folder / RESCUE_FILE).exists())
    batches = [entries[first : first + BATCH] for first in range(0, len(entries), BATCH)]
    cores = processes or min(len(os.sched_getaffinity(0)), 1 + len(entries) // EPISODES_PER_PROCESS)
    if cores == 1:
        return [judged for batch in batches for judged in judge(batch)]
    # Spawned, not forked: a fork of a process with threads (BLAS, Arrow, Ray) can hang.
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
        return [judged for batch in pool.map(judge, batches) for judged in batch]


def _judge_batch(
    folder: Path, monitors: WatchedMonitors, for_rescue: bool, entries: Sequence[IndexEntry]
) -> list[JudgedEpisode]:
    return [judge_episode(read_episode(folder, entry), monitors, for_rescue) for entry in entries]
