"""Bootstrap over units and training seeds together (PROTOCOL §8): what other runs and other trainings might have given.

Each draw of units comes with a draw of seeds, and its figure is the mean over these. Whatever is drawn with one seed is
drawn alike, so draws of two monitors may be subtracted. Of S seeds a bootstrap keeps (S − 1)/S of the variance between
trainings: with five the intervals are a little narrow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.evaluation.statistics.bootstrap import (
    CONFIDENCE,
    DRAWS,
    MAX_UNDEFINED_SHARE,
    SumStatistic,
    stratified_weights,
)

FloatArray = npt.NDArray[np.float64]


def draws_over_seeds(
    columns: Sequence[FloatArray], statistic: SumStatistic, strata: Sequence[object], seed: int
) -> FloatArray:
    """A figure in every draw, (DRAWS,); NaN where a drawn seed has none.

    Args:
        columns: of each training seed, one row per unit, (U, C). statistic: of column sums, (B, C) -> (B,).
        strata: stratum of each of the U units. seed: of the generators that draw.
    """
    weights = stratified_weights(strata, DRAWS, seed)
    by_seed = np.column_stack([statistic(weights @ one) for one in columns])
    count = len(columns)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=DRAWS)
    return np.where(drawn > 0, by_seed * drawn, 0.0).sum(axis=1) / count


def percentile_interval(draws: FloatArray) -> tuple[float | None, float | None]:
    """95 % of the draws; None where more than one in twenty is undefined."""
    if np.isnan(draws).mean() > MAX_UNDEFINED_SHARE:
        return None, None
    low, high = np.nanquantile(draws, [(1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0]).tolist()
    return low, high
