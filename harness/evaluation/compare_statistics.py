"""Two drivers on the same pairs: p-values from swapped labels, corrected for many looks; interval of a difference.

If the candidate were no other driver than the baseline, swapping the labels within any pair would change nothing. The
corrected p-value compares each statistic with the largest one of all columns under such swaps (Westfall & Young 1993,
single-step maxT): the chance of any false finding is α, whatever the columns have in common. Counts of departures are
coarse, which alone would keep that chance below α: swaps with equal counts are told apart by a second, finer figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from harness.evaluation.statistics.intervals import CONFIDENCE

FloatArray = npt.NDArray[np.float64]

SWAPS = 10_000
_CHUNK = 500
# Statistics that are equal but for the order of summation count as equal.
_TIE = 1e-9


@dataclass(frozen=True)
class SwapTest:
    """One-sided p-values of each column, (C,), NaN where all differences are 0 and nothing can be tested.

    Attributes:
        worse, better: of the column alone. worse_corrected, better_corrected: for all columns together.
    """

    worse: FloatArray
    better: FloatArray
    worse_corrected: FloatArray
    better_corrected: FloatArray


def swap_test(
    differences: FloatArray,
    seed: int,
    units: Sequence[object] = (),
    swaps: int = SWAPS,
    tie_breaker: FloatArray | None = None,
) -> SwapTest:
    """Test whether the mean of each column is above (worse) or below 0 (better).

    Args:
        differences: candidate minus baseline of each pair, positive = worse, 0 for a pair that a column does not
            hold, (P, C).
        seed: of the generator that swaps.
        units: what is swapped as one, for each pair (its road, say); by default every pair for itself.
        swaps: number of random swaps; the smallest p-value is 1 / (swaps + 1).
        tie_breaker: finer differences, positive = worse, for columns that count (entries −1, 0, 1), (P, C). They
            order swaps of equal counts and can never outweigh a count.
    """
    norms = np.sqrt(np.sum(differences**2, axis=0))
    testable = norms > 0.0
    if tie_breaker is not None:
        # Counts differ by 2 when a pair is swapped; all the finer differences of a column together make at most 1/2.
        sizes = np.abs(tie_breaker).sum(axis=0)
        differences = differences + 0.5 * tie_breaker / np.where(sizes > 0.0, sizes, 1.0)
    # Pairs without a difference weigh nothing, however they are swapped.
    active = differences.any(axis=1)
    columns = differences[np.ix_(active, testable)] / norms[testable]
    if units and len(columns):
        kept = [str(unit) for unit, counts in zip(units, np.atleast_1d(active), strict=True) if counts]
        _, member = np.unique(kept, return_inverse=True)
        grouped = np.zeros((int(member.max()) + 1, columns.shape[1]))
        np.add.at(grouped, member, columns)
        columns = grouped
    found = columns.sum(axis=0)
    counts = np.zeros((4, columns.shape[1]))
    rng = np.random.default_rng(seed)
    for first in range(0, swaps if columns.shape[1] else 0, _CHUNK):
        signs = rng.integers(0, 2, size=(min(_CHUNK, swaps - first), len(columns)), dtype=np.int8) * 2.0 - 1.0
        drawn = signs @ columns
        counts[0] += np.sum(drawn >= found - _TIE, axis=0)
        counts[1] += np.sum(drawn <= found + _TIE, axis=0)
        counts[2] += np.sum(drawn.max(axis=1, keepdims=True) >= found - _TIE, axis=0)
        counts[3] += np.sum(drawn.min(axis=1, keepdims=True) <= found + _TIE, axis=0)
    p_values = np.full((4, len(norms)), np.nan)
    p_values[:, testable] = (1.0 + counts) / (swaps + 1.0)
    return SwapTest(*p_values)


def paired_difference(
    only_candidate: int, only_baseline: int, pairs: int, confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """Difference of two paired shares, candidate − baseline, with its interval (Bonett & Price 2012, adjusted Wald).

    Not degenerate without a discordant pair, unlike a bootstrap.

    Args:
        only_candidate, only_baseline: pairs in which only one of the two departed. pairs: all pairs.

    Returns:
        Difference, lower and upper bound, each in [−1, 1].

    Raises:
        ValueError: no pair, or counts that do not fit.
    """
    if pairs < 1 or min(only_candidate, only_baseline) < 0 or only_candidate + only_baseline > pairs:
        raise ValueError(f"{only_candidate} and {only_baseline} discordant of {pairs} pairs")
    worse, better = (only_candidate + 1) / (pairs + 2), (only_baseline + 1) / (pairs + 2)
    half = float(norm.ppf(0.5 + confidence / 2.0)) * math.sqrt((worse + better - (worse - better) ** 2) / (pairs + 2))
    value, centre = (only_candidate - only_baseline) / pairs, worse - better
    return value, max(-1.0, centre - half), min(1.0, centre + half)
