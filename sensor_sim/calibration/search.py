"""The search for the camera whose scores are distributed like the target's.

After Hagn and Grau (2022): bounded trust region reflective least squares (SciPy's ``trf``), stopped at changes below
1e-6. What they leave open is settled so:
- A relative step of 5 %: smaller ones vanish in 8-bit rounding, and the search then stays where it starts.
- Common random numbers: every camera of a search sees the same noise draws.
- The box is a whole number: ``trf`` runs over the other parameters for one box at a time, warm-started, and the box
  moves by one as long as the distance falls.
- Residuals are the differences of the sorted scores, not their mean magnitude alone: a whole distribution tells the
  parameters apart better than one number. The result is the trial with the smallest earth mover's distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from sensor_sim.calibration.camera_model import CameraModel, Values
from sensor_sim.calibration.emd import Scores, earth_movers_distance, quantile_differences
from sensor_sim.calibration.scoring import Evaluator

RELATIVE_STEP = 0.05
SMALLEST_STEP = 0.005
"""Share of a parameter's range that a step has at least: 5 % of a value near zero would be no step."""

TOLERANCE = 1e-6
FIRST_ITERATIONS = 8
NEXT_ITERATIONS = 3


@dataclass(frozen=True)
class Trial:
    """One evaluated camera.

    Attributes:
        values: of the free parameters.
        emd: earth mover's distance to the target.
        mean_difference: mean score minus the target's.
        scores: float64 (number of scenes,).
    """

    values: tuple[float, ...]
    emd: float
    mean_difference: float
    scores: Scores


@dataclass(frozen=True)
class Search:
    """What a search did: ``trials`` in order, the first is the start; why it ended."""

    trials: tuple[Trial, ...]
    end_reason: str

    @property
    def start(self) -> Trial:
        """The camera it began with."""
        return self.trials[0]

    @property
    def best(self) -> Trial:
        """The trial with the smallest distance; the earliest of equals."""
        return min(self.trials, key=lambda trial: trial.emd)


class _BudgetSpentError(Exception):
    """The next evaluations would be more than allowed."""


def search(model: CameraModel, evaluate: Evaluator, target: Scores, seed: int, max_evaluations: int) -> Search:
    """Search from the model's start.

    Args:
        model: what is free, and the start.
        evaluate: scores of cameras.
        target: scores to be matched, float64 (m,).
        seed: of the common random numbers.
        max_evaluations: cameras scored at most, at least 1.
    """
    ledger = _Ledger(model, evaluate, target, seed, max_evaluations)
    whole = next((i for i, parameter in enumerate(model.free) if parameter.whole), None)
    try:
        current = ledger.score([model.start()])[0]
        current = _descend(model, ledger, current, FIRST_ITERATIONS)
        if whole is not None:
            current = _move_box(model, ledger, current, whole)
            _descend(model, ledger, current, FIRST_ITERATIONS)
        end_reason = "no neighbouring box and no step lowers the distance"
    except _BudgetSpentError:
        end_reason = f"the allowed {max_evaluations} evaluations are spent"
    return Search(tuple(ledger.trials), end_reason)


class _Ledger:
    """Evaluates cameras and remembers all of them; never the same twice, never more than allowed."""

    def __init__(self, model: CameraModel, evaluate: Evaluator, target: Scores, seed: int, budget: int) -> None:
        self.target = target
        self.trials: list[Trial] = []
        self._model, self._evaluate, self._seed, self._budget = model, evaluate, seed, budget
        self._known: dict[tuple[float, ...], Trial] = {}

    def score(self, points: list[Values]) -> list[Trial]:
        """Trials of these values, in their order."""
        keys = [tuple(float(value) for value in point) for point in points]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        allowed = new[: self._budget - len(self.trials)]
        found = self._evaluate([self._model.schedule(key) for key in allowed], self._seed) if allowed else []
        for key, scores in zip(allowed, found, strict=True):
            distance = earth_movers_distance(scores, self.target)
            trial = Trial(key, distance, float(scores.mean() - self.target.mean()), scores)
            self._known[key] = trial
            self.trials.append(trial)
        if len(allowed) < len(new):
            raise _BudgetSpentError
        return [self._known[key] for key in keys]


def _descend(model: CameraModel, ledger: _Ledger, start: Trial, iterations: int) -> Trial:
    """``trf`` over the parameters that are not whole numbers; the best trial it made."""
    moving = [i for i, parameter in enumerate(model.free) if not parameter.whole]
    low = np.array([model.free[i].low for i in moving])
    high = np.array([model.free[i].high for i in moving])
    first = len(ledger.trials)

    def full(moved: Values) -> Values:
        values = np.array(start.values)
        values[moving] = moved
        return values

    def residuals(moved: Values) -> Scores:
        return quantile_differences(ledger.score([full(moved)])[0].scores, ledger.target)

    least_squares(
        residuals,
        np.clip(np.array(start.values)[moving], low, high),
        jac=_jacobian(ledger, full, low, high),
        bounds=(low, high),
        method="trf",
        x_scale=high - low,
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=None,
        max_nfev=iterations,
    )
    return min([start, *ledger.trials[first:]], key=lambda trial: trial.emd)


def _jacobian(
    ledger: _Ledger, full: Callable[[Values], Values], low: Values, high: Values
) -> Callable[[Values], Values]:
    """Forward differences with a relative step, all points scored together; a step goes to the wider side."""

    def jacobian(moved: Values) -> Values:
        size = np.maximum(RELATIVE_STEP * np.abs(moved), SMALLEST_STEP * (high - low))
        steps = np.where(high - moved >= moved - low, size, -size)
        points = [full(moved + step) for step in np.diag(steps)]
        here, *there = ledger.score([full(moved), *points])
        residuals = [quantile_differences(trial.scores, ledger.target) for trial in (here, *there)]
        return np.stack([(after - residuals[0]) / step for after, step in zip(residuals[1:], steps, strict=True)], 1)

    return jacobian


def _move_box(model: CameraModel, ledger: _Ledger, current: Trial, whole: int) -> Trial:
    """Try the neighbours of the whole parameter, and walk on where the distance falls; the best trial."""
    bounds = model.free[whole]
    for direction in (1.0, -1.0):
        best = current
        while bounds.low <= best.values[whole] + direction <= bounds.high:
            values = np.array(best.values)
            values[whole] += direction
            moved = _descend(model, ledger, ledger.score([values])[0], NEXT_ITERATIONS)
            if moved.emd >= best.emd:
                break
            best = moved
        if best is not current:
            return best
    return current
