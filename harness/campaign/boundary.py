"""Where driving turns from passing to failing: neighbouring points of opposite outcome, halved round by round.

A first round has scattered points or a grid. Two points of opposite outcome are neighbours if no other point lies in
the ball that has them as ends of a diameter (Gabriel 1969); on a grid these are the neighbours along one axis. Later
rounds only halve: whatever the middle of a bracket does, one half of the bracket still has the boundary in it, so k
rounds leave an error of its length / 2^k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from harness.campaign.parameter_space import ParameterSpec, Point, Value

Bracket = tuple[Point, Point]
FloatArray = npt.NDArray[np.float64]
# On a grid the far corners lie on the very surface of the ball.
_SURFACE = 1e-9


def midpoint(parameters: Sequence[ParameterSpec], passed: Mapping[str, Value], failed: Mapping[str, Value]) -> Point:
    """The point between two; where their choices differ it keeps the one that passed."""
    middle: Point = {}
    for parameter in parameters:
        first, second = passed[parameter.id], failed[parameter.id]
        if parameter.type == "choice":
            middle[parameter.id] = first
        elif parameter.type == "int":
            middle[parameter.id] = round((float(first) + float(second)) / 2.0)
        else:
            middle[parameter.id] = round((float(first) + float(second)) / 2.0, 9)
    return middle


def bracket_length(parameters: Sequence[ParameterSpec], bracket: Bracket) -> float:
    """Distance of the two ends where every parameter's range counts as 1."""
    first, second = (_places(parameters, end) for end in bracket)
    return float(np.linalg.norm(first - second))


def neighbours(parameters: Sequence[ParameterSpec], passed: Sequence[Point], failed: Sequence[Point]) -> list[Bracket]:
    """Every (passed, failed) pair of neighbouring points; choices must agree, or nothing lies between the two."""
    points = [*passed, *failed]
    if not passed or not failed:
        return []
    places = np.array([_places(parameters, point) for point in points])
    choices = [parameter.id for parameter in parameters if parameter.type == "choice"]
    found = []
    for i, first in enumerate(passed):
        for j, second in enumerate(failed, start=len(passed)):
            if any(first[key] != second[key] for key in choices):
                continue
            centre = (places[i] + places[j]) / 2.0
            radius = float(np.linalg.norm(places[i] - centre))
            inside = np.linalg.norm(places - centre, axis=1) <= radius * (1.0 + _SURFACE)
            inside[[i, j]] = False
            same = np.array([all(point[key] == first[key] for key in choices) for point in points])
            if radius > 0.0 and not (inside & same).any():
                found.append((first, second))
    return found


def halved(
    parameters: Sequence[ParameterSpec], brackets: Sequence[Bracket], has_failed: Sequence[bool | None]
) -> list[Bracket]:
    """The half of each bracket that still holds the boundary.

    Args:
        brackets: (passed, failed). has_failed: outcome of each middle; None where nobody knows: kept whole.
    """
    return [
        bracket
        if outcome is None
        else ((bracket[0], midpoint(parameters, *bracket)) if outcome else (midpoint(parameters, *bracket), bracket[1]))
        for bracket, outcome in zip(brackets, has_failed, strict=True)
    ]


def open_brackets(parameters: Sequence[ParameterSpec], brackets: Sequence[Bracket], tolerance: float) -> list[Bracket]:
    """Brackets longer than the tolerance whose middle is a new point."""
    return [
        bracket
        for bracket in brackets
        if bracket_length(parameters, bracket) > tolerance * (1.0 + _SURFACE)
        and midpoint(parameters, *bracket) not in bracket
    ]


def _places(parameters: Sequence[ParameterSpec], point: Mapping[str, Value]) -> FloatArray:
    """Place of a point in the unit cube; whole numbers by their ends, so that neighbours are 1 / range apart."""
    return np.array(
        [
            0.0
            if p.type == "choice"
            else (float(point[p.id]) - float(p.min or 0.0)) / (float(p.max or 0.0) - float(p.min or 0.0))
            for p in parameters
        ]
    )
