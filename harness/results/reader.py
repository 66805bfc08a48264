"""Read a campaign back, each file checked against its hash."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.modes import LOG, SHADOW
from harness.results.files import sha256_of
from harness.results.index import IndexEntry, read_index
from harness.results.offline_scores import read_offline_scores
from harness.results.store import INDEX_FILE, StoreError, read_campaign_json

NEEDED_FILES = ("spec.json", "ticks.parquet", "timings.parquet", "events.json")
MONITOR_INPUTS_FILE = "monitor_inputs.parquet"


class CorruptResultError(StoreError):
    """A stored file is missing or is not what was stored."""


def read_campaign(folder: Path) -> tuple[dict[str, Any], Iterator[EpisodeData]]:
    """Open the results of a campaign.

    Args:
        folder: the campaign's folder.

    Returns:
        What `read_described_campaign` says, and the episodes in the campaign's order (not the order in which they
        happened to finish), read one by one.

    Raises:
        StoreError: no readable campaign there.
        CorruptResultError: while iterating, a file that does not match its hash.
    """
    campaign = read_described_campaign(folder)
    return campaign, (read_episode(folder, entry) for entry in ordered_entries(folder, campaign))


def read_described_campaign(folder: Path) -> dict[str, Any]:
    """``campaign.json`` with the monitors that scored the stored runs afterwards (`offline_scores`) among the others.

    Raises:
        StoreError: no readable campaign there.
    """
    return read_offline_scores(folder).join(read_campaign_json(folder))


def ordered_entries(folder: Path, campaign: Mapping[str, Any]) -> list[IndexEntry]:
    """The finished episodes of a campaign, in the campaign's order (not that in which they happened to finish)."""
    entries = read_index(folder / INDEX_FILE)
    order = {episode_id: position for position, episode_id in enumerate(campaign.get("episode_ids", []))}
    return sorted(entries.values(), key=lambda entry: (order.get(entry.episode_id, len(order)), entry.episode_id))


def read_episode(folder: Path, entry: IndexEntry) -> EpisodeData:
    """One episode of a campaign folder, with the scores it was given afterwards, where there are any: a shadow run, or
    a log run that kept what monitors look at.

    Raises:
        OfflineScoresError: such scores are there, but not for this run.
        CorruptResultError: a file is missing or does not match its hash.
    """
    episode = read_recorded_episode(folder, entry)
    scored = episode.mode == SHADOW or (episode.mode == LOG and keeps_monitor_inputs(entry))
    if not episode.tick_count or not scored:
        return episode
    added = read_offline_scores(folder).columns(entry.episode_id, episode.column("tick"))
    return replace(episode, columns={**episode.columns, **added}) if added else episode


def read_recorded_episode(folder: Path, entry: IndexEntry) -> EpisodeData:
    """One episode as it was driven, whoever scored it afterwards.

    Raises:
        CorruptResultError: a file is missing or does not match its hash.
    """
    contents = {name: _checked(folder, entry, name) for name in NEEDED_FILES}
    return EpisodeData(
        spec=json.loads(contents["spec.json"]),
        columns=_columns(contents["ticks.parquet"]),
        events=json.loads(contents["events.json"]),
        timing_columns=_columns(contents["timings.parquet"]),
    )


def _columns(content: bytes) -> dict[str, npt.NDArray[Any]]:
    # A table of some hundred rows is read twice as fast without threads and read-ahead.
    table = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False).read(use_threads=False)
    return {name: column.to_numpy() for name, column in zip(table.column_names, table.columns, strict=True)}


def keeps_monitor_inputs(entry: IndexEntry) -> bool:
    """The episode was stored with what learned monitors look at."""
    return any(file.path.endswith(f"/{MONITOR_INPUTS_FILE}") for file in entry.files)


def read_monitor_inputs(folder: Path, entry: IndexEntry) -> pa.Table:
    """What learned monitors looked at in a shadow or log run: ``tick``, ``crop`` (`harness.simulation.monitor_inputs`).

    Raises:
        CorruptResultError: the run was stored without them, or the file does not match its hash.
    """
    return pq.read_table(io.BytesIO(_checked(folder, entry, MONITOR_INPUTS_FILE)))


def read_attempts(folder: Path, entry: IndexEntry) -> list[dict[str, Any]]:
    """How each try of an episode ended: ``attempt``, ``error`` (null when it succeeded), ``log`` (file name).

    Raises:
        CorruptResultError: the file is missing or does not match its hash.
    """
    attempts: list[dict[str, Any]] = json.loads(_checked(folder, entry, "attempts.json"))["attempts"]
    return attempts


def _checked(folder: Path, entry: IndexEntry, name: str) -> bytes:
    for file in entry.files:
        if file.path.endswith(f"/{entry.episode_id}/{name}"):
            break
    else:
        raise CorruptResultError(f"episode {entry.episode_id} was stored without {name}; run it again")
    try:
        content = (folder / file.path).read_bytes()
    except FileNotFoundError as error:
        raise CorruptResultError(f"{file.path} is missing; restore it or run the episode again") from error
    if sha256_of(content) != file.sha256:
        raise CorruptResultError(
            f"{file.path} is not what was stored (its hash differs); restore it or run the episode again"
        )
    return content
