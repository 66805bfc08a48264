"""Fit size and quantile of the driver's error on a student's convolutions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agents.monitors.dense_heads import DenseHeads
from agents.monitors.error_heads import OUTPUTS, QUANTILE, error_sizes_deg
from agents.training.dense_fit import DenseSettings, fit_heads

ERROR_HEADS = DenseSettings(hidden=(64,), epochs=6, dropout=0.2)
Floats = npt.NDArray[np.floating]


def fit_error_heads(
    features: Floats, error_deg: Floats, train: npt.NDArray[np.int64], settings: DenseSettings = ERROR_HEADS
) -> dict[str, torch.Tensor]:
    """Tensors of the heads.

    Args:
        features: last maps of the student, (N, F). error_deg: driver − reference, (N,), finite on ``train``.
        train: rows to fit on.
    """
    taught = np.zeros((1, len(features)), dtype=np.float32)
    taught[0, train] = 1.0
    size = np.repeat(np.nan_to_num(np.abs(error_deg))[:, None], len(OUTPUTS), axis=1)
    return fit_heads(features, size, taught, _loss, settings)


def size_scores(
    tensors: dict[str, torch.Tensor], features: Floats, error_deg: Floats, rows: npt.NDArray[np.int64]
) -> dict[str, float]:
    """Mean |size − |error||, degrees, and how often |error| stays below the 90 % quantile, on these rows."""
    heads = DenseHeads({name: value.half().float() for name, value in tensors.items()})
    with torch.inference_mode():
        sizes = error_sizes_deg(heads, torch.from_numpy(features[rows].astype(np.float32))).numpy()
    truth = np.abs(error_deg[rows])
    return {
        "size_mae_deg": round(float(np.abs(sizes[:, 0] - truth).mean()), 3),
        "below_quantile": round(float((truth <= sizes[:, 1]).mean()), 4),
    }


def _loss(answers: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Smooth L1 for the size, pinball for the quantile: its minimum is the quantile (Koenker & Bassett 1978)."""
    sizes = functional.softplus(answers) * 10.0
    wanted = target[:, 0].expand(answers.shape[:2])
    rest = wanted - sizes[..., 1]
    pinball = torch.maximum(QUANTILE * rest, (QUANTILE - 1.0) * rest)
    return functional.smooth_l1_loss(sizes[..., 0], wanted, beta=2.0, reduction="none") + pinball
