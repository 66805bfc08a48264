"""Fit what knows the driver's own doubt: distance of its features, disagreement of its heads."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agents.training.dense_fit import DenseSettings, answers_of, fit_heads

Array = npt.NDArray[np.floating]
ENSEMBLE = DenseSettings(hidden=(100, 50, 10), members=5, epochs=6)
DROPOUT = DenseSettings(hidden=(100, 50, 10), epochs=8, dropout=0.1)
_DEGREES = 50.0
_SMALLEST_SCALE = 1e-3


def shrunk_gaussian(features: Array) -> tuple[dict[str, torch.Tensor], float]:
    """Mean, scale and whitening of features (N, F), covariance shrunk to a multiple of one (Ledoit & Wolf 2004).

    Returns:
        (tensors of `MahalanobisMonitor`, how far it was shrunk, 0..1).
    """
    x = features.astype(np.float64)
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), _SMALLEST_SCALE)
    z = (x - mean) / scale
    count, size = z.shape
    covariance = z.T @ z / count
    target = np.trace(covariance) / size
    spread = float(((covariance - target * np.eye(size)) ** 2).sum())
    noise = float(((z**2).sum(axis=1) ** 2).mean() - (covariance**2).sum()) / count
    shrinkage = min(1.0, max(0.0, noise / spread)) if spread > 0.0 else 1.0
    shrunk = (1.0 - shrinkage) * covariance + shrinkage * target * np.eye(size)
    # A direction in which undisturbed features hardly move must not decide the distance alone.
    values, vectors = np.linalg.eigh(shrunk)
    whitening = (vectors / np.sqrt(np.maximum(values, 1e-4 * target))).T
    tensors = {"mean": mean, "scale": scale, "whitening": whitening}
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()}, shrinkage


def fit_steering_heads(
    features: Array, label_deg: Array, train: npt.NDArray[np.int64], settings: DenseSettings
) -> tuple[dict[str, torch.Tensor], float]:
    """Heads that steer, fitted to the label expert.

    Args:
        features: the driver's last maps, (N, F). label_deg: (N,). train: rows to fit on; the others validate.

    Returns:
        (tensors with degrees as output, validation MAE of their mean, degrees).
    """
    taught = np.zeros((settings.members, len(features)), dtype=np.float32)
    taught[:, train] = 1.0

    def loss(answers: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return functional.smooth_l1_loss(
            answers[..., 0], target.T.expand(answers.shape[:2]), beta=0.1, reduction="none"
        )

    tensors = fit_heads(features, label_deg[:, None] / _DEGREES, taught, loss, settings)
    last = len(settings.hidden)
    for name in (f"weight{last}", f"bias{last}"):
        tensors[name] = tensors[name] * _DEGREES
    held = np.setdiff1d(np.arange(len(features)), train)
    error_deg = np.abs(answers_of(tensors, features[held])[..., 0].mean(axis=0) - label_deg[held])
    return tensors, float(error_deg.mean())


def described(settings: DenseSettings) -> dict[str, Any]:
    """Settings for a model card."""
    return {**vars(settings), "hidden": list(settings.hidden)}
