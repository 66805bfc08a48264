"""Mean over pictures with a bootstrap interval; undefined pictures are left out and counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRAWS = 2000


@dataclass(frozen=True)
class MeanOverPictures:
    """Mean, 95 % percentile interval of a bootstrap over pictures, and n; None where nothing is defined.

    Attributes:
        value: mean. low, high: bounds, None below two pictures. n: pictures with a value. undefined: without one.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    undefined: int


def mean_over_pictures(values: npt.NDArray[np.floating], seed: int = 0) -> MeanOverPictures:
    """Of one number per picture, NaN where it is undefined."""
    given = np.asarray(values, dtype=np.float64)
    defined = given[np.isfinite(given)]
    n, undefined = len(defined), len(given) - len(defined)
    if n < 2:
        return MeanOverPictures(float(defined[0]) if n else None, None, None, n, undefined)
    draws = np.random.default_rng(seed).integers(0, n, (DRAWS, n))
    low, high = np.percentile(defined[draws].mean(axis=1), [2.5, 97.5])
    return MeanOverPictures(float(defined.mean()), float(low), float(high), n, undefined)
