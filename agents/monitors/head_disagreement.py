"""Uncertainty of the steering from several dense tails on the driver's convolutions, which run only once."""

from __future__ import annotations

from pathlib import Path

import torch

from agents.monitors.crop_monitor import Judgements, Stretch
from agents.monitors.dense_heads import DenseHeads
from agents.monitors.fitted_to_driver import FittedToDriverMonitor
from agents.monitors.watched_driver import flat_features

PASSES = 30


class HeadDisagreementMonitor(FittedToDriverMonitor):
    """Scores the standard deviation of several answers, degrees.

    Args:
        weights: file of the heads; the shipped one of this role by default.
    """

    unit = "deg"
    declared_latency_s = 0.005

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        self._heads = DenseHeads(self._weights.tensors)

    def answers_deg(self, features: torch.Tensor) -> torch.Tensor:
        """Steering of every answer, (answers, T)."""
        return self._heads(features)[..., 0]

    def spread_deg(self, features: torch.Tensor) -> torch.Tensor:
        """Standard deviation of the answers, (T,); features (T, F): the driver's last maps."""
        with torch.inference_mode():
            return self.answers_deg(features).std(dim=0, correction=0)

    def judge(self, stretch: Stretch) -> Judgements:
        """Spread of the answers at each tick."""
        return Judgements(score=self.spread_deg(flat_features(self.driver_maps(stretch))).numpy())


class HeadEnsembleMonitor(HeadDisagreementMonitor):
    """Scores how five dense heads of different seeds disagree: an ensemble of heads, not of whole networks."""

    name = role = "head_ensemble"


class McDropoutMonitor(HeadDisagreementMonitor):
    """Scores how 30 answers of one head spread, with parts of it switched off (Gal & Ghahramani 2016).

    The 30 masks are drawn once: the same picture gets the same score on every tick and every machine.
    """

    name = role = "mc_dropout"

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        rate = float(self._weights.config["dropout"])
        generator = torch.Generator().manual_seed(0)
        widths = [weight.shape[-1] for weight, _ in self._heads.layers[:-1]]
        draws = [torch.rand((PASSES, 1, width), generator=generator) for width in widths]
        self._keep = [(draw >= rate).float() / (1.0 - rate) for draw in draws]

    def answers_deg(self, features: torch.Tensor) -> torch.Tensor:
        """Steering of every pass, (30, T)."""
        return self._heads(features, self._keep)[..., 0]
