"""SG-AC curves of a monitor as look-ups: every shadow run, every threshold, every reaction time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import DEBOUNCE_S, hysteresis
from harness.evaluation.rescue_lookup import LookupRun, takeovers
from harness.evaluation.safety_gain import MIN_TAKEOVER_S
from harness.evaluation.stretches import ticks_at_least

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MAX_THRESHOLDS = 41


@dataclass(frozen=True)
class Sweep:
    """One monitor over thresholds (T) and reaction times (R), summed over runs; every array (T, R).

    Attributes:
        saved: prevented departures. beyond_first: departures whose outcome rests on a later than the first takeover.
        disturbed: runs without a departure in which the wheel was taken over.
        taken_s, run_s: time taken over and time driven.
    """

    saved: IntArray
    beyond_first: IntArray
    disturbed: IntArray
    taken_s: FloatArray
    run_s: FloatArray


def sweep(
    runs: Sequence[LookupRun],
    monitor: str,
    thetas: FloatArray,
    reactions_s: Sequence[float],
    declared_latency_s: float = 0.0,
) -> Sweep:
    """Look up every run at every threshold (θ_off = θ_on) and reaction time.

    Args:
        runs: shadow runs in which the monitor scored and, where they departed, whose row of the map is known.
        monitor: its name. thetas: thresholds on the final statistic, (T,). reactions_s: ρ, (R,).
        declared_latency_s: of the monitor.
    """
    counts = np.zeros((3, len(thetas), len(reactions_s)), dtype=np.int64)
    seconds = np.zeros((2, len(thetas), len(reactions_s)))
    for run in runs:
        ticks = np.zeros((2, len(thetas), len(reactions_s)), dtype=np.int64)
        last_safe = -1 if run.rescue is None or run.rescue.last_safe_tick is None else run.rescue.last_safe_tick
        _sweep_run(
            np.ascontiguousarray(run.statistics[monitor], np.float64),
            thetas,
            max(1, ticks_at_least(DEBOUNCE_S, run.tick_s)),
            ticks_at_least(declared_latency_s, run.tick_s),
            np.array([ticks_at_least(reaction_s, run.tick_s) for reaction_s in reactions_s]),
            ticks_at_least(MIN_TAKEOVER_S, run.tick_s),
            (run.judged_ticks, run.ticks, run.rescued_ticks, last_safe, run.rescue is not None),
            counts,
            ticks,
        )
        seconds += ticks * run.tick_s
    return Sweep(counts[0], counts[1], counts[2], seconds[0], seconds[1])


def thresholds_of(runs: Sequence[LookupRun], monitor: str) -> FloatArray:
    """Thresholds that divide the runs evenly by their largest statistic before the onset, from silent to always on.

    Returns:
        At most 41 values, falling; the last lies below every statistic.
    """
    largest, smallest = [], []
    for run in runs:
        statistic = run.statistics[monitor][: run.judged_ticks]
        finite = statistic[np.isfinite(statistic)]
        if len(finite):
            largest.append(finite.max())
            smallest.append(finite.min())
    if not largest:
        return np.zeros(0)
    quantiles = np.quantile(largest, np.linspace(1.0, 0.0, MAX_THRESHOLDS - 1), method="inverted_cdf")
    below_all = np.nextafter(min(smallest), -np.inf)
    return np.unique(np.append(quantiles, below_all))[::-1].copy()


def _sweep_loop(
    statistic: FloatArray,
    thetas: FloatArray,
    debounce: int,
    latency: int,
    reactions: IntArray,
    least: int,
    run: tuple[int, int, int, int, bool],
    counts: IntArray,
    ticks: IntArray,
) -> None:
    """Add one run to ``counts`` (saved, beyond first, disturbed) and ``ticks`` (taken over, driven), all (_, T, R)."""
    known, length, rescued_length, last_safe, departed = run
    for t in range(len(thetas)):
        raised = hysteresis(statistic, thetas[t], thetas[t], debounce)
        alarm = np.zeros(known, dtype=np.bool_)
        alarm[latency:] = raised[: max(0, known - latency)]
        for r in range(len(reactions)):
            first, decisive, count, taken = takeovers(alarm, length, reactions[r], least)
            total = length
            if departed and 0 <= decisive <= last_safe:
                counts[0, t, r] += 1
                total = rescued_length
                _, _, count, taken = takeovers(alarm, total, reactions[r], least)
            if departed and 0 <= first < known and first != decisive:
                counts[1, t, r] += 1
            if not departed and count > 0:
                counts[2, t, r] += 1
            ticks[0, t, r] += taken
            ticks[1, t, r] += total


_sweep_run: Any = numba.njit(cache=True)(_sweep_loop)
