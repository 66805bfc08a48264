"""One monitor in one run at many thresholds at once: what curves and searches over thresholds are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import DEBOUNCE_S, hysteresis
from harness.evaluation.compiled_judge import alarmed_ticks, rule_alarm
from harness.evaluation.event_metrics import RunTruth
from harness.evaluation.stretches import ticks_at_least
from sensor_sim.compiled import compiled

FloatArray = npt.NDArray[np.float64]

# Columns of a curve: detectable events found, useful and false alarm episodes, negative time under alarm.
FOUND, USEFUL, FALSE, ALARMED_S = range(4)


def alarm_curve(
    statistic: FloatArray, thetas: FloatArray, truth: RunTruth, declared_latency_s: float = 0.0
) -> FloatArray:
    """Counts of a run at each pair of thresholds, (K, 4): found events, useful and false episodes, alarmed time, s.

    Args:
        statistic: final statistic, (N,), NaN = fault. thetas: (θ_on, θ_off) rows, (K, 2).
        truth: of the run. declared_latency_s: of the monitor.
    """
    zones = truth.zones
    counts = _curve(
        np.ascontiguousarray(statistic, dtype=np.float64),
        np.ascontiguousarray(thetas, dtype=np.float64),
        max(1, ticks_at_least(DEBOUNCE_S, truth.tick_s)),
        ticks_at_least(declared_latency_s, truth.tick_s),
        zones.positive_event,
        zones.reaction_event,
        zones.negative,
        zones.degraded_safe,
        truth.onsets,
        truth.detectable,
        truth.merge_gap_ticks,
        truth.too_early_ticks,
    )
    counts[:, ALARMED_S] *= truth.tick_s
    return np.asarray(counts)


@compiled(package="harness.evaluation")
def _curve(
    statistic: Any,
    thetas: Any,
    debounce: int,
    latency: int,
    positive_event: Any,
    reaction_event: Any,
    negative: Any,
    degraded: Any,
    onsets: Any,
    detectable: Any,
    merge_gap: int,
    too_early: int,
) -> Any:
    counts = np.zeros((thetas.shape[0], 4))
    n = statistic.shape[0]
    for k in range(thetas.shape[0]):
        alarm = np.zeros(n, dtype=np.bool_)
        alarm[latency:] = hysteresis(statistic, thetas[k, 0], thetas[k, 1], debounce)[: max(0, n - latency)]
        lead, _, useful, nominal, degraded_safe = rule_alarm(
            alarm, positive_event, reaction_event, negative, degraded, onsets, merge_gap, too_early
        )
        for event in range(onsets.shape[0]):
            if lead[event] >= 0 and detectable[event]:
                counts[k, 0] += 1
        counts[k, 1] = useful
        counts[k, 2] = nominal + degraded_safe
        counts[k, 3] = alarmed_ticks(alarm, negative)
    return counts
