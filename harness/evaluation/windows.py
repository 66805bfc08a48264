"""Non-overlapping 1 s windows of a run, the unit in which the literature counts (PROTOCOL §7).

Positive windows are laid backwards from the start of the reaction zone as far as the positive zone reaches, negative
ones forwards through each stretch of negative time; what is left over, or shorter than three samples, is dropped. A
window is alarmed if the alarm is up anywhere in it. Nothing is carried from one window, or one event, to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.statistics.bootstrap import divide
from harness.evaluation.stretches import maximal_stretches, ticks_at_least
from harness.evaluation.zones import Zones
from sensor_sim.compiled import compiled

WINDOW_S = 1.0
MIN_SAMPLES = 3
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Windows:
    """First ticks of the windows of either class, (P,) and (M,) int64, and their common length in ticks."""

    positive: npt.NDArray[np.int64]
    negative: npt.NDArray[np.int64]
    ticks: int


@compiled(package="harness.evaluation")
def alarmed_windows(alarm: Any, starts: Any, ticks: int) -> int:
    """How many windows, (W,) first ticks, hold a tick under alarm, (N,) bool."""
    count = 0
    for start in starts:
        for tick in range(start, start + ticks):
            if alarm[tick]:
                count += 1
                break
    return count


def cut_windows(zones: Zones, tick_s: float) -> Windows:
    """The windows of a run. A tick so long that a window holds fewer than three samples gives none."""
    ticks = ticks_at_least(WINDOW_S, tick_s)
    if ticks < MIN_SAMPLES:
        return Windows(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), ticks)
    positive = [
        start
        for event in zones.events
        for start in range(event.reaction_start_tick - ticks, -1, -ticks)
        if event.positive[start : start + ticks].all()
    ]
    negative = [
        start
        for stretch in maximal_stretches(zones.negative, ticks)
        for start in range(stretch.start, stretch.end - ticks + 1, ticks)
    ]
    return Windows(np.array(sorted(positive), dtype=np.int64), np.array(negative, dtype=np.int64), ticks)


def precision(tp: FloatArray, fp: FloatArray) -> FloatArray:
    """TP / (TP + FP), NaN without an alarmed window."""
    return divide(tp, tp + fp)


def recall(tp: FloatArray, fn: FloatArray) -> FloatArray:
    """TP / (TP + FN), NaN without a positive window."""
    return divide(tp, tp + fn)


def f3(tp: FloatArray, fp: FloatArray, fn: FloatArray) -> FloatArray:
    """TP / (TP + 0.1 FP + 0.9 FN) = 10 PR / (9 P + R): 0 for a silent monitor, NaN without a positive window."""
    return np.where(tp + fn > 0, divide(tp, tp + 0.1 * fp + 0.9 * fn), np.nan)


def mcc(tp: FloatArray, fp: FloatArray, fn: FloatArray, tn: FloatArray) -> FloatArray:
    """Matthews correlation, NaN where a row or column of the table is empty."""
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return np.where(product > 0, (tp * tn - fp * fn) / np.sqrt(np.where(product > 0, product, 1.0)), np.nan)
