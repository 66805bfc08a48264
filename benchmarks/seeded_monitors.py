"""Monitors that learn, fitted once more with another seed, and what they say of a stored run.

Students keep the weak teacher's convolutions (`agents.training.blind_fit`): what is drawn anew is their dense layers,
and the initial weights, batches, drop-out and folds of all that is fitted on features of convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.change_figures import FIGURES, LAGS_S
from agents.monitors.change_forecast import ChangeForecastMonitor
from agents.monitors.crop_monitor import Stretch
from agents.monitors.head_disagreement import HeadEnsembleMonitor, McDropoutMonitor
from agents.monitors.mahalanobis import PooledMahalanobisMonitor
from agents.monitors.margin_forecast import MarginForecastMonitor, MarginMemory
from agents.monitors.watched_driver import flat_features
from agents.protocol import EpisodeContext
from agents.training import splits
from agents.training.blind_fit import DRIVER, BlindMonitors, Watched, Watcher, fit_blind, without_pictures
from agents.training.dataset import Frames, load_frames
from agents.training.monitors import FRAME_S, MONITOR_EVERY, MonitorFitter
from agents.training.stretches import cached, features_of, joined_features, thinned
from agents.weights_io import WEIGHTS_FOLDER
from benchmarks.unseen_artifacts import FIELDS, TICK_EVERY, every_second_tick
from harness.evaluation.episode_data import EpisodeData
from harness.results.index import IndexEntry

DISTANCE = "mahalanobis_pooled.safetensors"
CHANGES = len(FIGURES) * (1 + len(LAGS_S))
"""What the margin is forecast from begins with the figures and changes of the other forecast."""
Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Seen:
    """What seeded monitors read of consecutive ticks of one run.

    Attributes:
        watched: for students, error heads, forecast and fusion. driver: the driver's last maps, (N, F).
        margin: what the margin is forecast from, (N, F).
    """

    watched: Watched
    driver: Array
    margin: Array


class SeedWatcher:
    """Turns stored runs into `Seen`.

    Args:
        scratch: an existing folder for weights that were never fitted. cache: what was read is kept there.
    """

    def __init__(self, scratch: Path, cache: Path) -> None:
        self._watcher, self._cache = Watcher(scratch), cache
        distance = PooledMahalanobisMonitor()
        self._margin = MarginMemory(self._watcher.driver.network, distance)
        self._rests_on = [*self._watcher.rests_on, str(distance.weights_sha256)]
        self.driver_sha256 = self._watcher.driver.sha256

    def run(self, folder: Path, entry: IndexEntry, run: EpisodeData) -> Seen:
        """Every second tick of a run.

        Raises:
            CorruptResultError: it was stored without what monitors look at.
        """

        def watch() -> dict[str, npt.NDArray[np.float32]]:
            self._margin.reset(EpisodeContext("", 0, TICK_EVERY * run.tick_s, 0, 0, 0.0))
            pieces = every_second_tick(folder, entry, run, self._watcher.driver)
            features = joined_features(pieces, lambda piece: (*self._of_frame(piece), self._margin.next(piece)))
            return dict(zip((*FIELDS, "driver", "margin"), features, strict=True))

        rests_on = [run.episode_id, str(TICK_EVERY), *self._rests_on]
        stored = cached(self._cache / f"seeds_{run.episode_id}.npz", rests_on, watch)
        return Seen(Watched(**{name: stored[name] for name in FIELDS}), stored["driver"], stored["margin"])

    def frames(self, frames: Frames) -> tuple[Watched, Array]:
        """What is watched of frames to fit on, and the driver's last maps."""
        stored = cached(
            self._cache / "seeds_frames.npz",
            [frames.data_hash, str(MONITOR_EVERY), *self._watcher.rests_on],
            lambda: dict(
                zip(
                    (*FIELDS, "driver"),
                    features_of(frames, self._watcher.driver.network, self._of_frame),
                    strict=True,
                )
            ),
        )
        return Watched(**{name: stored[name] for name in FIELDS}), stored["driver"]

    def _of_frame(self, stretch: Stretch) -> tuple[torch.Tensor, ...]:
        assert stretch.activations is not None
        return (*self._watcher(stretch), flat_features(stretch.activations))


