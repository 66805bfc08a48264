"""Points of a parameter space: grid, random, low-discrepancy sequences, listed points, middles of brackets."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from harness.campaign.boundary import midpoint
from harness.campaign.identity import seed_for, short_hash
from harness.campaign.parameter_space import DUMMY, MAX_POINTS, ParameterSpec, Point, SpaceSpec, Value

FloatArray = npt.NDArray[np.float64]


class TooManyPointsError(ValueError):
    """A grid larger than any campaign."""


def sample_points(space: SpaceSpec) -> list[Point]:
    """Every point of a space, each once, in a stable order; each with its value of the control ``dummy``.

    Same spec, same points. The control is drawn from the hash of a point's other values: it depends on nothing else.

    Raises:
        TooManyPointsError: a grid of more than 100,000 points.
    """
    sampler = space.sampler
    if sampler.kind == "grid":
        points = _grid(space)
    elif sampler.kind == "listed":
        points = [{parameter.id: point[parameter.id] for parameter in space.parameters} for point in sampler.listed]
    elif sampler.kind == "bisect":
        points = [midpoint(space.parameters, *bracket) for bracket in sampler.brackets]
    else:
        shares = _shares(sampler.kind, len(space.parameters), int(sampler.points or 0), sampler.seed)
        points = [{p.id: p.at(share) for p, share in zip(space.parameters, row, strict=True)} for row in shares]
    distinct = {short_hash(point): point for point in points}
    return [point | {DUMMY: _control(name)} for name, point in distinct.items()]


def grid_values(parameter: ParameterSpec, levels: int | None) -> tuple[Value, ...]:
    """The values of a parameter on a grid: all of a choice, else by its step, else ``levels`` from end to end."""
    if parameter.type == "choice":
        return parameter.values
    low, high = float(parameter.min or 0.0), float(parameter.max or 0.0)
    step = parameter.step if parameter.step is not None or levels is not None else 1.0
    if step is not None:
        count = math.floor((high - low) / step + 1e-9) + 1
        values = [round(low + k * step, 9) for k in range(count)]
    else:
        values = [round(float(value), 9) for value in np.linspace(low, high, int(levels or 2))]
    if parameter.type == "int":
        return tuple(dict.fromkeys(round(value) for value in values))
    return tuple(values)


def _grid(space: SpaceSpec) -> list[Point]:
    axes = [grid_values(parameter, space.sampler.levels) for parameter in space.parameters]
    size = math.prod(len(axis) for axis in axes)
    if size > MAX_POINTS:
        raise TooManyPointsError(f"the grid has {size:,} points, at most {MAX_POINTS:,} are possible: use fewer levels")
    ids = [parameter.id for parameter in space.parameters]
    return [dict(zip(ids, values, strict=True)) for values in itertools.product(*axes)]


def _shares(kind: str, dimensions: int, points: int, seed: int) -> FloatArray:
    """Points in the unit cube, (points, dimensions)."""
    if kind == "random":
        return np.random.default_rng(seed).random((points, dimensions))
    from scipy.stats import qmc  # most campaigns have no space, and it takes half a second

    if kind == "halton":
        return np.asarray(qmc.Halton(dimensions, rng=seed).random(points))
    # A Sobol sequence is balanced at powers of two only: cut, never stretched.
    exponent = math.ceil(math.log2(points)) if points > 1 else 0
    return np.asarray(qmc.Sobol(dimensions, rng=seed).random_base2(exponent)[:points])


def _control(name: str) -> float:
    return seed_for(name, DUMMY) / 2.0**63
