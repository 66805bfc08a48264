"""Collected shards as arrays in memory, split by episode."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
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
    "lane_margin_m",
)


Rows = npt.NDArray[np.int64]


class NoDataError(FileNotFoundError):
    """A stage needs frames that were not collected."""


class RepeatedEpisodeError(ValueError):
    """One episode came twice: a split by episodes could put it on both sides."""


@dataclass(frozen=True)
class Frames:
    """Frames of many episodes.

    Attributes:
        crops: uint8 RGB (N, 66, 200, 3), degraded as the agent saw them.
        columns: name -> (N,) float32, see `COLUMNS`.
        episode: (N,) int32, index into `specs`.
        specs: episode specs as dicts.
        data_hash: SHA-256 over crops and labels of the shards, in order.
        scene_version: of the pictures; None where a shard does not say it or two differ.
    """

    crops: npt.NDArray[np.uint8]
    columns: dict[str, npt.NDArray[np.float32]]
    episode: npt.NDArray[np.int32]
    specs: list[dict[str, Any]]
    data_hash: str
    scene_version: int | None = None

    def __len__(self) -> int:
        return len(self.crops)

    @property
    def before_departure(self) -> npt.NDArray[np.bool_]:
        """(N,) False after a departure: there the picture no longer shows the lane to keep."""
        return self.columns["departed"] == 0.0

    def holdout(self, usable: npt.NDArray[np.bool_], share: float, seed: int) -> tuple[Rows, Rows]:
        """(rows to fit on, rows to validate on), split by whole episodes; rows, because the crops fill gigabytes.

        Args:
            usable: (N,) rows that take part. share: of the episodes to hold out, at least one. seed: of the draw.

        Raises:
            NoDataError: a side would be empty.
        """
        draws = np.random.default_rng(seed).random(len(self.specs))
        held = draws < max(share, float(draws.min(initial=1.0)) + 1e-12)
        in_validation = held[self.episode]
        rows = np.flatnonzero(usable & ~in_validation), np.flatnonzero(usable & in_validation)
        if not all(map(len, rows)):
            raise NoDataError(
                f"{len(self)} frames of {len(self.specs)} episodes cannot be split: collect more episodes"
            )
        return rows


def load_frames(paths: Sequence[Path]) -> Frames:
    """Read shards.

    Raises:
        NoDataError: no shard was given, or one was collected before there were all columns.
        RepeatedEpisodeError: two shards are of one episode.
    """
    if not paths:
        raise NoDataError("no collected frames: run `python -m agents.training.build` from its first stage on")
    digest = hashlib.sha256()
    specs: list[dict[str, Any]] = []
    versions: set[int | None] = set()
    columns: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in COLUMNS}
    for path in paths:
        with np.load(path) as shard:
            specs.append(json.loads(str(shard["spec"])))
            # Shards of earlier collections do not name their simulator.
            said = json.loads(str(shard["simulator"])) if "simulator" in shard else {}
            versions.add(said.get("scene_version"))
            missing = [name for name in COLUMNS if name not in shard]
            if missing:
                raise NoDataError(f"{path} was collected without {', '.join(missing)}: delete it and collect it again")
            for name in COLUMNS:
                columns[name].append(shard[name])
    _require_different(specs, paths)
    counts = [len(part) for part in columns["swa_label_deg"]]
    crops: npt.NDArray[np.uint8] | None = None
    # Filled in place: joining a list of parts would need the memory twice.
    for path, start, label in zip(paths, np.cumsum([0, *counts[:-1]]), columns["swa_label_deg"], strict=True):
        with np.load(path) as shard:
            part = shard["crops"]
        if crops is None:
            crops = np.empty((sum(counts), *part.shape[1:]), dtype=np.uint8)
        crops[start : start + len(part)] = part
        digest.update(part.tobytes())
        digest.update(label.tobytes())
    assert crops is not None
    merged = {name: np.concatenate(parts) for name, parts in columns.items()}
    episode = np.repeat(np.arange(len(paths), dtype=np.int32), counts)
    scene_version = versions.pop() if len(versions) == 1 else None
    return Frames(crops, merged, episode, specs, digest.hexdigest(), scene_version)


def _require_different(specs: Sequence[Mapping[str, Any]], paths: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for spec, path in zip(specs, paths, strict=True):
        earlier = seen.setdefault(str(spec["episode_id"]), path)
        if earlier is not path:
            raise RepeatedEpisodeError(
                f"{earlier} and {path} are both episode {spec['episode_id']}: give each episode once, or frames that a "
                "network was fitted on would validate it"
            )
