"""Will the car depart within the next 3 s? Learned from runs that did, with a calibrated probability."""

from __future__ import annotations

from pathlib import Path

import torch

from agents.errors import WeightsError
from agents.monitors.camera_student import CameraStudentMonitor
from agents.monitors.crop_monitor import Judgements, Stretch
from agents.monitors.dense_heads import DenseHeads
from agents.monitors.fitted_file import FittedFileMonitor
from agents.monitors.forecast_features import LAGS_S, tick_features
from agents.monitors.watched_driver import DriverMonitor, load_watched
from agents.protocol import EpisodeContext
from agents.weights_io import REBUILD_HINT


class ForecastMonitor(FittedFileMonitor, DriverMonitor):
    """Scores the log odds of a departure within 3 s, learned from runs that did and did not depart.

    Its probability is that of the same odds. Several members, each fitted without a part of the episodes, answer;
    their mean is calibrated on the episodes that each had not seen. What it looked like 0.4 and 0.8 s ago stands
    beside what it looks like now.

    Args:
        weights: file of the members, its driver and student beside it; the shipped ones by default.

    Raises:
        WeightsError: a file is missing, or driver or student are others than the forecast was fitted to.
    """

    name = role = "forecast"
    reads = "road crop, driver's maps, speed"
    unit = "log odds"
    declared_latency_s = 0.03

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        config = self._weights.config
        self._driver = load_watched(config, self._weights.path)
        self.driver_sha256 = self._driver.sha256
        self._student = CameraStudentMonitor(self._weights.path.parent / str(config["student_weights"]))
        if self._student.weights_sha256 != config["student_sha256"]:
            raise WeightsError(f"{self._weights.path}: fitted to another camera student; {REBUILD_HINT}")
        self._heads = DenseHeads(self._weights.tensors)
        self._slope, self._offset = float(config["slope"]), float(config["offset"])
        self._tick_s = 0.05
        self._past: torch.Tensor | None = None

    def reset(self, context: EpisodeContext) -> None:
        """Forget the last second."""
        super().reset(context)
        self._tick_s, self._past = context.tick_s, None

    def judge(self, stretch: Stretch) -> Judgements:
        """Log odds and probability at each tick."""
        now = tick_features(stretch, self.driver_maps(stretch), self._driver.network, self._student)
        lags = [round(lag_s / self._tick_s) for lag_s in LAGS_S]
        past = now[:1].expand(max(lags), -1) if self._past is None else self._past
        known = torch.cat([past, now])
        self._past = known[-max(lags) :].clone()
        with torch.inference_mode():
            log_odds = self._slope * self._heads(with_past(known, lags))[..., 0].mean(dim=0) + self._offset
        return Judgements(score=log_odds.numpy(), probability=torch.sigmoid(log_odds).numpy())


def with_past(known: torch.Tensor, lags: list[int]) -> torch.Tensor:
    """Each row beside earlier ones, (N − max lag, F · lags); ``known`` (N, F) begins max lag rows before the first."""
    first = max(lags)
    return torch.cat([known[first - lag : len(known) - lag] for lag in lags], dim=1)
