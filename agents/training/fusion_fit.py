"""Fit the fusion: which monitors together say most of a departure within 3 s, by greedy selection across episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.training.dataset import NoDataError
from agents.training.logistic import fit_logistic
from harness.evaluation.ranking import average_precision

Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]
FOLDS = 5
MAX_PARTS = 5
LEAST_GAIN = 0.002
"""Of average precision; a part that adds less is not worth its milliseconds."""
_CLIP = (0.005, 0.995)
_SMALLEST_SCALE = 1e-6


def described_parts(scores: Mapping[str, Floats], usable: Flags) -> dict[str, dict[str, float]]:
    """Range, mean and scale of each score on usable frames."""
    parts = {}
    for name, score in scores.items():
        values = score[usable].astype(np.float64)
        low, high = np.quantile(values, _CLIP).tolist()
        clipped = np.clip(values, low, high)
        scale = max(float(clipped.std()), _SMALLEST_SCALE)
        parts[name] = {"low": low, "high": high, "mean": float(clipped.mean()), "scale": scale}
    return parts


def standardised(scores: Mapping[str, Floats], parts: Mapping[str, Mapping[str, float]]) -> dict[str, Floats]:
    """Scores as the model reads them."""
    return {
        name: (np.clip(scores[name].astype(np.float64), part["low"], part["high"]) - part["mean"]) / part["scale"]
        for name, part in parts.items()
    }


def unseen_precision(columns: Sequence[Floats], soon: Flags, fold: npt.NDArray[np.int64]) -> float:
    """Average precision of a logistic model on episodes it was not fitted to; rows are usable frames.

    Raises:
        NoDataError: no departure among them.
    """
    x = np.stack(columns, axis=1)
    answers = np.empty(len(soon))
    for k in range(FOLDS):
        weights, intercept = fit_logistic(x[fold != k], soon[fold != k])
        answers[fold == k] = x[fold == k] @ weights + intercept
    precision = average_precision(answers[soon], answers[~soon])
    if precision is None:
        raise NoDataError("no usable frame is followed by a departure: a fusion has nothing to learn from")
    return precision


def fit_fusion(scores: Mapping[str, Floats], soon: Flags, usable: Flags, fold: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Greedy forward selection, then the model on all episodes, then what each part is worth.

    Args:
        scores: monitor -> (N,), of episodes that it was not fitted to where it learned from departures.
        soon: departs within 3 s, (N,). usable: outcome known, (N,). fold: of each frame, by episode, (N,).

    Returns:
        ``parts`` (name, low, high, mean, scale, weight), ``intercept``; for the card ``selection`` (each step's average
        precision on unseen episodes), ``alone``, ``without`` (the chosen parts but one), ``all``, and ``all_without``:
        the union ablation, all monitors but one.
    """
    described = described_parts(scores, usable)
    columns = {name: values[usable] for name, values in standardised(scores, described).items()}
    soon, fold = soon[usable], fold[usable]

    def worth(names: Sequence[str]) -> float:
        return unseen_precision([columns[name] for name in names], soon, fold)

    alone = {name: worth([name]) for name in columns}
    chosen = [max(alone, key=lambda name: alone[name])]
    reached = [alone[chosen[0]]]
    while len(chosen) < min(MAX_PARTS, len(columns)):
        tried = {name: worth([*chosen, name]) for name in columns if name not in chosen}
        best = max(tried, key=lambda name: tried[name])
        if tried[best] < reached[-1] + LEAST_GAIN:
            break
        chosen.append(best)
        reached.append(tried[best])
    weights, intercept = fit_logistic(np.stack([columns[name] for name in chosen], axis=1), soon)
    parts = [
        {"name": name, **described[name], "weight": float(weight)} for name, weight in zip(chosen, weights, strict=True)
    ]

    def but_one(names: Sequence[str]) -> dict[str, float]:
        return {name: worth([other for other in names if other != name]) for name in names if len(names) > 1}

    return {
        "parts": parts,
        "intercept": intercept,
        "selection": [{"added": name, "average_precision": value} for name, value in zip(chosen, reached, strict=True)],
        "alone": alone,
        "without": but_one(chosen),
        "all": worth(list(columns)),
        "all_without": but_one(list(columns)),
        "prevalence": float(soon.mean()),
    }
