"""How near will the car come to the line within the next 3 s? The lane margin itself, forecast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.change_forecast import FigureMemory
from agents.monitors.crop_monitor import Judgements, Stretch
from agents.monitors.dense_heads import DenseHeads
from agents.monitors.fitted_to_driver import FittedToDriverMonitor
from agents.monitors.forecast_features import LAGS_S
from agents.monitors.mahalanobis import PooledMahalanobisMonitor
from agents.monitors.past import Past, with_past
from agents.monitors.watched_driver import dense_outputs, flat_features, pooled_features
from agents.protocol import EpisodeContext
from agents.steering_network import SteeringNetwork

HORIZONS_S = (0.0, 1.0, 2.0, 3.0)
"""The smallest margin from now to each of these is forecast; the first is the margin of this very moment."""
_POOLED_LAST = 64


class MarginForecastMonitor(FittedToDriverMonitor):
    """Scores how far over the line the car will be at worst within 3 s (m; negative: how much margin is left).

    Dense heads, each fitted without a part of the runs, regress the smallest lane margin within 0, 1, 2 and 3 s on the
    figures and changes of `ChangeForecastMonitor` and on the driver's dense layers and last maps, now, 0.4 and 0.8 s
    ago. Where the forecast crosses zero is the time to line crossing. The probability is that of a departure within
    3 s, calibrated on runs that the answering member had not seen. Reads neither speed nor the true offset.

    Args:
        weights: file of the members, with driver and distance beside it; the shipped ones by default.

    Raises:
        WeightsError: a file is missing, or another one than the forecast was fitted to.
    """

    name = role = "margin_forecast"
    unit = "m over the line"
    reads = "road crop, driver's maps"
    declared_latency_s = 0.02

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        config = self._weights.config
        self._heads = DenseHeads(self._weights.tensors)
        self._slope, self._offset = float(config["slope"]), float(config["offset"])
        self._memory = MarginMemory(self._driver.network, self._beside("distance", PooledMahalanobisMonitor))

    def reset(self, context: EpisodeContext) -> None:
        """Forget the last 1.5 s."""
        super().reset(context)
        self._memory.reset(context)

    def judge(self, stretch: Stretch) -> Judgements:
        """Score, and probability of a departure, at each tick."""
        self.driver_maps(stretch)
        return self.judged(self._memory.next(stretch))

    def judged(self, features: torch.Tensor) -> Judgements:
        """`judge` of ticks whose features (T, F), as of `MarginMemory`, are known."""
        over_line_m = -self.margins_m(features)[:, -1]
        probability = 1.0 / (1.0 + np.exp(-(self._slope * over_line_m + self._offset)))
        return Judgements(score=over_line_m, probability=probability.astype(np.float32))

    def margins_m(self, features: torch.Tensor) -> npt.NDArray[np.float32]:
        """Smallest lane margin from each tick to each of `HORIZONS_S` after it, m, (T, 4)."""
        with torch.inference_mode():
            return self._heads(features).mean(dim=0).numpy()


class MarginMemory:
    """Turns consecutive stretches of an episode into what the margin is forecast from; what came before is kept."""

    def __init__(self, driver: SteeringNetwork, distance: PooledMahalanobisMonitor) -> None:
        self._driver = driver
        self._figures = FigureMemory(distance)
        self._lags: list[int] = []
        self._past = Past(0)

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""
        self._figures.reset(context)
        self._lags = [round(lag_s / context.tick_s) for lag_s in LAGS_S]
        self._past = Past(max(self._lags))

    def next(self, stretch: Stretch) -> torch.Tensor:
        """Features of the next ticks, (T, F) float32; the stretch holds the driver's maps."""
        maps = stretch.activations
        assert maps is not None
        with torch.inference_mode():
            layers = dense_outputs(self._driver, flat_features(maps))
            inner = torch.cat([*layers, pooled_features(maps)[:, -_POOLED_LAST:]], dim=1)
            earlier = with_past(self._past.before(inner), self._lags)
        return torch.cat([self._figures.next(stretch), earlier], dim=1)


def time_to_line_crossing_s(margins_m: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """When a forecast margin falls below zero, s from now, (N,); NaN where it does not within the last horizon.

    Args:
        margins_m: smallest margin until each of `HORIZONS_S`, (N, 4); linear between them.
    """
    least = np.minimum.accumulate(np.asarray(margins_m, dtype=np.float64), axis=1)
    crossed = least < 0.0
    found = np.full(len(least), np.nan)
    rows = np.flatnonzero(crossed.any(axis=1))
    k = crossed[rows].argmax(axis=1)
    before = np.maximum(k - 1, 0)
    above, below = least[rows, before], least[rows, k]
    horizons = np.array(HORIZONS_S)
    share = np.where(k == 0, 0.0, above / np.where(k == 0, 1.0, above - below))
    found[rows] = horizons[before] + share * (horizons[k] - horizons[before])
    return found
