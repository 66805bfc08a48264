"""Several monitors into one: a logistic model of the scores that earn their place, fitted on monitor-fit episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from agents.errors import WeightsError
from agents.monitors.crop_monitor import CropMonitor, FloatArray, Judgements, Stretch
from agents.monitors.fitted_file import FittedFileMonitor
from agents.protocol import EpisodeContext
from agents.registry import make_monitor
from agents.weights_io import REBUILD_HINT


class FusionMonitor(FittedFileMonitor, CropMonitor):
    """Scores the log odds of a departure within 3 s: b + Σ wᵢ · (clipped scoreᵢ − meanᵢ)/scaleᵢ over its parts.

    Args:
        weights: file with the parts (names, weights by hash) and the model; the shipped one by default.

    Raises:
        WeightsError: a file is missing, or a part is another than the fusion was fitted to.
    """

    name = role = "fusion"
    reads = "what its parts read"
    unit = "log odds"
    declared_latency_s = 0.05

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        parts: list[dict[str, Any]] = self._weights.config["parts"]
        self._parts = [cast("CropMonitor", make_monitor(part["name"])) for part in parts]
        for monitor, part in zip(self._parts, parts, strict=True):
            if monitor.weights_sha256 != part["weights_sha256"]:
                raise WeightsError(f"{self._weights.path}: fitted to another {monitor.name}; {REBUILD_HINT}")
        self._model = parts
        self._intercept = float(self._weights.config["intercept"])
        self.reads_driver = any(monitor.reads_driver for monitor in self._parts)
        self.driver_sha256 = next((m.driver_sha256 for m in self._parts if m.driver_sha256), None)

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode in every part."""
        for monitor in self._parts:
            monitor.reset(context)

    def judge(self, stretch: Stretch) -> Judgements:
        """Log odds and probability at each tick."""
        scores = [monitor.judge_once(stretch).score for monitor in self._parts]
        log_odds = fused(scores, self._model, self._intercept)
        return Judgements(score=log_odds, probability=(1.0 / (1.0 + np.exp(-log_odds))).astype(np.float32))


def fused(scores: list[FloatArray], parts: list[dict[str, Any]], intercept: float) -> FloatArray:
    """Log odds (T,) of the parts' scores, each clipped to the range it had when fitted, then standardised."""
    total = np.full(len(scores[0]), intercept)
    for score, part in zip(scores, parts, strict=True):
        clipped = np.clip(score.astype(np.float64), part["low"], part["high"])
        total += part["weight"] * (clipped - part["mean"]) / part["scale"]
    return total.astype(np.float32)
