"""Pairwise coverage: which combinations of two parameters were driven at all, and which cells were not.

Numbers are cut into equal parts of their range, choices into their values. Most faults need the interplay of two
factors at most, so a cell without a run is a place where nothing is known.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.campaign.parameter_space import ParameterSpec, Value

BINS = 4


@dataclass(frozen=True)
class PairCoverage:
    """Cells of two parameters.

    Attributes:
        first, second: ids. cells, driven: how many there are, how many hold a point.
        untested: labels of the others, (first, second) each.
    """

    first: str
    second: str
    cells: int
    driven: int
    untested: tuple[tuple[str, str], ...]


def bin_count(parameter: ParameterSpec, bins: int = BINS) -> int:
    """Number of parts of a parameter: at most one per value of a choice or a whole number."""
    if parameter.type == "choice":
        return len(parameter.values)
    if parameter.type == "int":
        return min(bins, int(float(parameter.max or 0) - float(parameter.min or 0)) + 1)
    return bins


def bin_of(parameter: ParameterSpec, value: Value, bins: int = BINS) -> int:
    """The part that a value lies in."""
    count = bin_count(parameter, bins)
    return min(int(parameter.share(value) * count), count - 1)


def bin_label(parameter: ParameterSpec, place: int, bins: int = BINS) -> str:
    """A part in words: the value of a choice, ``[low, high)`` of a number."""
    if parameter.type == "choice":
        return str(parameter.values[place])
    low, high, count = float(parameter.min or 0.0), float(parameter.max or 0.0), bin_count(parameter, bins)
    if parameter.type == "int":
        parts = (high - low + 1) / count
        first, last = (math.ceil(edge * parts - 0.5) for edge in (place, place + 1))
        return f"{low + first:g}" if last - first == 1 else f"{low + first:g} to {low + last - 1:g}"
    width = (high - low) / count
    return f"[{low + place * width:g}, {low + (place + 1) * width:g}{']' if place == count - 1 else ')'}"


def pairwise_coverage(
    parameters: Sequence[ParameterSpec], points: Sequence[Mapping[str, Value]], bins: int = BINS
) -> list[PairCoverage]:
    """Coverage of every pair of parameters by the points driven."""
    rows = []
    for first, second in itertools.combinations(parameters, 2):
        driven = {(bin_of(first, p[first.id], bins), bin_of(second, p[second.id], bins)) for p in points}
        cells = list(itertools.product(range(bin_count(first, bins)), range(bin_count(second, bins))))
        untested = tuple(
            (bin_label(first, i, bins), bin_label(second, j, bins)) for i, j in cells if (i, j) not in driven
        )
        rows.append(PairCoverage(first.id, second.id, len(cells), len(cells) - len(untested), untested))
    return rows
