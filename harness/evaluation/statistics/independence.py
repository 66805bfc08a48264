"""How many independent pieces of evidence a campaign holds, and whether its events come in clusters.

Frames are not samples: pictures less than 1 m of travel apart are nearly the same, those 10 m apart nearly
independent, so one unit of evidence is 10 m driven. Driving the same world twice adds no distance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

UNIT_M = 10.0
OVERDISPERSED = 1.5

FloatArray = npt.NDArray[np.float64]


def independent_units(distance_m: float, unit_m: float = UNIT_M) -> int:
    """Whole units of ``unit_m`` in a distance: the most independent samples it can hold."""
    return math.floor(distance_m / unit_m + 1e-9)


def distinct_distance_m(runs: Iterable[tuple[str, float]]) -> float:
    """Distance of evidence in runs (identity, metres): a run driven again counts once, with its longest drive."""
    longest: dict[str, float] = {}
    for identity, metres in runs:
        longest[identity] = max(longest.get(identity, 0.0), metres)
    return sum(longest.values())


def decorrelation_m(signal: npt.ArrayLike, spacing_m: float) -> float | None:
    """Distance after which an evenly sampled signal has forgotten itself: −spacing / ln(lag-one correlation).

    For a first-order process the correlation at this distance is 1/e. None for a constant signal; 0 where the
    neighbours are not positively correlated.
    """
    values = np.asarray(signal, dtype=np.float64)
    values = values - values.mean()
    power = float(np.dot(values, values))
    if power == 0.0:
        return None
    lag_one = float(np.dot(values[1:], values[:-1])) / power
    return -spacing_m / math.log(lag_one) if 0.0 < lag_one < 1.0 else 0.0


def dispersion_index(counts: Sequence[float], exposures: Sequence[float]) -> float | None:
    """Pearson's χ² of event counts against a common rate, per degree of freedom: 1 for Poisson, > 1 for clusters.

    Args:
        counts: events of each group (road, pair). exposures: km, minutes or runs of each.

    Returns:
        None with fewer than two groups of positive exposure, or no event.
    """
    n, e = np.asarray(counts, dtype=np.float64), np.asarray(exposures, dtype=np.float64)
    n, e = n[e > 0], e[e > 0]
    if len(n) < 2 or n.sum() == 0:
        return None
    expected = e * n.sum() / e.sum()
    return float(np.sum((n - expected) ** 2 / expected) / (len(n) - 1))


def dispersion_warning(groups: Mapping[str, tuple[float, float]], what: str) -> str | None:
    """A sentence where events cluster on some groups (name -> (events, exposure)), None where they do not."""
    index = dispersion_index([k for k, _ in groups.values()], [e for _, e in groups.values()])
    if index is None or index <= OVERDISPERSED:
        return None
    worst = max(groups, key=lambda name: groups[name][0])
    return (
        f"events cluster by {what} (dispersion index {index:.1f}, 1 expected; most on {worst}): exact intervals treat "
        "them as independent and are too narrow, read the bootstrap over pairs"
    )
