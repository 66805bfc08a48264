"""Collect training frames through the harness's own loop: one simulator per process, shards of crops on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import ray

from agents.preprocessing import crop
from agents.registry import make_agent, make_monitor
from agents.training.splits import DataSet
from harness.campaign.episode_spec import EpisodeSpec
from harness.simulation.callback import TickView
from harness.simulation.episode import run_episode
from harness.simulation.server import SimulatorServer
from harness.simulation.session import CarlaSession


class CropCollector:
    """Keeps what the networks are trained on: the crop of the degraded frame and the numbers of its tick."""

    def __init__(self, keep_every: int) -> None:
        self._keep_every = keep_every
        self._crops: list[np.ndarray] = []
        self._rows: list[tuple[float, ...]] = []

    COLUMNS = (
        "swa_label_deg",
        "swa_agent_deg",
        "speed_mps",
        "curvature_ahead_1pm",
        "sensor_level",
        "time_s",
        "departed",
    )

    def on_tick(self, view: TickView) -> None:
        """Store every n-th tick."""
        state = view.state
        if state.tick % self._keep_every:
            return
        agent_deg = np.nan if view.agent_output is None else view.agent_output.swa_deg
        level = max(state.artifact_levels.values(), default=0.0)
        self._crops.append(crop(view.frame))
        self._rows.append(
            (
                state.swa_label_deg,
                agent_deg,
                state.speed_mps,
                state.curvature_ahead_1pm,
                level,
                state.time_s,
                view.departed,
            )
        )

    def save(self, path: Path, spec: EpisodeSpec) -> int:
        """Write one shard; returns its number of frames."""
        rows = np.asarray(self._rows, dtype=np.float32).T
        columns: dict[str, Any] = dict(zip(self.COLUMNS, rows, strict=True))
        temporary = path.with_suffix(".tmp.npz")
        np.savez(temporary, crops=np.stack(self._crops), spec=json.dumps(spec.to_json()), **columns)
        temporary.rename(path)
        return len(self._crops)


@ray.remote(num_cpus=1)
class Collector:
    """A Ray actor with one supervised simulator; collects one episode at a time."""

    def __init__(self, log_dir: str) -> None:
        self._server = SimulatorServer(log_dir=Path(log_dir))
        self._server.start()
        self._session = CarlaSession(self._server.host, self._server.port)
        self._agents: dict[str, Any] = {}

    def collect(self, spec: EpisodeSpec, keep_every: int, path: str) -> int:
        """Run one episode and write its shard. Returns the number of frames kept."""
        name = spec.agent.name
        if name not in self._agents:
            self._agents[name] = make_agent(name)
        collector = CropCollector(keep_every)
        monitors = [make_monitor(monitor.name) for monitor in spec.monitors]
        run_episode(self._session, spec, self._agents[name], monitors, [collector])
        return collector.save(Path(path), spec)

    def stop(self) -> None:
        """End the simulator."""
        self._session.close()
        self._server.stop()


def draw_episodes(specs: Sequence[EpisodeSpec], count: int, seed: int) -> list[EpisodeSpec]:
    """A seeded draw without replacement from the expanded matrix."""
    order = np.random.default_rng(seed).permutation(len(specs))
    return [specs[k] for k in order[:count]]


def shards(data_dir: Path, dataset: DataSet) -> list[Path]:
    """Finished shards of a set, in a stable order."""
    return sorted((data_dir / dataset.name).glob("[0-9a-f]*.npz"))
