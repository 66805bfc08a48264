"""Seconds to ticks, and boolean traces to maximal stretches.

Every tick stands for ``tick_s`` seconds, so a stretch of n true ticks lasts n·tick_s and nothing has zero
length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
# In floats 0.6 / 0.2 is 2.9999999999999996: round-off must neither add nor drop a tick.
ROUND_OFF_TICKS = 1e-6


class InvalidTraceError(ValueError):
    """A recorded trace cannot be judged (NaN ground truth, unequal lengths, non-positive tick)."""


def ticks_at_least(seconds: float, tick_s: float) -> int:
    """Smallest number of ticks that lasts ``seconds`` or longer.

    ``n >= ticks_at_least(s)`` means "at least s seconds"; ``n < ticks_at_least(s)`` means "shorter than
    s seconds".

    Raises:
        InvalidTraceError: ``tick_s`` is not positive or ``seconds`` is negative.
    """
    if not tick_s > 0.0 or not seconds >= 0.0:
        raise InvalidTraceError(f"need tick_s > 0 and seconds >= 0, got tick_s={tick_s}, seconds={seconds}")
    return max(0, math.ceil(seconds / tick_s - ROUND_OFF_TICKS))


def ticks_longer_than(seconds: float, tick_s: float) -> int:
    """Smallest number of ticks that lasts strictly longer than ``seconds``.

    Raises:
        InvalidTraceError: ``tick_s`` is not positive or ``seconds`` is negative.
    """
    if not tick_s > 0.0 or not seconds >= 0.0:
        raise InvalidTraceError(f"need tick_s > 0 and seconds >= 0, got tick_s={tick_s}, seconds={seconds}")
    return math.floor(seconds / tick_s + ROUND_OFF_TICKS) + 1


@dataclass(frozen=True)
class Stretch:
    """Ticks ``start`` (inclusive) to ``end`` (exclusive)."""

    start: int
    end: int

    @property
    def ticks(self) -> int:
        """Number of ticks, at least 1."""
        return self.end - self.start


def maximal_stretches(active: BoolArray, min_ticks: int = 1, merge_gaps_below_ticks: int = 0) -> list[Stretch]:
    """Maximal runs of true ticks, short ones dropped first, then near ones merged.

    Dropping comes first: two 0.1 s touches 0.5 s apart are no departure of 0.2 s.

    Args:
        active: (N,) bool.
        min_ticks: shortest run that counts.
        merge_gaps_below_ticks: runs separated by fewer inactive ticks than this become one.

    Returns:
        Stretches in order of time.
    """
    padded = np.concatenate(([False], np.asarray(active, dtype=bool), [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    merged: list[Stretch] = []
    for start, end in zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - start < min_ticks:
            continue
        if merged and start - merged[-1].end < merge_gaps_below_ticks:
            merged[-1] = Stretch(merged[-1].start, end)
        else:
            merged.append(Stretch(start, end))
    return merged
