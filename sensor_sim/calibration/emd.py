"""How far two samples of scores are apart.

The earth mover's distance (Wasserstein-1) is the area between the two distribution functions. It has the unit of the
scores, tells "half good, half bad" from "all average", and has no sign: the difference of the means goes beside it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import wasserstein_distance

from sensor_sim.errors import SensorSpecError

Scores = npt.NDArray[np.float64]


def checked_scores(values: object, what: str) -> Scores:
    """``values`` as float64 (n,).

    Args:
        what: whose scores they are, for the message.

    Raises:
        SensorSpecError: empty, not one-dimensional, or not finite.
    """
    try:
        scores = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise SensorSpecError(f"{what} are no numbers: {values!r:.200}") from None
    if scores.ndim != 1 or scores.size == 0 or not np.isfinite(scores).all():
        raise SensorSpecError(f"{what} have shape {scores.shape}; give one finite number per frame")
    return scores


def earth_movers_distance(first: Scores, second: Scores) -> float:
    """Area between the distribution functions of two samples of any sizes; 0 = the same distribution."""
    return float(
        wasserstein_distance(checked_scores(first, "the first scores"), checked_scores(second, "the second scores"))
    )


def quantile_differences(scores: Scores, target: Scores) -> Scores:
    """Differences of the sorted scores to the target's quantiles, one per score.

    With samples of one size the mean of their magnitudes is the earth mover's distance; otherwise the target's
    quantile function is read, linearly, in the middle of each score's share.
    """
    ranks = (np.arange(scores.size) + 0.5) / scores.size
    target_ranks = (np.arange(target.size) + 0.5) / target.size
    return np.asarray(np.sort(scores) - np.interp(ranks, target_ranks, np.sort(target)), np.float64)
