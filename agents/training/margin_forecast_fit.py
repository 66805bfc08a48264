"""Fit the forecast of the lane margin: how small it became after each collected frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agents.monitors.margin_forecast import HORIZONS_S, time_to_line_crossing_s
from agents.training.baselines import TIME_SLACK_S, episode_rows
from agents.training.change_forecast_fit import by_pack
from agents.training.dataset import Frames
from agents.training.dense_fit import DenseSettings, answers_of, fit_heads
from agents.training.forecast_fit import (
    FittedForecast,
    artifact_folds,
    calibrated,
    card_scores,
    episode_folds,
    targets,
    texture_folds,
)

MARGIN_FORECAST = DenseSettings(
    hidden=(32,), members=5, epochs=6, learning_rate=2e-3, weight_decay=0.05, dropout=0.2, input_dropout=0.1
)
FURTHEST_OVER_M = -0.3
"""A run ends soon after its departure: how far over the line the car would have come is not known."""
KNEE_M = 0.1
TYPICAL_MARGIN_M = 0.5

Wide = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FittedMargins:
    """Attributes:
    forecast: the members, and what their forecast says of departures.
    unseen_m: (N, 4), margins forecast for each frame by the member that had not seen its episode.
    """

    forecast: FittedForecast
    unseen_m: Wide


def smallest_margins_m(frames: Frames) -> Wide:
    """Smallest lane margin from each frame to each of `HORIZONS_S` after it, (N, 4).

    NaN where the run ends before without a departure: nobody knows what would have come.
    """
    found = np.full((len(frames), len(HORIZONS_S)), np.nan, dtype=np.float32)
    for rows in episode_rows(frames):
        margin_m = np.maximum(frames.columns["lane_margin_m"][rows], FURTHEST_OVER_M)
        time_s, departed = frames.columns["time_s"][rows], frames.columns["departed"][rows] > 0.0
        for at, now_s in enumerate(time_s):
            for k, horizon_s in enumerate(HORIZONS_S):
                end = int(np.searchsorted(time_s, now_s + horizon_s + TIME_SLACK_S))
                if time_s[-1] >= now_s + horizon_s - TIME_SLACK_S or departed[at:end].any():
                    found[rows[at], k] = margin_m[at:end].min()
    return found


def fit_margin_forecast(
    frames: Frames, wide: Wide, settings: DenseSettings = MARGIN_FORECAST
) -> tuple[FittedForecast, dict[str, Any]]:
    """The forecast on what `MarginMemory` makes of the frames, (N, F).

    Its scores are of episodes, artifacts and textures that a member had not seen.
    """
    margins_m = smallest_margins_m(frames)
    folds = {"artifact": artifact_folds(frames), "texture_pack": texture_folds(frames)}
    blind = {name: fit_margins(frames, wide, margins_m, settings, fold).forecast for name, fold in folds.items()}
    fitted = fit_margins(frames, wide, margins_m, settings, episode_folds(frames, settings.members, settings.seed))
    return fitted.forecast, {
        **card_scores(fitted.forecast, blind),
        "auroc_by_unseen_texture_pack": by_pack(frames, blind["texture_pack"]),
        **margin_scores(fitted, margins_m),
    }


def fit_margins(
    frames: Frames, wide: Wide, margins_m: Wide, settings: DenseSettings, folds: npt.NDArray[np.int64]
) -> FittedMargins:
    """Fit one member per fold, on what lies outside of it.

    Args:
        wide: (N, F). margins_m: (N, 4), as of `smallest_margins_m`. folds: (N,), what each member does not see.
    """
    soon, usable = targets(frames)
    usable = usable & np.isfinite(margins_m).all(axis=1)
    settings = replace(settings, members=int(folds.max()) + 1)
    taught = np.stack([usable & (folds != member) for member in range(settings.members)]).astype(np.float32)

    def loss(answers: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        wanted = target.expand(answers.shape)
        return functional.smooth_l1_loss(answers, wanted, reduction="none", beta=KNEE_M).mean(dim=-1)

    tensors = fit_heads(wide, np.nan_to_num(margins_m), taught, loss, settings, TYPICAL_MARGIN_M)
    unseen_m = answers_of(tensors, wide)[folds, np.arange(len(wide))]
    over_line_m = -unseen_m[:, -1].astype(np.float64)
    slope, offset = calibrated(over_line_m[usable], soon[usable])
    forecast = FittedForecast(tensors, slope, offset, slope * over_line_m + offset, usable, soon)
    return FittedMargins(forecast, unseen_m)


def margin_scores(fitted: FittedMargins, margins_m: Wide) -> dict[str, Any]:
    """Errors of the margin and of the time to line crossing on unseen episodes, for the card."""
    usable = fitted.forecast.usable
    errors_m = np.abs(fitted.unseen_m[usable] - margins_m[usable]).mean(axis=0)
    constant_m = np.abs(np.median(margins_m[usable], axis=0) - margins_m[usable]).mean(axis=0)
    named = [f"{horizon_s:g}_s" for horizon_s in HORIZONS_S]
    true_s = time_to_line_crossing_s(margins_m[usable])
    forecast_s = time_to_line_crossing_s(fitted.unseen_m[usable])
    both = np.isfinite(true_s) & np.isfinite(forecast_s)
    return {
        "margin_mae_m": dict(zip(named, np.round(errors_m.astype(np.float64), 4).tolist(), strict=True)),
        "margin_mae_m_of_the_median": dict(
            zip(named, np.round(constant_m.astype(np.float64), 4).tolist(), strict=True)
        ),
        "crossings": int(np.isfinite(true_s).sum()),
        "crossings_forecast": int(both.sum()),
        "time_to_line_crossing_mae_s": round(float(np.abs(true_s - forecast_s)[both].mean()), 3)
        if both.any()
        else None,
    }
