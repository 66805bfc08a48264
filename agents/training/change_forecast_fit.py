"""Fit the forecast from changes: figures of every collected frame, then the same fit as of the other forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agents.training.dataset import Frames
from agents.training.dense_fit import DenseSettings
from agents.training.forecast_fit import FittedForecast, card_scores, fit_also_blind
from harness.evaluation.ranking import auroc

CHANGE_FORECAST = DenseSettings(
    hidden=(32,), members=5, epochs=8, learning_rate=2e-3, weight_decay=0.05, dropout=0.2, input_dropout=0.1
)
Wide = npt.NDArray[np.float32]


def fit_change_forecast(
    frames: Frames, wide: Wide, settings: DenseSettings = CHANGE_FORECAST
) -> tuple[FittedForecast, dict[str, Any]]:
    """The forecast on figures (N, 36); its scores on episodes, artifacts and textures that a member had not seen."""
    fitted, blind = fit_also_blind(frames, wide, settings)
    scores = card_scores(fitted, blind)
    return fitted, {**scores, "auroc_by_unseen_texture_pack": by_pack(frames, blind["texture_pack"])}


def by_pack(frames: Frames, fitted: FittedForecast) -> dict[str, float | None]:
    """AUROC on the frames of each texture pack alone: packs differ in how often the driver departs, so that ranking
    frames of one against those of the other would judge the packs."""
    packs = np.array([str(spec["world"]["texture_pack"]) for spec in frames.specs])[frames.episode]
    found = {}
    for pack in np.unique(packs).tolist():
        rows = fitted.usable & (packs == pack)
        log_odds, soon = fitted.unseen_log_odds[rows], fitted.soon[rows]
        found[pack] = auroc(log_odds[soon], log_odds[~soon])
    return found
