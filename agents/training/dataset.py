"""Collected shards as arrays in memory, split by episode."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

COLUMNS = (
    "swa_label_deg",
    "swa_agent_deg",
    "speed_mps",
    "curvature_ahead_1pm",
    "sensor_level",
    "time_s",
    "brightness_dn",
    "log_sharpness",
    "departed",
)


class NoDataError(FileNotFoundError):
    """A stage needs frames that were not collected."""


@dataclass(frozen=True)
class Frames:
    """Frames of many episodes.

    Attributes:
        crops: uint8 RGB (N, 66, 200, 3), degraded as the agent saw them.
        columns: name -> (N,) float32, see `COLUMNS`.
        episode: (N,) int32, index into `specs`.
        specs: episode specs as dicts.
        data_hash: SHA-256 over the shards' file hashes, in order.
    """

    crops: npt.NDArray[np.uint8]
    columns: dict[str, npt.NDArray[np.float32]]
    episode: npt.NDArray[np.int32]
    specs: list[dict[str, Any]]
    data_hash: str

    def __len__(self) -> int:
        return len(self.crops)

    def select(self, keep: npt.NDArray[np.bool_]) -> Frames:
        """The frames where ``keep`` (N,) is True."""
        columns = {name: values[keep] for name, values in self.columns.items()}
        return Frames(self.crops[keep], columns, self.episode[keep], self.specs, self.data_hash)

    def before_departure(self) -> Frames:
        """Without the frames after a departure: there the picture no longer shows the lane to keep."""
        return self.select(self.columns["departed"] == 0.0)

    def holdout(self, share: float, seed: int) -> tuple[Frames, Frames]:
        """(fit, validation), split by whole episodes."""
        held = np.random.default_rng(seed).random(len(self.specs)) < share
        in_validation = held[self.episode]
        return self.select(~in_validation), self.select(in_validation)


def load_frames(paths: Sequence[Path]) -> Frames:
    """Read shards.

    Raises:
        NoDataError: no shard was given.
    """
    if not paths:
        raise NoDataError("no collected frames: run `python -m agents.training.build` from its first stage on")
    digest = hashlib.sha256()
    crops, episodes, specs = [], [], []
    columns: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in COLUMNS}
    for index, path in enumerate(paths):
        with np.load(path) as shard:
            crops.append(shard["crops"])
            specs.append(json.loads(str(shard["spec"])))
            for name in COLUMNS:
                columns[name].append(shard[name])
        episodes.append(np.full(len(crops[-1]), index, dtype=np.int32))
        digest.update(crops[-1].tobytes())
        digest.update(columns["swa_label_deg"][-1].tobytes())
    merged = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Frames(np.concatenate(crops), merged, np.concatenate(episodes), specs, digest.hexdigest())
