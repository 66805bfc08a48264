"""What a report is made from: the campaign's description, its summary, one row per episode, the stored records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from harness.evaluation.episode_data import EpisodeData
from harness.results.episodes_table import EPISODES_TABLE_FILE, episode_row
from harness.results.index import IndexEntry, read_index
from harness.results.reader import read_described_campaign, read_episode
from harness.results.store import INDEX_FILE
from reports.monitor_kinds import kinds_of

SUMMARY_FILE = "summary.json"


class ReportError(RuntimeError):
    """A report cannot be built; the message says what to repair."""


@dataclass(frozen=True)
class CampaignData:
    """Inputs of the report.

    Attributes:
        folder: the campaign's folder.
        campaign: content of ``campaign.json``.
        summary: content of ``summary.json``; empty when the campaign has not been judged.
        episodes: one row per episode (columns of ``episodes.parquet``), in the campaign's order.
        entries: the index of stored episodes.
    """

    folder: Path
    campaign: Mapping[str, Any]
    summary: Mapping[str, Any]
    episodes: list[dict[str, Any]]
    entries: Mapping[str, IndexEntry]

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Monitor -> ``learned``, ``baseline`` or ``privileged``."""
        return kinds_of(self.summary, self.campaign)

    def kind(self, monitor: str) -> str:
        """Kind of one monitor; one that nothing describes is taken for a failure predictor."""
        return self.kinds.get(monitor, "learned")

    @cached_property
    def offline(self) -> frozenset[str]:
        """Monitors that were given the stored pictures afterwards and did not watch during the drives."""
        named = [*(self.campaign.get("monitors") or []), *(self.summary.get("monitors") or [])]
        return frozenset(str(m["name"]) for m in named if isinstance(m, Mapping) and m.get("scored_offline"))

    def record(self, episode_id: str) -> EpisodeData:
        """The stored record of one episode, checked against its hash."""
        return read_episode(self.folder, self.entries[episode_id])

    def clips(self, episode_id: str) -> list[Path]:
        """Clips stored with an episode, by name."""
        files = [file.path for file in self.entries[episode_id].files if file.path.endswith(".mp4")]
        return [self.folder / path for path in sorted(files) if (self.folder / path).exists()]


def load(folder: Path) -> CampaignData:
    """Read everything but the tick tables.

    Raises:
        StoreError: no readable campaign there.
        ReportError: ``summary.json`` is damaged.
    """
    campaign = read_described_campaign(folder)
    entries = read_index(folder / INDEX_FILE)
    return CampaignData(folder, campaign, _summary(folder), _episodes(folder, campaign, entries), entries)


def _summary(folder: Path) -> dict[str, Any]:
    path = folder / SUMMARY_FILE
    if not path.exists():
        return {}
    try:
        summary = json.loads(path.read_bytes())
    except ValueError as error:
        raise ReportError(f"{path} is not valid JSON ({error}): judge the campaign again") from error
    if not isinstance(summary, dict):
        raise ReportError(f"{path} holds no object: judge the campaign again")
    return summary


def _episodes(folder: Path, campaign: Mapping[str, Any], entries: Mapping[str, IndexEntry]) -> list[dict[str, Any]]:
    path = folder / EPISODES_TABLE_FILE
    if path.exists():
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    else:
        rows = [episode_row(read_episode(folder, entry)) for entry in entries.values()]
    order = {episode_id: place for place, episode_id in enumerate(campaign.get("episode_ids", []))}
    return sorted(rows, key=lambda row: (order.get(row["episode_id"], len(order)), row["episode_id"]))