@dataclass(frozen=True)
class SeededMonitors:
    """Monitors of one seed.

    Attributes:
        blind: students, error heads, forecast and fusion. heads: those that score the spread of steering heads.
        change, margin: forecasts from changes and of the margin.
    """

    blind: BlindMonitors
    heads: tuple[HeadEnsembleMonitor, McDropoutMonitor]
    change: ChangeForecastMonitor
    margin: MarginForecastMonitor

    def scores(self, seen: Seen, tick_s: float) -> dict[str, Array]:
        """Raw score of each monitor for one run, (N,) each; ``tick_s``: from tick to tick of what was seen."""
        spread = {monitor.name: _spread(monitor, seen.driver) for monitor in self.heads}
        watched = replace(seen.watched, ensemble=spread[HeadEnsembleMonitor.name][:, None])
        features = torch.from_numpy(seen.margin.astype(np.float32))
        return {
            **self.blind.scores(watched, tick_s),
            **spread,
            self.change.name: self.change.odds_of(features[:, :CHANGES]).score,
            self.margin.name: self.margin.judged(features).score,
        }

    @property
    def files(self) -> Mapping[str, Path]:
        """Each file that was fitted exactly as a shipped one."""
        monitors = (*self.heads, self.change, self.margin)
        return {monitor.name: monitor.weights_path for monitor in monitors if monitor.weights_path is not None}


def collected(data: Path) -> tuple[Frames, Frames]:
    """Frames to fit monitors on, and those that the driver was fitted on, from the folder that the build keeps.

    Raises:
        NoDataError: a set was not collected.
    """
    monitor_fit, *agent_fit = (
        sorted((data / one.name).glob("[!.]*.npz"))
        for one in (splits.MONITOR_FIT, splits.AGENT_FIT, splits.AGENT_FIT_ON_POLICY)
    )
    return load_frames(monitor_fit), load_frames([path for paths in agent_fit for path in paths])


def fit_seeds(
    everything: Frames, agents: Frames, data: Path, scratch: Path, watcher: SeedWatcher, seeds: Sequence[int]
) -> dict[int, SeededMonitors]:
    """Fit with each seed on all episodes.

    Args:
        everything, agents: see `collected`. data: where features of them are kept.
        scratch: an existing folder for the weights. watcher: reads the frames.
    """
    frames = thinned(everything, MONITOR_EVERY)
    watched, driver = watcher.frames(frames)
    frames = without_pictures(frames, np.arange(len(frames)))
    fits = {}
    for seed in seeds:
        folder = scratch / f"seed_{seed}"
        folder.mkdir()
        for name in (DRIVER, DISTANCE):
            (folder / name).write_bytes((WEIGHTS_FOLDER / name).read_bytes())
        fitter = MonitorFitter(everything, folder, data, seed)
        fitter.fit_steering_heads(agents)
        fitter.fit_change_forecast()
        fitter.fit_margin_forecast()
        heads = (
            HeadEnsembleMonitor(folder / f"{HeadEnsembleMonitor.role}.safetensors"),
            McDropoutMonitor(folder / f"{McDropoutMonitor.role}.safetensors"),
        )
        own = replace(watched, ensemble=_spread(heads[0], driver)[:, None])
        blind = fit_blind(frames, own, np.ones(len(frames), dtype=bool), FRAME_S * MONITOR_EVERY, seed)
        change = ChangeForecastMonitor(folder / f"{ChangeForecastMonitor.role}.safetensors")
        margin = MarginForecastMonitor(folder / f"{MarginForecastMonitor.role}.safetensors")
        fits[seed] = SeededMonitors(blind, heads, change, margin)
        print(f"seed {seed} fitted", flush=True)
    return fits


def _spread(monitor: HeadEnsembleMonitor | McDropoutMonitor, driver: Array) -> npt.NDArray[np.float32]:
    spread: npt.NDArray[np.float32] = monitor.spread_deg(torch.from_numpy(driver.astype(np.float32))).numpy()
    return spread
