"""One try at one episode, as it travels between driver and worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.cluster.pulse import Pulse
from harness.results.schema import EpisodeRecord

Blame = Literal["infrastructure", "agent"]


class EpisodeTask(Protocol):
    """What scheduling needs to know of an episode spec."""

    @property
    def episode_id(self) -> str:
        """Hash of the whole spec."""

    @property
    def duration_s(self) -> float:
        """Longest simulated duration, s."""

    def to_json(self) -> Mapping[str, Any]:
        """The resolved spec as JSON values."""


class EpisodeExecutor(Protocol):
    """How the driving process runs episodes on a server that listens. Made on the driver, used on the worker."""

    def prepare(self, pulse: Pulse, folder: Path) -> None:
        """Called once in the new process: heavy imports, while the server starts.

        Args:
            pulse: to show progress, at least once per tick.
            folder: scratch space of this worker.
        """

    def open(self, host: str, port: int) -> str:
        """Connect to a server that has just been started; called again after each restart.

        Returns:
            The version that the server reports.

        Raises:
            InfrastructureError: the server does not answer.
        """

    def run(self, task: Any) -> EpisodeRecord:
        """Run one episode.

        Raises:
            InfrastructureError: the simulator failed; nothing of this attempt counts.
        """


@dataclass(frozen=True)
class AttemptResult:
    """How one try ended.

    Attributes:
        record: the finished episode, None if the try failed.
        error: what failed, None if the episode finished.
        server_log: what the server wrote during this try, and what the worker has to say about the failure.
        server_version: as the server reports it, None if none answered.
        blame: ``agent`` where the agent never answered, else the infrastructure.
        memory_mb: resident memory after the try: ``server`` and ``client``, where they run.
        driven: episodes that this server and client have driven by now, this one among them.
    """

    record: EpisodeRecord | None
    error: str | None
    server_log: str
    server_version: str | None = None
    blame: Blame = "infrastructure"
    memory_mb: Mapping[str, float] = field(default_factory=dict)
    driven: int = 0
