"""The judging of alarms as compiled loops over the ticks of a run. What the numbers mean: ``event_metrics``."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.evaluation.alarms import hysteresis
from harness.evaluation.windows import alarmed_windows
from sensor_sim.compiled import compiled


@compiled(package="harness.evaluation")
def rule_alarm(
    alarm: Any,
    positive_event: Any,
    reaction_event: Any,
    negative: Any,
    degraded: Any,
    onsets: Any,
    merge_gap: int,
    too_early: int,
) -> Any:
    """One pass over the alarm, episode by episode: lead of each event in ticks (−1 = missed), whether an alarm began
    in its reaction zone, and the number of useful, false nominal and false degraded episodes."""
    n = alarm.shape[0]
    lead = np.full(onsets.shape[0], -1, dtype=np.int64)
    late = np.zeros(onsets.shape[0], dtype=np.bool_)
    useful = false_nominal = false_degraded = 0
    start = 0
    while start < n:
        if not alarm[start]:
            start += 1
            continue
        end, tick = start + 1, start
        first_hit = touched = -1
        while tick < n and tick - end < merge_gap:
            if alarm[tick]:
                end = tick + 1
                event = positive_event[tick]
                if event >= 0:
                    if lead[event] < 0:
                        lead[event] = onsets[event] - start
                    if first_hit < 0:
                        first_hit = event
                if negative[tick] and touched < 0:
                    touched = tick
            tick += 1
        if first_hit >= 0:
            useful += 1
            is_false = onsets[first_hit] - start >= too_early
        else:
            is_false = reaction_event[start] < 0
        if reaction_event[start] >= 0:
            late[reaction_event[start]] = True
        if is_false and touched >= 0:
            if degraded[touched]:
                false_degraded += 1
            else:
                false_nominal += 1
        start = end
    return lead, late, useful, false_nominal, false_degraded


@compiled(package="harness.evaluation")
def alarmed_ticks(alarm: Any, negative: Any) -> int:
    """Ticks of negative time under alarm, (N,) bool each."""
    count = 0
    for tick in range(alarm.shape[0]):
        if alarm[tick] and negative[tick]:
            count += 1
    return count


@compiled(package="harness.evaluation")
def _chance_hits(alarm: Any, positive_event: Any, detectable: Any, shifts: Any, last: int) -> float:
    """Mean hits on detectable events when the alarm train is shifted circularly inside the run.

    The train ends at the last onset: what a monitor shouts after the departure must not be rolled in
    front of it.
    """
    if shifts.shape[0] == 0 or not alarm[:last].any():
        return 0.0
    met = np.zeros((detectable.shape[0], shifts.shape[0]), dtype=np.bool_)
    for tick in range(last):
        event = positive_event[tick]
        if event >= 0 and detectable[event]:
            for k in range(shifts.shape[0]):
                source = tick - shifts[k]
                if alarm[source if source >= 0 else source + last]:
                    met[event, k] = True
    return met.sum() / shifts.shape[0]


@compiled(package="harness.evaluation")
def judge_alarm(
    alarm: Any,
    positive_event: Any,
    reaction_event: Any,
    negative: Any,
    degraded: Any,
    onsets: Any,
    detectable: Any,
    shifts: Any,
    last: int,
    positive_windows: Any,
    negative_windows: Any,
    window_ticks: int,
    merge_gap: int,
    too_early: int,
) -> Any:
    """Counts in the order of ``AlarmCounts``, (14,), alarmed time in ticks, and the lead of each event in ticks."""
    lead, late, useful, nominal, degraded_safe = rule_alarm(
        alarm, positive_event, reaction_event, negative, degraded, onsets, merge_gap, too_early
    )
    hits = found = missed_late = detectables = 0
    for event in range(onsets.shape[0]):
        detectables += detectable[event]
        if lead[event] >= 0:
            hits += 1
            found += detectable[event]
        elif late[event]:
            missed_late += 1
    tp = alarmed_windows(alarm, positive_windows, window_ticks)
    fp = alarmed_windows(alarm, negative_windows, window_ticks)
    chance = _chance_hits(alarm, positive_event, detectable, shifts, last)
    counts = np.array(
        [
            float(onsets.shape[0]),
            float(detectables),
            float(hits),
            float(found),
            chance,
            float(missed_late),
            float(useful),
            float(nominal),
            float(degraded_safe),
            float(alarmed_ticks(alarm, negative)),
            float(tp),
            float(fp),
            float(positive_windows.shape[0] - tp),
            float(negative_windows.shape[0] - fp),
        ]
    )
    return counts, lead


@compiled(package="harness.evaluation")
def judge_each(
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
    shifts: Any,
    last: int,
    positive_windows: Any,
    negative_windows: Any,
    window_ticks: int,
    merge_gap: int,
    too_early: int,
) -> Any:
    """:func:`judge_alarm` of the alarms at K pairs of thresholds: counts, (K, 14), and leads in ticks, (K, E)."""
    n = statistic.shape[0]
    counts = np.zeros((thetas.shape[0], 14))
    leads = np.zeros((thetas.shape[0], onsets.shape[0]), dtype=np.int64)
    for k in range(thetas.shape[0]):
        alarm = np.zeros(n, dtype=np.bool_)
        if latency < n:
            alarm[latency:] = hysteresis(statistic, thetas[k, 0], thetas[k, 1], debounce)[: n - latency]
        counts[k], leads[k] = judge_alarm(
            alarm,
            positive_event,
            reaction_event,
            negative,
            degraded,
            onsets,
            detectable,
            shifts,
            last,
            positive_windows,
            negative_windows,
            window_ticks,
            merge_gap,
            too_early,
        )
    return counts, leads
