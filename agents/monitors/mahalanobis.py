"""How far the driver's features are from undisturbed driving (Lee et al. 2018, one Gaussian, shrunk covariance)."""

from __future__ import annotations

import torch

from agents.monitors.crop_monitor import Judgements, Stretch
from agents.monitors.fitted_to_driver import FittedToDriverMonitor
from agents.monitors.watched_driver import dense_outputs, flat_features, pooled_features


class MahalanobisMonitor(FittedToDriverMonitor):
    """Scores the Mahalanobis distance, standard deviations: √(‖W (features − mean)‖² / dimensions).

    Args:
        weights: file with ``mean``, ``scale`` (F,) and ``whitening`` (F, F); the shipped one by default.
    """

    unit = "standard deviations"
    declared_latency_s = 0.005

    def features(self, activations: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """What is compared, (T, F)."""
        raise NotImplementedError

    def judge(self, stretch: Stretch) -> Judgements:
        """Distance at each tick."""
        tensors = self._weights.tensors
        with torch.inference_mode():
            x = (self.features(self.driver_maps(stretch)) - tensors["mean"]) / tensors["scale"]
            distance = torch.matmul(x, tensors["whitening"].T).square().mean(dim=1).sqrt()
        return Judgements(score=distance.numpy())


class PenultimateMahalanobisMonitor(MahalanobisMonitor):
    """Scores √(‖W (x − μ)‖²/n) of the last hidden layer: how unusual is what the steering is read from."""

    name = role = "mahalanobis_penultimate"

    def features(self, activations: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Output of the last hidden dense layer."""
        return dense_outputs(self._driver.network, flat_features(activations))[-1]


class PooledMahalanobisMonitor(MahalanobisMonitor):
    """Scores √(‖W (x − μ)‖²/n) of the mean of every map of every convolution: how unusual the picture looks."""

    name = role = "mahalanobis_pooled"

    def features(self, activations: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Pooled maps of all convolutions."""
        return pooled_features(activations)
