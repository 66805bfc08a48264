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
        reads: what it looks at, in words, for the catalogue.
    """

    name: str
    unit: str
    privileged: bool = False
    declared_latency_s: float = 0.0
    weights_path: Path | None = None
    reads: str = "nothing"

    @property
    def weights_sha256(self) -> str | None:
        """None: no weights."""
        return None

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode; nothing to forget."""


class FittedMonitor(MonitorBase):
    """A monitor that knows something fitted: a table, a few statistics, in one file.

    Args:
        path: the file; its hash goes into the episode's identity.

    Raises:
        MissingWeightsError: no such file.
    """

    def __init__(self, path: Path) -> None:
        # Only here: monitors that know nothing fitted must not cost every plan PyTorch's start-up.
        from agents.weights_io import sha256_of

        self.weights_path = path
        self._sha256 = sha256_of(path)

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the file."""
        return self._sha256
