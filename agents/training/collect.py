"""Collect training frames through the harness's own loop and workers: shards of crops on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.monitors.image_statistics import log_sharpness, mean_brightness_dn
from agents.preprocessing import Preprocessing
from agents.registry import make_agent
from agents.training.dataset import COLUMNS
from agents.training.recording import LogRecorder
from agents.training.splits import AGENT_FIT, DataSet
from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.expansion import expand
from harness.campaign.loader import load_campaign
from harness.cluster.driving import DrivingExecutor
from harness.cluster.local_ray import local_cluster
from harness.cluster.scheduler import Observer, Scheduler
from harness.cluster.worker import WorkerSettings
from harness.results.schema import EpisodeRecord
from harness.simulation.callback import EpisodeCallback, TickView
from harness.simulation.simulator import parse_simulator


class CropCollector:
    """Keeps what the networks are trained on: the crop of the degraded frame and the numbers of its tick."""

    def __init__(self, keep_every: int) -> None:
        self._keep_every = keep_every
        self._preprocessing = Preprocessing()
        self._crops: list[np.ndarray] = []
        self._rows: list[tuple[float, ...]] = []

    def on_tick(self, view: TickView) -> None:
        """Store every n-th tick."""
        state = view.state
        if state.tick % self._keep_every:
            return
        agent_deg = np.nan if view.agent_output is None else view.agent_output.swa_deg
        level = max(state.artifact_levels.values(), default=0.0)
        self._crops.append(self._preprocessing.crop(view.frame))
        row = (state.swa_label_deg, agent_deg, state.speed_mps, state.curvature_ahead_1pm, level, state.time_s)
        looks = (mean_brightness_dn(view.frame), log_sharpness(view.frame))
        self._rows.append((*row, *looks, float(view.departed), state.lane_margin_m))

    def save(self, path: Path, record: EpisodeRecord) -> None:
        """Write one shard; nothing where the simulation was implausible or nobody drove a single tick."""
        if record.outcome == "invalid" or not self._rows:
            return
        rows = np.asarray(self._rows, dtype=np.float32).T
        columns: dict[str, Any] = dict(zip(COLUMNS, rows, strict=True))
        temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
        columns |= {"spec": json.dumps(record.spec), "simulator": json.dumps(record.events["simulator"])}
        np.savez(temporary, crops=np.stack(self._crops), **columns)
        temporary.rename(path)


@dataclass
class CollectingExecutor(DrivingExecutor):
    """Drives as ever and leaves the frames of a set beside.

    Attributes:
        folder: of the set. dataset: what is kept of an episode.
    """

    folder: Path = Path()
    dataset: DataSet = AGENT_FIT
    _collector: CropCollector | LogRecorder | None = None

    def callbacks(self, task: EpisodeSpec) -> Sequence[EpisodeCallback]:
        """A fresh collector per episode."""
        make = LogRecorder if self.dataset.pictures else CropCollector
        self._collector = make(self.dataset.keep_every)
        return (self._collector,)

    def run(self, task: EpisodeSpec) -> EpisodeRecord:
        """Drive one episode and write its frames."""
        record = super().run(task)
        assert self._collector is not None
        self._collector.save(self.dataset.place(self.folder, task.episode_id), record)
        return record


class _Lines(Observer):
    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        """One line every tenth episode."""
        self._done += 1
        if self._done % 10 == 0 or self._done == self._total:
            print(f"  {self._done}/{self._total} episodes", flush=True)

    def failed_attempt(self, task: Any, attempt: int, error: str) -> None:
        """Failures are always shown."""
        print(f"  episode {task.episode_id} attempt {attempt} failed: {error}", flush=True)


def collect(dataset: DataSet, data_dir: Path, workers: int) -> list[Path]:
    """Run the episodes of a set that are not on disk yet.

    The driver is loaded as every worker will load it, so the hash of its weights in the episode ids is that of
    the weights that drive.

    Args:
        data_dir: frames go to ``data_dir/<set>/``. workers: simulators in parallel.

    Returns:
        Shards, or logs, of the scenario's episodes, sorted. Episodes that were lost are named in a printed line.

    Raises:
        WeightsError: a network is to drive that has not been trained yet.
    """
    campaign = load_campaign(dataset.scenario)
    if dataset.agent is not None:
        campaign = campaign.model_copy(update={"agent": dataset.agent})
    agent_hash = make_agent(campaign.agent).weights_sha256
    drawn = expand(campaign, lambda _: agent_hash, lambda _: None, {"monitors": {}})
    folder = data_dir / dataset.name
    folder.mkdir(parents=True, exist_ok=True)
    paths = {spec.episode_id: dataset.place(folder, spec.episode_id) for spec in drawn}
    missing = [spec for spec in drawn if not paths[spec.episode_id].exists()]
    if missing:
        print(f"{dataset.name}: {len(missing)} of {len(drawn)} episodes to drive", flush=True)
        with local_cluster(workers) as logs:
            executor = CollectingExecutor(folder=folder.resolve(), dataset=dataset)
            settings = WorkerSettings(parse_simulator("embedded"), executor, str(logs))
            Scheduler(settings, workers, _Lines(len(missing))).run(missing)
    present = sorted(path for path in paths.values() if path.exists())
    if len(present) < len(paths):
        print(f"{dataset.name}: {len(paths) - len(present)} of {len(paths)} episodes left no frames", flush=True)
    return present
