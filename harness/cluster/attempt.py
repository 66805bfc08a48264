"""One try at one episode, as it travels between driver and worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.results.schema import EpisodeRecord


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
    """How a worker runs episodes on a server that listens. Made on the driver, opened on the worker."""

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

    def close(self) -> None:
        """Drop the connection; must work when the server is dead."""


@dataclass(frozen=True)
class AttemptResult:
    """How one try ended.

    Attributes:
        record: the finished episode, None if the infrastructure failed.
        error: what failed, None if the episode finished.
        server_log: what the server wrote during this try, and what the worker has to say about the failure.
        server_version: as the server reports it, None if none answered.
    """

    record: EpisodeRecord | None
    error: str | None
    server_log: str
    server_version: str | None = None
