"""Will the car depart within the next 3 s? Learned from runs that did, with a calibrated probability."""

from __future__ import annotations

from pathlib import Path

from agents.monitors.camera_student import CameraStudentMonitor
from agents.monitors.crop_monitor import Judgements, Stretch
from agents.monitors.departure_odds import DepartureOddsMonitor
from agents.monitors.forecast_features import LAGS_S, tick_features
from agents.monitors.past import Past, with_past
from agents.protocol import EpisodeContext


class ForecastMonitor(DepartureOddsMonitor):
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
    declared_latency_s = 0.03

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        self._student = self._beside("student", CameraStudentMonitor)
        self._lags: list[int] = []
        self._past = Past(0)

    def reset(self, context: EpisodeContext) -> None:
        """Forget the last second."""
        super().reset(context)
        self._lags = [round(lag_s / context.tick_s) for lag_s in LAGS_S]
        self._past = Past(max(self._lags))

    def judge(self, stretch: Stretch) -> Judgements:
        """Log odds and probability at each tick."""
        self.driver_maps(stretch)
        now = tick_features(stretch, self._driver.network, self._student)
        return self.odds_of(with_past(self._past.before(now), self._lags))
