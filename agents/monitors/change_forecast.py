"""Will the car depart within the next 3 s? Asked of what has changed, so that the answer outlives the textures."""

from __future__ import annotations

from pathlib import Path

import torch

from agents.errors import WeightsError
from agents.monitors.attention import attention_of
from agents.monitors.change_figures import LAGS_S, MOTION_S, change_figures, small_pictures, with_changes
from agents.monitors.crop_monitor import Judgements, Stretch
from agents.monitors.dense_heads import DenseHeads
from agents.monitors.fitted_file import FittedFileMonitor
from agents.monitors.mahalanobis import PooledMahalanobisMonitor
from agents.monitors.watched_driver import DriverMonitor, load_watched
from agents.protocol import EpisodeContext
from agents.weights_io import REBUILD_HINT


class ChangeForecastMonitor(FittedFileMonitor, DriverMonitor):
    """Scores the log odds of a departure within 3 s, learned from nine plain figures and their changes.

    Figures of the picture (brightness, contrast, detail, motion, white, black), of the driver's map (mean, strength)
    and of its features (distance from the undisturbed), each beside its change over 0.3, 0.8 and 1.5 s. Neither speed
    nor steering: here the speed follows the road, and would tell of curves that no camera sees.

    Args:
        weights: file of the members, with driver and distance beside it; the shipped ones by default.

    Raises:
        WeightsError: a file is missing, or another one than the forecast was fitted to.
    """

    name = role = "change_forecast"
    reads = "road crop, driver's maps"
    unit = "log odds"
    declared_latency_s = 0.02

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        config = self._weights.config
        self._driver = load_watched(config, self._weights.path)
        self.driver_sha256 = self._driver.sha256
        self._distance = PooledMahalanobisMonitor(self._weights.path.parent / str(config["distance_weights"]))
        if self._distance.weights_sha256 != config["distance_sha256"]:
            raise WeightsError(f"{self._weights.path}: fitted to another {self._distance.name}; {REBUILD_HINT}")
        self._heads = DenseHeads(self._weights.tensors)
        self._slope, self._offset = float(config["slope"]), float(config["offset"])
        self._figures = FigureMemory(self._distance)

    def reset(self, context: EpisodeContext) -> None:
        """Forget the last 1.5 s."""
        super().reset(context)
        self._figures.reset(context)

    def judge(self, stretch: Stretch) -> Judgements:
        """Log odds and probability at each tick."""
        self.driver_maps(stretch)
        with torch.inference_mode():
            log_odds = self._slope * self._heads(self._figures.next(stretch))[..., 0].mean(dim=0) + self._offset
        return Judgements(score=log_odds.numpy(), probability=torch.sigmoid(log_odds).numpy())


class FigureMemory:
    """Turns consecutive stretches of an episode into figures and their changes; what came before is carried along."""

    def __init__(self, distance: PooledMahalanobisMonitor) -> None:
        self._distance = distance
        self._lags: list[int] = []
        self._motion = 0
        self._small: torch.Tensor | None = None
        self._known: torch.Tensor | None = None

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""
        self._distance.reset(context)
        self._lags = [round(lag_s / context.tick_s) for lag_s in LAGS_S]
        self._motion = round(MOTION_S / context.tick_s)
        self._small = self._known = None

    def next(self, stretch: Stretch) -> torch.Tensor:
        """Figures and changes of the next ticks, (T, 36) float32.

        Before the episode began it looked as on its first tick.
        """
        with torch.inference_mode():
            now = small_pictures(stretch)
            before = now[:1].expand(self._motion, -1, -1) if self._small is None else self._small
            small = torch.cat([before, now])
            distance = torch.from_numpy(self._distance.judge_once(stretch).score)
            figures = change_figures(stretch, attention_of(stretch), distance, small)
            past = figures[:1].expand(max(self._lags), -1) if self._known is None else self._known
            known = torch.cat([past, figures])
            self._small, self._known = small[-self._motion :].clone(), known[-max(self._lags) :].clone()
            return with_changes(known, self._lags)
