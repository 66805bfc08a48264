"""Where the time of a tick goes: wall-clock shares over all recorded ticks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.evaluation.episode_data import EpisodeData

MONITORS = "monitors"
_MONITOR_PREFIX = "monitor_ms__"


@dataclass
class TimingSums:
    """Sums of the timings table over episodes, ms."""

    ticks: int = 0
    parts_ms: dict[str, float] = field(default_factory=dict)

    def add(self, episode: EpisodeData) -> None:
        """Add one episode; nothing where it has no timings."""
        if episode.timing_columns is None:
            return
        self.ticks += episode.tick_count
        for column, values in episode.timing_columns.items():
            if column == "tick":
                continue
            part = MONITORS if column.startswith(_MONITOR_PREFIX) else column.removesuffix("_ms")
            self.parts_ms[part] = self.parts_ms.get(part, 0.0) + float(values.sum(dtype=np.float64))

    def merge(self, other: TimingSums) -> None:
        """Add the sums of other episodes."""
        self.ticks += other.ticks
        for part, total_ms in other.parts_ms.items():
            self.parts_ms[part] = self.parts_ms.get(part, 0.0) + total_ms

    def figures(self) -> dict[str, Any] | None:
        """Ticks per second of one worker, ms and share of each part; None without timings."""
        total_ms = sum(self.parts_ms.values())
        if self.ticks == 0 or total_ms <= 0.0:
            return None
        return {
            "ticks": self.ticks,
            "ticks_per_s": 1000.0 * self.ticks / total_ms,
            "ms_per_tick": {part: ms / self.ticks for part, ms in sorted(self.parts_ms.items())},
            "share": {part: ms / total_ms for part, ms in sorted(self.parts_ms.items())},
        }
