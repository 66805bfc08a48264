"""What every monitor has in common, so that a monitor's own file holds only its idea."""

from __future__ import annotations

from pathlib import Path

from agents.protocol import EpisodeContext


class MonitorBase:
    """Defaults: no weights, no memory, not privileged, an answer within the tick.

    Attributes:
        name: column name in tables, ``[a-z0-9_]+``.
        unit: of the raw score.
        privileged: uses ground truth that no car has.
        declared_latency_s: an alarm takes effect this long after its frame, rounded up to ticks.
        weights_path: file of the weights; None: no weights.
    """

    name: str
    unit: str
    privileged: bool = False
    declared_latency_s: float = 0.0
    weights_path: Path | None = None

    @property
    def weights_sha256(self) -> str | None:
        """None: no weights."""
        return None

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode; nothing to forget."""
