"""Will the car depart within the next 3 s? Asked of what has changed, so that the answer outlives the textures."""

from __future__ import annotations

from pathlib import Path

import torch

from agents.monitors.attention import attention_of
from agents.monitors.change_figures import LAGS_S, MOTION_S, change_figures
from agents.monitors.crop_monitor import Judgements, Stretch
from agents.monitors.departure_odds import DepartureOddsMonitor
from agents.monitors.mahalanobis import PooledMahalanobisMonitor
from agents.monitors.past import Past, with_changes
from agents.monitors.picture_figures import small_pictures
from agents.protocol import EpisodeContext


class ChangeForecastMonitor(DepartureOddsMonitor):
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
    declared_latency_s = 0.02

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        self._figures = FigureMemory(self._beside("distance", PooledMahalanobisMonitor))

    def reset(self, context: EpisodeContext) -> None:
        """Forget the last 1.5 s."""
        super().reset(context)
        self._figures.reset(context)

    def judge(self, stretch: Stretch) -> Judgements:
        """Log odds and probability at each tick."""
        self.driver_maps(stretch)
        return self.odds_of(self._figures.next(stretch))


class FigureMemory:
    """Turns consecutive stretches of an episode into figures and their changes; what came before is carried along."""

    def __init__(self, distance: PooledMahalanobisMonitor) -> None:
        self._distance = distance
        self._lags: list[int] = []
        self._small, self._known = Past(0), Past(0)

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""
        self._distance.reset(context)
        self._lags = [round(lag_s / context.tick_s) for lag_s in LAGS_S]
        self._small, self._known = Past(round(MOTION_S / context.tick_s)), Past(max(self._lags))

    def next(self, stretch: Stretch) -> torch.Tensor:
        """Figures and changes of the next ticks, (T, 36) float32."""
        with torch.inference_mode():
            small = self._small.before(small_pictures(stretch.network_input("grey")))
            distance = torch.from_numpy(self._distance.judge_once(stretch).score)
            figures = change_figures(stretch, attention_of(stretch), distance, small)
            return with_changes(self._known.before(figures), self._lags)
