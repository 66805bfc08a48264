"""Two workers against one: the same campaign of embedded episodes with monitors, alternated in one call."""

from __future__ import annotations

import io
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.clocks import Watch
from harness.cluster import slot
from harness.cluster.attempt import AttemptResult
from harness.cluster.campaign_plan import CampaignPlan, plan_campaign
from harness.cluster.driving import DrivingExecutor
from harness.cluster.episode_sink import EpisodeSink
from harness.cluster.local_ray import local_cluster
from harness.cluster.progress import CampaignProgress
from harness.cluster.scheduler import Scheduler
from harness.cluster.worker import EpisodeWorker, WorkerSettings
from harness.results.schema import EpisodeRecord
from harness.results.store import CampaignStore
from harness.simulation.simulator import EMBEDDED

MOST_WORKERS = 2
TICKS = 200
# Seeds change the roadside alone: every episode has the same road and length, so that any share of them is alike.
SCENARIO: dict[str, Any] = {
    "campaign": "scaling",
    "camera": {"width_px": 320, "height_px": 180},
    "duration_s": TICKS * 0.05,
    "roads": [
        {"kind": "winding", "name": "w", "seed": 77, "length_m": 330, "radius_m": [80, 200], "texture_pack": "coast"}
    ],
    "conditions": [{"name": "cityscapes_like", "preset": "cityscapes_like"}],
    "agent": "pilotnet",
    "monitors": ["saliency_student", "camera_student", "random", "always_on", "curvature", "brightness"],
    "modes": ["shadow"],
    "rescue_map": False,
}


class TooFewEpisodesError(RuntimeError):
    """Workers were busy at the same time too shortly for a rate."""


class NamedWorker(EpisodeWorker):
    """The real worker; its records say whose they are."""

    def __init__(self, settings: WorkerSettings, index: int) -> None:
        super().__init__(settings, index)
        self._index = index

    def run(self, task: Any) -> AttemptResult:
        """Try one episode."""
        result = super().run(task)
        if result.record is None:
            return result
        return replace(result, record=replace(result.record, events={**result.record.events, "slot": self._index}))


class TimedSink(EpisodeSink):
    """Stores as in any campaign and notes when each worker delivered how many ticks."""

    def __init__(self, store: CampaignStore, episodes: int, slots: int) -> None:
        progress = CampaignProgress(episodes, stream=io.StringIO())
        super().__init__(store, progress, {"version": None, "scene_version": None})
        self.delivered: dict[int, list[tuple[float, int]]] = {index: [] for index in range(slots)}
        self.watch: Watch | None = None
        self.times: dict[str, float] = {}

    def finished(self, record: EpisodeRecord, server_version: str | None) -> None:
        """Store and note."""
        super().finished(record, server_version)
        self.delivered[record.events["slot"]].append((time.perf_counter(), record.ticks.num_rows))
        if self.watch is not None:
            self.times = self.watch.times()
        elif all(self.delivered.values()):
            self.watch = Watch(with_children=True)

    def rates(self) -> tuple[float, float]:
        """Episodes and ticks per second while all workers were busy, after the first episode of each.

        The sum over workers of what each delivered between its first and its last result in that time, so that no
        episode is cut at its ends.

        Raises:
            TooFewEpisodesError: a worker delivered fewer than two while all were busy.
        """
        begin = max(results[0][0] for results in self.delivered.values())
        end = min(results[-1][0] for results in self.delivered.values())
        episodes_per_s = ticks_per_s = 0.0
        for results in self.delivered.values():
            inside = [(at, ticks) for at, ticks in results if begin <= at <= end]
            if len(inside) < 2:
                raise TooFewEpisodesError(f"{len(inside)} episodes of a worker count; drive more (--driven)")
            span_s = inside[-1][0] - inside[0][0]
            episodes_per_s += (len(inside) - 1) / span_s
            ticks_per_s += sum(ticks for _, ticks in inside[1:]) / span_s
        return episodes_per_s, ticks_per_s


def scaling(episodes: int, rounds: int) -> dict[str, Any]:
    """Ticks per second of one worker and of two, ``rounds`` times in turn, and how often one goes into two.

    Args:
        episodes: per worker and run, four or more; the first one of each is not counted.
        rounds: each is a run with one worker and one with two.
    """
    slot.EpisodeWorker = NamedWorker  # type: ignore[misc]
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scaling.yaml"
        scenario.write_text(yaml.safe_dump({**SCENARIO, "seeds": episodes * MOST_WORKERS}))
        plan = plan_campaign(scenario)
        with local_cluster(MOST_WORKERS) as cluster:
            for number in range(rounds * MOST_WORKERS):
                workers = 1 + number % MOST_WORKERS
                runs.append(_run(plan, workers, episodes * workers, Path(folder) / f"run_{number}", cluster))
                print(runs[-1], flush=True)
    ratios = [round(two["ticks_per_s"] / one["ticks_per_s"], 3) for one, two in zip(runs[::2], runs[1::2], strict=True)]
    return {"two_workers_per_one": ratios, "ticks_per_episode": TICKS, "runs": runs}


def _run(plan: CampaignPlan, workers: int, episodes: int, folder: Path, cluster: Path) -> dict[str, Any]:
    executor = DrivingExecutor(thresholds=plan.thresholds, keep_monitor_inputs=plan.spec.keep_monitor_inputs)
    settings = WorkerSettings(EMBEDDED, executor, str(cluster / folder.name))
    load_1min = round(os.getloadavg()[0], 1)
    with CampaignStore.create(folder) as store:
        store.write_campaign({})
        sink = TimedSink(store, episodes, workers)
        Scheduler(settings, workers, sink).run(plan.episodes[:episodes])
    episodes_per_s, ticks_per_s = sink.rates()
    return {
        "workers": workers,
        "episodes": episodes,
        "episodes_per_s": round(episodes_per_s, 3),
        "ticks_per_s": round(ticks_per_s, 1),
        **sink.times,
        "load_1min_before": load_1min,
    }
