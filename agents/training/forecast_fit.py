"""Fit the forecast: will this run depart within 3 s?, with every member blind to a part of the episodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agents.monitors.forecast_features import LAGS_S
from agents.monitors.past import Past, with_past
from agents.training.baselines import departs_soon, episode_rows, outcome_known
from agents.training.dataset import Frames
from agents.training.dense_fit import DenseSettings, answers_of, fit_heads
from agents.training.logistic import fit_logistic
from harness.evaluation.ranking import auroc, average_precision

FORECAST = DenseSettings(
    hidden=(48,), members=5, epochs=6, learning_rate=1.5e-3, weight_decay=0.05, dropout=0.3, input_dropout=0.2
)
Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FittedForecast:
    """Attributes:
    tensors: of the members. slope, offset: from the members' mean to calibrated log odds.
    unseen_log_odds: (N,) calibrated, of each frame by the member that had not seen its episode.
    usable: (N,) frames whose outcome is known. soon: (N,) departed within 3 s.
    """

    tensors: dict[str, torch.Tensor]
    slope: float
    offset: float
    unseen_log_odds: Doubles
    usable: npt.NDArray[np.bool_]
    soon: npt.NDArray[np.bool_]


def episode_folds(frames: Frames, folds: int, seed: int) -> npt.NDArray[np.int64]:
    """(N,) fold of each frame; an episode lies in one fold as a whole."""
    order = np.random.default_rng(seed).permutation(len(frames.specs))
    fold_of = np.empty(len(frames.specs), dtype=np.int64)
    fold_of[order] = np.arange(len(order)) % folds
    return np.asarray(fold_of[frames.episode])


def artifact_folds(frames: Frames) -> npt.NDArray[np.int64]:
    """(N,) fold of each frame: episodes with the same effects lie in one, so that a member never saw its artifact."""
    kinds = ["+".join(sorted({str(entry["effect"]) for entry in spec["sensor"]})) for spec in frames.specs]
    fold_of = np.unique(kinds, return_inverse=True)[1]
    return np.asarray(fold_of[frames.episode], dtype=np.int64)


def texture_folds(frames: Frames) -> npt.NDArray[np.int64]:
    """(N,) fold of each frame: roads of one texture pack lie in one, so that a member never saw its looks."""
    packs = [str(spec["world"]["texture_pack"]) for spec in frames.specs]
    return np.asarray(np.unique(packs, return_inverse=True)[1][frames.episode], dtype=np.int64)


def frames_with_past(frames: Frames, features: Floats, frame_s: float) -> Floats:
    """Each frame's features beside those of 0.4 and 0.8 s ago, (N, F · 3), padded with the first of its episode."""
    lags = [round(lag_s / frame_s) for lag_s in LAGS_S]
    parts = []
    for rows in episode_rows(frames):
        now = torch.from_numpy(features[rows])
        if len(now):
            parts.append(with_past(Past(max(lags)).before(now), lags).numpy())
    return np.concatenate(parts)


def targets(frames: Frames) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(departs within 3 s (N,), outcome known (N,)) of each frame."""
    return departs_soon(frames), outcome_known(frames)


def unseen_scores(fitted: FittedForecast) -> dict[str, float | None]:
    """Ranking and calibration on episodes unseen by the member that answers, for the card."""
    log_odds, soon = fitted.unseen_log_odds[fitted.usable], fitted.soon[fitted.usable]
    probability = 1.0 / (1.0 + np.exp(-log_odds))
    return {
        "auroc": auroc(log_odds[soon], log_odds[~soon]),
        "average_precision": average_precision(log_odds[soon], log_odds[~soon]),
        "prevalence": float(soon.mean()),
        "brier": float(((probability - soon) ** 2).mean()),
    }


def fit_forecast(
    frames: Frames,
    features: Floats,
    frame_s: float,
    settings: DenseSettings = FORECAST,
) -> FittedForecast:
    """Fit on collected frames.

    Args:
        features: `forecast_features.tick_features` of each frame, (N, F). frame_s: from frame to frame.
    """
    return fit_with_past(frames, frames_with_past(frames, features, frame_s), settings)


def fit_with_past(
    frames: Frames, wide: Floats, settings: DenseSettings, folds: npt.NDArray[np.int64] | None = None
) -> FittedForecast:
    """Fit on features of each frame that hold what came before it.

    Args:
        wide: (N, F). folds: (N,), one per member, of what it does not see; None = episodes drawn by the seed.
    """
    soon, usable = targets(frames)
    if folds is None:
        folds = episode_folds(frames, settings.members, settings.seed)
    settings = replace(settings, members=int(folds.max()) + 1)
    taught = np.stack([usable & (folds != member) for member in range(settings.members)]).astype(np.float32)
    base = float(soon[usable].mean())

    def loss(answers: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        wanted = target.T.expand(answers.shape[:2])
        return functional.binary_cross_entropy_with_logits(answers[..., 0], wanted, reduction="none")

    tensors = fit_heads(
        wide, soon[:, None].astype(np.float32), taught, loss, settings, float(np.log(base / (1 - base)))
    )
    unseen = answers_of(tensors, wide)[folds, np.arange(len(wide)), 0].astype(np.float64)
    slope, offset = calibrated(unseen[usable], soon[usable])
    return FittedForecast(tensors, slope, offset, slope * unseen + offset, usable, soon)


def fit_also_blind(
    frames: Frames, wide: Floats, settings: DenseSettings
) -> tuple[FittedForecast, dict[str, FittedForecast]]:
    """`fit_with_past`, and the same by members that never saw an artifact, or a texture pack, for the card."""
    folds = {"artifact": artifact_folds(frames), "texture_pack": texture_folds(frames)}
    blind = {name: fit_with_past(frames, wide, settings, fold) for name, fold in folds.items()}
    return fit_with_past(frames, wide, settings), blind


def card_scores(fitted: FittedForecast, blind: Mapping[str, FittedForecast]) -> dict[str, Any]:
    """Scores of a fit and of the blind ones beside it."""
    return {
        **unseen_scores(fitted),
        **{f"leave_one_{name}_out": unseen_scores(found) for name, found in blind.items()},
    }


def calibrated(log_odds: Floats, happened: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset that make log odds those of the frequency (Platt 1999)."""
    weights, intercept = fit_logistic(log_odds[:, None], happened, ridge=0.0)
    return float(weights[0]), intercept
