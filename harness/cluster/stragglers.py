"""Which running episodes take suspiciously long, by the pace of those that have finished."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from harness.cluster.attempt import EpisodeTask

KEPT = 200


@dataclass
class Stragglers:
    """Decides what is given out a second time once nothing is left to start.

    Attributes:
        factor: an episode is late at this multiple of the median time of finished ones.
        floor_s: and never before so many seconds: start-up and the first world take theirs.
    """

    factor: float = 3.0
    floor_s: float = 60.0
    _wall_s: list[float] = field(default_factory=list)
    _issued: set[str] = field(default_factory=set)

    def note(self, wall_s: float) -> None:
        """An episode finished after so long."""
        self._wall_s = [*self._wall_s[-KEPT:], wall_s]

    def among(
        self, running: Sequence[tuple[EpisodeTask, float]], done: Collection[str], most: int
    ) -> list[EpisodeTask]:
        """At most ``most`` late ones among (episode, seconds so far), longest first, each only once in a campaign."""
        limit_s = max(self.floor_s, self.factor * statistics.median(self._wall_s) if self._wall_s else 0.0)
        late = [
            (elapsed_s, task)
            for task, elapsed_s in running
            if elapsed_s > limit_s and task.episode_id not in done and task.episode_id not in self._issued
        ]
        chosen = [task for _, task in sorted(late, key=lambda pair: -pair[0])][:most]
        self._issued |= {task.episode_id for task in chosen}
        return chosen
