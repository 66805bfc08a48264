"""SG-AC curves of a monitor as look-ups: every shadow run, every threshold, every reaction time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import DEBOUNCE_S, hysteresis
from harness.evaluation.rescue_lookup import SAVED, LookupRun, Outcome, judge_takeovers
from harness.evaluation.safety_gain import MIN_TAKEOVER_S
from harness.evaluation.stretches import ticks_at_least
from sensor_sim.compiled import compiled

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MAX_THRESHOLDS = 41
FIELDS = len(Outcome._fields)
VERDICT, HELD, DECISIVE, FIRST, BEYOND_FIRST, TAKEOVERS, TAKEN_TICKS, RUN_TICKS = range(FIELDS)


@dataclass(frozen=True)
class Sweep:
    """One monitor over thresholds (T) and reaction times (R), summed over runs; every array (T, R).

    Attributes:
        saved: prevented departures. held: those whose driver keeps the wheel until the place is passed.
        beyond_first: departures whose outcome rests on a later than the first takeover.
        disturbed: runs without a departure in which the wheel was taken over.
        taken_s, run_s: time taken over and time driven.
    """

    saved: IntArray
    held: IntArray
    beyond_first: IntArray
    disturbed: IntArray
    taken_s: FloatArray
    run_s: FloatArray


def look_up(
    run: LookupRun, monitor: str, thetas: FloatArray, reactions_s: Sequence[float], declared_latency_s: float = 0.0
) -> IntArray:
    """One run at every pair of thresholds and reaction time, (T, R, fields of ``Outcome``).

    Args:
        run: in which the monitor scored and, if it departed, whose row of the map is known. monitor: its name.
        thetas: (θ_on, θ_off) rows, (T, 2). reactions_s: ρ, (R,). declared_latency_s: of the monitor.
    """
    return np.asarray(
        _look_up(
            np.ascontiguousarray(run.statistics[monitor], np.float64),
            thetas,
            max(1, ticks_at_least(DEBOUNCE_S, run.tick_s)),
            ticks_at_least(declared_latency_s, run.tick_s),
            np.array([ticks_at_least(reaction_s, run.tick_s) for reaction_s in reactions_s]),
            ticks_at_least(MIN_TAKEOVER_S, run.tick_s),
            run.compiled,
        )
    )


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
    counts = np.zeros((4, len(thetas), len(reactions_s)), dtype=np.int64)
    seconds = np.zeros((2, len(thetas), len(reactions_s)))
    for run in runs:
        found = look_up(run, monitor, np.column_stack([thetas, thetas]), reactions_s, declared_latency_s)
        counts[0] += found[..., VERDICT] == SAVED
        counts[1] += found[..., HELD]
        counts[2] += found[..., BEYOND_FIRST]
        counts[3] += (found[..., TAKEOVERS] > 0) & (run.rescue is None)
        seconds[0] += found[..., TAKEN_TICKS] * run.tick_s
        seconds[1] += found[..., RUN_TICKS] * run.tick_s
    return Sweep(counts[0], counts[1], counts[2], counts[3], seconds[0], seconds[1])


def sweep_thresholds(runs: Sequence[LookupRun], monitor: str) -> FloatArray:
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


@compiled(package="harness.evaluation")
def _look_up(statistic: Any, thetas: Any, debounce: int, latency: int, reactions: Any, least: int, run: Any) -> Any:
    known = run[0]
    found = np.zeros((thetas.shape[0], reactions.shape[0], FIELDS), dtype=np.int64)
    for t in range(thetas.shape[0]):
        raised = hysteresis(statistic, thetas[t, 0], thetas[t, 1], debounce)
        alarm = np.zeros(known, dtype=np.bool_)
        alarm[latency:] = raised[: max(0, known - latency)]
        for r in range(reactions.shape[0]):
            for field, value in enumerate(judge_takeovers(alarm, run, reactions[r], least)):
                found[t, r, field] = value
    return found
