"""Map the departures of a campaign on its workers, and keep ``rescue.parquet`` up to date while that goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.campaign.episode_spec import TakeoverSpec
from harness.cluster.progress import CampaignProgress
from harness.cluster.rescue_tasks import (
    CHECK_SHARE,
    GRID_SHARE,
    RescueTask,
    departures_to_map,
    map_id,
    rescue_task,
    sampled,
)
from harness.cluster.scheduler import Observer
from harness.evaluation.rescue_table import RescueRow, read_rescue_table, write_rescue_table
from harness.results.index import IndexEntry
from harness.results.schema import EpisodeRecord

STORE_EVERY_S = 5.0
LOST = "lost to the infrastructure"


def open_departures(
    folder: Path, entries: Mapping[str, IndexEntry], takeover: TakeoverSpec
) -> tuple[list[RescueTask], list[RescueRow]]:
    """What is still to be mapped, and the rows that hold already.

    Args:
        folder: of the campaign. entries: its finished episodes.
        takeover: settings of the takeover driver.

    Raises:
        RescueTableError: the map that is there cannot be read.
        CorruptResultError: a record does not match its hash.
    """
    wanted = departures_to_map(folder, entries)
    identity = map_id(takeover)
    grids, checks = sampled(wanted, GRID_SHARE, "rescue_grid"), sampled(wanted, CHECK_SHARE, "rescue_check")
    rows = {
        row.episode_id: row
        for row in read_rescue_table(folder)
        if row.map_id == identity
        and not row.reason.startswith(LOST)
        and _has_what_is_due(row, row.episode_id in grids, row.episode_id in checks)
    }
    tasks = [
        rescue_task(folder, entries[key], takeover, key in grids, key in checks) for key in wanted if key not in rows
    ]
    return tasks, [rows[key] for key in wanted if key in rows]


def _has_what_is_due(row: RescueRow, with_grid: bool, with_check: bool) -> bool:
    """False where the samples fell otherwise when the row was made: episodes were missing then. Whether they were
    must not show in the figures, so such a departure is mapped again."""
    return not row.known or (bool(row.grid_ticks) == with_grid and (row.check_tick is not None) == with_check)


class RescueSink(Observer):
    """Stores rows as they come, and shows progress.

    Args:
        folder: of the campaign. tasks: that will run. rows: that hold already.
    """

    def __init__(self, folder: Path, tasks: Sequence[RescueTask], rows: Iterable[RescueRow]) -> None:
        self._folder = folder
        self._rows = {row.episode_id: row for row in rows}
        self._tasks = {task.episode_id: task for task in tasks}
        self._stored_at = time.monotonic()
        self.progress = CampaignProgress(
            len(self._rows) + len(tasks), len(self._rows), what="departures for the rescue map"
        )

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        """Keep a row; one that was lost says so and is tried again when the campaign is resumed."""
        task = self._tasks[record.episode_id]
        found: dict[str, Any] | None = record.events.get("rescue")
        lost = found is None
        row = RescueRow(**found) if found is not None else _lost(task, str(record.events.get("message")))
        self._rows[row.episode_id] = row
        self.progress.episode_done(0, not lost, lost)
        if time.monotonic() - self._stored_at > STORE_EVERY_S:
            self.store()

    def failed_attempt(self, task: Any, attempt: int, error: str) -> None:
        """Say what failed."""
        self.progress.note(f"rescue map of {task.episode_id}, try {attempt} failed: {error.splitlines()[0][:400]}")

    @property
    def lost(self) -> int:
        """Departures about which nothing is known because their tries were used up."""
        return sum(row.reason.startswith(LOST) for row in self._rows.values())

    def poll(self) -> None:
        """Keep the display alive."""
        self.progress.refresh()

    def store(self) -> Path:
        """Write ``rescue.parquet`` with what is known by now, in the order of the episodes' ids."""
        self._stored_at = time.monotonic()
        return write_rescue_table(self._folder, [self._rows[key] for key in sorted(self._rows)])


def _lost(task: RescueTask, message: str) -> RescueRow:
    return RescueRow(
        episode_id=task.episode_id,
        map_id=map_id(task.takeover),
        reason=f"{LOST}: {message}",
        tick_s=task.run.spec.tick_s,
        onset_tick=task.run.onset_tick,
    )
