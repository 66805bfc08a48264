"""What happens to each finished episode on the driver: stored the moment it arrives, counted, shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.cluster.campaign_plan import ResumeError
from harness.cluster.failed_tries import ATTEMPT_BUDGET
from harness.cluster.progress import CampaignProgress
from harness.cluster.scheduler import Observer
from harness.cluster.worker import Place
from harness.results.disk_budget import GB, DiskBudget
from harness.results.index import IndexEntry
from harness.results.schema import EpisodeRecord
from harness.results.store import CampaignStore


class EpisodeSink(Observer):
    """Stores records and remembers what the campaign's own file has to say about them.

    Attributes:
        server_version, scene_version: of the simulator that answered; None before the first record.
        lost: episodes whose tries were all used up in this run.
        drained: names of nodes that failed again and again.
    """

    def __init__(
        self,
        store: CampaignStore,
        progress: CampaignProgress,
        simulator: Mapping[str, Any],
        budget: DiskBudget | None = None,
    ) -> None:
        """Prepare for one run.

        Args:
            store: open for writing.
            progress: shown to a person.
            simulator: ``version`` and ``scene_version`` of the records that are stored already, None if none.
            budget: for what is stored; None for as much as the disk holds.
        """
        self.progress = progress
        self.server_version: str | None = simulator["version"]
        self.scene_version: int | None = simulator["scene_version"]
        self.lost = 0
        self.drained: list[str] = []
        self._store = store
        self._budget = budget
        self._warned = False

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        """Store and count.

        Raises:
            ResumeError: another simulator, or another version of its pictures, than the stored records'.
            StorageError: the disk does not take it.
        """
        self._require_same_simulator(record, server_version)
        entry = self._store.add_episode(record)
        if self._budget is not None:
            self._keep(self._budget, entry)
        lost = record.outcome == "infrastructure_error"
        self.lost += lost
        self.progress.episode_done(record.ticks.num_rows, bool(record.events.get("departures")), lost)

    def write_campaign(self, campaign: dict[str, Any]) -> None:
        """Replace the campaign's own file."""
        self._store.write_campaign(campaign)

    def failed_attempt(self, task: Any, attempt: int, error: str) -> None:
        """Say which episode failed, why, and what comes next."""
        lines = error.splitlines()
        summary = lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1].strip()}"
        then = "given up" if attempt >= ATTEMPT_BUDGET else "running it again"
        self.progress.note(
            f"episode {task.episode_id} ({task.road}, {task.condition}, {task.mode}), "
            f"try {attempt} of {ATTEMPT_BUDGET} failed, {then}: {summary[:400]}"
        )

    def node_drained(self, place: Place) -> None:
        """Name the node."""
        self.drained.append(place.host)
        self.progress.note(f"node {place.host} ({place.node_id[:8]}) failed again and again: it gets no more episodes")

    def poll(self) -> None:
        """Keep the display alive."""
        self.progress.refresh()

    def _keep(self, budget: DiskBudget, entry: IndexEntry) -> None:
        dropped = budget.added(entry)
        if dropped is not None:
            self.progress.note(
                f"disk budget: {dropped.monitor_inputs} monitor inputs and {dropped.clips} clips dropped, oldest "
                f"first ({dropped.freed_bytes / GB:.2f} GB)"
            )
        if budget.is_exceeded and not self._warned:
            self._warned = True
            self.progress.note("disk budget: the records alone are larger; they stay. Prune old campaigns")

    def _require_same_simulator(self, record: EpisodeRecord, server_version: str | None) -> None:
        simulator = record.events.get("simulator", {})
        if record.ticks.num_rows == 0 or "scene_version" not in simulator:
            return
        if self.server_version is None:
            self.server_version, self.scene_version = server_version, simulator["scene_version"]
        now = (server_version, simulator["scene_version"])
        before = (self.server_version, self.scene_version)
        if now != before:
            raise ResumeError(
                f"the stored episodes come from a simulator of version {before[0]} with pictures of version "
                f"{before[1]}, this one is version {now[0]} with pictures of version {now[1]}: figures of two "
                "simulators are never pooled. Start a new campaign, or resume with the simulator of before"
            )
