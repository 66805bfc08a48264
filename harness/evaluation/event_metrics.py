"""Did the alarm come in time, and what did it cost? One monitor in one run (PROTOCOL §6.1 and §7).

Rulings for one alarm episode: it is *useful* if the alarm is up somewhere in a positive zone; else *late*
if it starts in a reaction zone; else *false* if it touches negative time; else it lies in masked time and
counts as nothing. A useful episode that began more than 10 s before the onset is a false one as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import MERGE_GAP_S
from harness.evaluation.stretches import BoolArray, InvalidTraceError, ticks_at_least, ticks_longer_than
from harness.evaluation.windows import Windows, cut_windows
from harness.evaluation.zones import Zones

LEAD_CAP_S = 10.0
CIRCULAR_SHIFTS = 200


class Exposure(NamedTuple):
    """What a run offers to be judged on: negative time and its two halves, s; distance in negative time and of the
    whole run, km."""

    negative_s: float
    nominal_s: float
    degraded_s: float
    negative_km: float
    km: float


class AlarmCounts(NamedTuple):
    """What one monitor's alarm did in one run.

    Attributes:
        events, detectable: events counted; those with a positive zone of at least 0.5 s.
        hits, hits_detectable: events with an alarm in the positive zone.
        chance_hits: mean hits (detectable events) over circularly shifted alarms.
        late: events missed with an alarm that started in the reaction zone.
        useful, false_nominal, false_degraded: alarm episodes.
        alarmed_s: negative time under alarm.
        tp, fp, fn, tn: 1 s windows.
    """

    events: float
    detectable: float
    hits: float
    hits_detectable: float
    chance_hits: float
    late: float
    useful: float
    false_nominal: float
    false_degraded: float
    alarmed_s: float
    tp: float
    fp: float
    fn: float
    tn: float

    @property
    def false_alarms(self) -> float:
        """False alarm episodes, nominal and degraded but safe together."""
        return self.false_nominal + self.false_degraded


class RunAlarms(NamedTuple):
    """Counts, and the lead time of each hit, capped at 10 s."""

    counts: AlarmCounts
    lead_s: tuple[float, ...]


@dataclass(frozen=True)
class RunTruth:
    """Everything about a run that is the same for every monitor and threshold.

    Attributes:
        zones, tick_s: of this run.
        exposure: time and distance.
        windows: 1 s windows.
        onsets: onset tick of each counted event, (E,).
        detectable: (E,) bool.
        shifts: circular shifts for the chance correction, ticks; empty without a detectable event.
        merge_gap_ticks: alarms closer than this are one episode.
        too_early_ticks: a useful episode that began so long before the onset is a false one as well.
    """

    zones: Zones
    tick_s: float
    exposure: Exposure
    windows: Windows
    onsets: npt.NDArray[np.int64]
    detectable: BoolArray
    shifts: npt.NDArray[np.int64]
    merge_gap_ticks: int
    too_early_ticks: int


def run_truth(zones: Zones, speed_mps: npt.ArrayLike, tick_s: float, shift_seed: int) -> RunTruth:
    """Prepare a run for judging.

    Args:
        zones: of this run. speed_mps: (N,).
        tick_s: simulation step, s.
        shift_seed: of the circular shifts.

    Raises:
        InvalidTraceError: speed and zones differ in length.
    """
    step_km = np.asarray(speed_mps, dtype=np.float64) * (tick_s / 1000.0)
    if len(step_km) != len(zones.negative):
        raise InvalidTraceError(f"speed has {len(step_km)} ticks, the zones {len(zones.negative)}")
    exposure = Exposure(
        negative_s=float(np.count_nonzero(zones.negative)) * tick_s,
        nominal_s=float(np.count_nonzero(zones.nominal)) * tick_s,
        degraded_s=float(np.count_nonzero(zones.degraded_safe)) * tick_s,
        negative_km=float(step_km[zones.negative].sum()),
        km=float(step_km.sum()),
    )
    onsets = np.array([event.onset_tick for event in zones.events], dtype=np.int64)
    detectable = np.array([event.detectable for event in zones.events], dtype=bool)
    shifts = np.zeros(0, dtype=np.int64)
    if detectable.any():
        last = int(onsets[detectable].max())
        shifts = np.random.default_rng(shift_seed).integers(1, last, size=CIRCULAR_SHIFTS)
    return RunTruth(
        zones,
        tick_s,
        exposure,
        cut_windows(zones, tick_s),
        onsets,
        detectable,
        shifts,
        ticks_at_least(MERGE_GAP_S, tick_s),
        ticks_longer_than(LEAD_CAP_S, tick_s),
    )


def judge_run(alarm: BoolArray, truth: RunTruth) -> RunAlarms:
    """Judge the alarm of one monitor, (N,) bool as it takes effect.

    Raises:
        InvalidTraceError: alarm and run differ in length.
    """
    zones, windows = truth.zones, truth.windows
    if len(alarm) != len(zones.negative):
        raise InvalidTraceError(f"alarm has {len(alarm)} ticks, the run {len(zones.negative)}")
    lead_ticks, late, useful, false_nominal, false_degraded = _rule(alarm, truth)
    hit = lead_ticks >= 0
    tp, fp = windows.alarmed(alarm)
    counts = AlarmCounts(
        events=len(truth.onsets),
        detectable=int(truth.detectable.sum()),
        hits=int(hit.sum()),
        hits_detectable=int((hit & truth.detectable).sum()),
        chance_hits=_chance_hits(alarm, truth),
        late=int((late & ~hit).sum()),
        useful=useful,
        false_nominal=false_nominal,
        false_degraded=false_degraded,
        alarmed_s=alarmed_ticks(alarm, zones.negative) * truth.tick_s,
        tp=tp,
        fp=fp,
        fn=len(windows.positive) - tp,
        tn=len(windows.negative) - fp,
    )
    return RunAlarms(counts, tuple(np.minimum(LEAD_CAP_S, lead_ticks[hit] * truth.tick_s).tolist()))


class EpisodeRulings(NamedTuple):
    """Detectable events found, and alarm episodes: useful, false in nominal, false in degraded but safe time."""

    hits_detectable: int
    useful: int
    false_nominal: int
    false_degraded: int


def rule_episodes(alarm: BoolArray, truth: RunTruth) -> EpisodeRulings:
    """The rulings alone, (N,) bool: what a search over thresholds or zones needs."""
    lead_ticks, _, useful, false_nominal, false_degraded = _rule(alarm, truth)
    return EpisodeRulings(int(((lead_ticks >= 0) & truth.detectable).sum()), useful, false_nominal, false_degraded)


def _rule(alarm: BoolArray, truth: RunTruth) -> tuple[npt.NDArray[np.int64], BoolArray, int, int, int]:
    zones = truth.zones
    ruled: tuple[npt.NDArray[np.int64], BoolArray, int, int, int] = rule_loop(
        alarm,
        zones.positive_event,
        zones.reaction_event,
        zones.negative,
        zones.degraded_safe,
        truth.onsets,
        truth.merge_gap_ticks,
        truth.too_early_ticks,
    )
    return ruled


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def rule_loop(
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


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def alarmed_ticks(alarm: Any, negative: Any) -> int:
    """Ticks of negative time under alarm, (N,) bool each."""
    count = 0
    for tick in range(alarm.shape[0]):
        if alarm[tick] and negative[tick]:
            count += 1
    return count


def _chance_hits(alarm: BoolArray, truth: RunTruth) -> float:
    """Mean hits on detectable events when the alarm train is shifted circularly inside the run.

    The train ends at the last onset: what a monitor shouts after the departure must not be rolled in
    front of it.
    """
    if len(truth.shifts) == 0:
        return 0.0
    last = int(truth.onsets[truth.detectable].max())
    return float(_shifted_hits(alarm[:last], truth.zones.positive_event, truth.detectable, truth.shifts))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _shifted_hits(alarm: Any, positive_event: Any, detectable: Any, shifts: Any) -> float:
    n = alarm.shape[0]
    if not alarm.any():
        return 0.0
    met = np.zeros((detectable.shape[0], shifts.shape[0]), dtype=np.bool_)
    for tick in range(n):
        event = positive_event[tick]
        if event >= 0 and detectable[event]:
            for k in range(shifts.shape[0]):
                source = tick - shifts[k]
                if alarm[source if source >= 0 else source + n]:
                    met[event, k] = True
    return met.sum() / shifts.shape[0]
