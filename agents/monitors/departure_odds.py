"""Calibrated odds of a departure within the next 3 s, by dense heads of which each had not seen a part of the runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from agents.monitors.crop_monitor import Judgements
from agents.monitors.dense_heads import DenseHeads
from agents.monitors.fitted_to_driver import FittedToDriverMonitor


@dataclass(frozen=True)
class DepartureOdds:
    """Attributes:
    heads: the members. slope, offset: from their mean to calibrated log odds.
    """

    heads: DenseHeads
    slope: float
    offset: float

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        """Log odds of each row, (T,); features (T, F)."""
        with torch.inference_mode():
            return self.slope * self.heads(features)[..., 0].mean(dim=0) + self.offset


class DepartureOddsMonitor(FittedToDriverMonitor):
    """A subclass says what of a stretch the odds are asked of.

    Args:
        weights: file of the members, its driver beside it; the shipped ones by default.

    Raises:
        WeightsError: a file is missing, or the driver is another than the odds were fitted to.
    """

    unit = "log odds"

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        config = self._weights.config
        self._odds = DepartureOdds(DenseHeads(self._weights.tensors), float(config["slope"]), float(config["offset"]))

    def odds_of(self, features: torch.Tensor) -> Judgements:
        """Log odds as score, and the probability of the same odds; features (T, F)."""
        log_odds = self._odds(features)
        return Judgements(score=log_odds.numpy(), probability=torch.sigmoid(log_odds).numpy())
