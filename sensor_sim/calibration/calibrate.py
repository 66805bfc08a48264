"""A calibration from start to result: the search, and what its figures are worth under fresh noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sensor_sim.calibration.camera_model import CameraModel, FreeParameter, Values
from sensor_sim.calibration.emd import Scores, checked_scores, earth_movers_distance
from sensor_sim.calibration.scoring import Evaluator
from sensor_sim.calibration.search import Search, search

FRESH_SEED_OFFSET = 1_000_003
DEFAULT_EVALUATIONS = 100
AT_BOUND_SHARE = 1e-3
"""Closer to a bound than this share of the range counts as at the bound."""

FEWEST_SCORES = 100
"""Samples smaller than this make the distance mostly noise (Hagn and Grau use 500 images, and at least 100)."""


@dataclass(frozen=True)
class Calibration:
    """Result of a calibration.

    Attributes:
        model: what was free.
        search: all trials.
        target: the scores to be matched.
        start_emd, best_emd: of the first and the best camera under noise that the search did not see.
        best_mean_difference: mean score of the best camera minus the target's, under that noise.
        noise_floor_emd: distance of the best camera to itself under other noise; smaller differences mean nothing.
    """

    model: CameraModel
    search: Search
    target: Scores
    start_emd: float
    best_emd: float
    best_mean_difference: float
    noise_floor_emd: float

    @property
    def reduction(self) -> float | None:
        """Share by which the distance fell, under fresh noise; None where there was none to begin with."""
        return None if self.start_emd == 0.0 else 1.0 - self.best_emd / self.start_emd

    def at_bounds(self) -> list[str]:
        """Names of free parameters whose best value lies at an end of its range: the camera may be another kind."""
        return [
            parameter.name
            for parameter, value in zip(self.model.free, self.search.best.values, strict=True)
            if _at_bound(parameter, value)
        ]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        names = [parameter.name for parameter in self.model.free]
        return {
            "schema_version": 1,
            "cost": "earth mover's distance of per-frame scores",
            "scores": int(self.search.start.scores.size),
            "target_scores": int(self.target.size),
            "enough_scores": min(self.search.start.scores.size, self.target.size) >= FEWEST_SCORES,
            "evaluations": len(self.search.trials),
            "end_reason": self.search.end_reason,
            "emd_start": self.start_emd,
            "emd_best": self.best_emd,
            "emd_reduction": self.reduction,
            "mean_difference_best": self.best_mean_difference,
            "emd_noise_floor": self.noise_floor_emd,
            "at_bounds": self.at_bounds(),
            "free": [
                {"name": p.name, "low": p.low, "high": p.high, "start": start, "best": best}
                for p, start, best in zip(
                    self.model.free, self.search.start.values, self.search.best.values, strict=True
                )
            ],
            "trials": [
                {
                    "values": dict(zip(names, trial.values, strict=True)),
                    "emd": trial.emd,
                    "mean_difference": trial.mean_difference,
                }
                for trial in self.search.trials
            ],
        }


def _at_bound(parameter: FreeParameter, value: float) -> bool:
    slack = AT_BOUND_SHARE * (parameter.high - parameter.low)
    # The smallest box is no blur at all, which many cameras have.
    return parameter.high - value < slack or (not parameter.whole and value - parameter.low < slack)


def calibrate(
    model: CameraModel, evaluate: Evaluator, target: Scores, seed: int, max_evaluations: int = DEFAULT_EVALUATIONS
) -> Calibration:
    """Find the camera whose scores are distributed like ``target``.

    One distance does not identify five parameters: the result is a camera that looks alike to the score function, not
    a measurement of its parameters.

    Args:
        model: start and free parameters.
        evaluate: scores of cameras on the scenes.
        target: scores of the real (or hidden) camera, float64 (m,).
        seed: of the common random numbers; the figures of the result are made with another one.
        max_evaluations: cameras scored during the search at most.
    """
    target = checked_scores(target, "the target scores")
    found = search(model, evaluate, target, seed, max_evaluations)
    ends: list[Values | tuple[float, ...]] = [found.start.values, found.best.values]
    start_scores, best_scores = evaluate([model.schedule(values) for values in ends], seed + FRESH_SEED_OFFSET)
    return Calibration(
        model=model,
        search=found,
        target=target,
        start_emd=earth_movers_distance(start_scores, target),
        best_emd=earth_movers_distance(best_scores, target),
        best_mean_difference=float(best_scores.mean() - target.mean()),
        noise_floor_emd=earth_movers_distance(best_scores, found.best.scores),
    )
