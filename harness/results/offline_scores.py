"""Scores given to stored shadow runs afterwards, beside the campaign: what was recorded stays as it was.

``offline_scores/<episode id>.parquet``: ``tick`` and the monitor columns of the tick table (docs/architecture.md §5);
``offline_scores/index.json``: who scored (with weights by hash), the operating points that hold for exactly these
weights, and the hash of every file. A monitor counts once it has scored every shadow run: then `publish` names it, and
readers join its columns to the ticks as if it had watched.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from harness.results.files import json_bytes, parquet_bytes, replace_atomically, sha256_of
from harness.results.schema import MONITOR_PREFIXES
from harness.results.store import StoreError

SCHEMA_VERSION = 1
FOLDER = "offline_scores"
INDEX = "index.json"

Columns = dict[str, npt.NDArray[Any]]


class OfflineScoresError(StoreError):
    """Scores given afterwards are incomplete, damaged or of other runs."""


@dataclass
class OfflineScores:
    """The scores of one campaign.

    Attributes:
        folder: of the campaign.
        monitors: name -> ``unit privileged declared_latency_s weights_sha256 trained_on``, published ones only.
        thresholds: name -> its entry of ``thresholds.json``; absent where the weights were never calibrated.
        episodes: episode -> ``{"sha256": of its file, "scored": {monitor: `scored_with`}}``.
    """

    folder: Path
    monitors: dict[str, dict[str, Any]] = field(default_factory=dict)
    thresholds: dict[str, Any] = field(default_factory=dict)
    episodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> OfflineScores:
        """What is there; empty without any.

        Raises:
            OfflineScoresError: the index is damaged or of another version.
        """
        path = folder / FOLDER / INDEX
        if not path.exists():
            return cls(folder)
        try:
            value = json.loads(path.read_bytes())
            if value["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"schema {value['schema_version']}, this program reads {SCHEMA_VERSION}")
            return cls(folder, value["monitors"], value["thresholds"], value["episodes"])
        except (ValueError, KeyError, TypeError) as error:
            raise OfflineScoresError(f"{path}: {error}; delete the folder and score again") from error

    def scored(self, episode_id: str, monitor: str) -> str | None:
        """With which weights a monitor scored an episode (`scored_with`); None: it has not."""
        known: str | None = self.episodes.get(episode_id, {}).get("scored", {}).get(monitor)
        return known

    def add(self, episode_id: str, tick: npt.NDArray[Any], columns: Mapping[str, Mapping[str, Any]]) -> None:
        """Store what monitors said of an episode, beside what others said before.

        Args:
            tick: (N,). columns: monitor -> ``{"scored_with": see `scored_with`, column name: (N,) values}``.
        """
        known = self._stored(episode_id)
        for monitor, values in columns.items():
            for prefix in MONITOR_PREFIXES:
                known.pop(prefix + monitor, None)
            known |= {
                name: np.asarray(v, np.float32) for name, v in values.items() if name.startswith(MONITOR_PREFIXES)
            }
        table = pa.table({"tick": pa.array(tick, type=pa.int32()), **{name: pa.array(v) for name, v in known.items()}})
        content = parquet_bytes(table, SCHEMA_VERSION)
        path = self._path(episode_id)
        path.parent.mkdir(exist_ok=True)
        replace_atomically(path, content)
        before = self.episodes.get(episode_id, {}).get("scored", {})
        hashes = {monitor: values["scored_with"] for monitor, values in columns.items()}
        self.episodes[episode_id] = {"sha256": sha256_of(content), "scored": {**before, **hashes}}

    def save(self) -> None:
        """Write the index."""
        value = {
            "schema_version": SCHEMA_VERSION,
            "monitors": self.monitors,
            "thresholds": self.thresholds,
            "episodes": self.episodes,
        }
        (self.folder / FOLDER).mkdir(exist_ok=True)
        replace_atomically(self.folder / FOLDER / INDEX, json_bytes(value))

    def columns(self, episode_id: str, tick: npt.NDArray[Any]) -> Columns:
        """Columns of the published monitors for one shadow run with ticks.

        Raises:
            OfflineScoresError: this run was not scored by all of them, or the file is not what was stored.
        """
        if not self.monitors:
            return {}
        missing = [
            name
            for name, seen in self.monitors.items()
            if self.scored(episode_id, name) != scored_with(seen["weights_sha256"])
        ]
        if missing:
            raise OfflineScoresError(
                f"{self.folder}: episode {episode_id} has no offline scores of {', '.join(missing)}; run "
                f"`python -m agents.training.score_monitors {self.folder}` again, or delete its {FOLDER}/"
            )
        stored = self._stored(episode_id)
        if not np.array_equal(stored.pop("tick"), tick):
            raise OfflineScoresError(f"{self._path(episode_id)} holds other ticks than its episode; score it again")
        wanted = {prefix + name for name in self.monitors for prefix in MONITOR_PREFIXES}
        return {name: values for name, values in stored.items() if name in wanted}

    def join(self, campaign: Mapping[str, Any]) -> dict[str, Any]:
        """``campaign.json`` as if the published monitors had watched, each marked ``scored_offline``."""
        if not self.monitors:
            return dict(campaign)
        described = [{"name": name, **seen, "scored_offline": True} for name, seen in self.monitors.items()]
        before = campaign.get("thresholds") or {}
        fitted = {**(before.get("monitors") or {}), **self.thresholds}
        return {
            **campaign,
            "monitors": [*(campaign.get("monitors") or []), *described],
            "thresholds": {**before, "monitors": fitted},
        }

    def _stored(self, episode_id: str) -> Columns:
        known = self.episodes.get(episode_id)
        if known is None:
            return {}
        path = self._path(episode_id)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise OfflineScoresError(f"{path} is missing; delete {FOLDER}/ and score again") from error
        if sha256_of(content) != known["sha256"]:
            raise OfflineScoresError(
                f"{path} is not what was stored (its hash differs); delete {FOLDER}/ and score again"
            )
        table = pq.read_table(io.BytesIO(content))
        return {name: column.to_numpy() for name, column in zip(table.column_names, table.columns, strict=True)}

    def _path(self, episode_id: str) -> Path:
        return self.folder / FOLDER / f"{episode_id}.parquet"


def read_offline_scores(folder: Path) -> OfflineScores:
    """The scores of a campaign folder, read again only when its index has changed."""
    try:
        changed_ns = (folder / FOLDER / INDEX).stat().st_mtime_ns
    except FileNotFoundError:
        return OfflineScores(folder)
    return _read(folder, changed_ns)


@lru_cache(maxsize=4)
def _read(folder: Path, changed_ns: int) -> OfflineScores:
    return OfflineScores.read(folder)


def scored_with(weights_sha256: str | None) -> str:
    """How the index says with which weights a monitor scored."""
    return weights_sha256 or "no weights"
