"""Did the alarm come in time, and what did it cost? One monitor in one run (PROTOCOL §6.1 and §7).

Rulings for one alarm episode: it is *useful* if the alarm is up somewhere in a positive zone; else *late*
if it starts in a reaction zone; else *false* if it touches negative time; else it lies in masked time and
counts as nothing. A useful episode that began more than 10 s before the onset is a false one as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import DEBOUNCE_S, MERGE_GAP_S, check_thresholds
from harness.evaluation.compiled_judge import judge_alarm, judge_each, rule_alarm
from harness.evaluation.stretches import BoolArray, InvalidTraceError, ticks_at_least, ticks_longer_than
from harness.evaluation.windows import Windows, cut_windows
from harness.evaluation.zones import Zones

LEAD_CAP_S = 10.0
CIRCULAR_SHIFTS = 200
FloatArray = npt.NDArray[np.float64]


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


_ALARMED = AlarmCounts._fields.index("alarmed_s")


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

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """What the compiled judge takes, in its order."""
        zones, windows = self.zones, self.windows
        last = int(self.onsets[self.detectable].max()) if self.detectable.any() else 0
        return (
            *(zones.positive_event, zones.reaction_event, zones.negative, zones.degraded_safe),
            *(self.onsets, self.detectable, self.shifts, last),
            *(windows.positive, windows.negative, windows.ticks, self.merge_gap_ticks, self.too_early_ticks),
        )


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
    if len(alarm) != len(truth.zones.negative):
        raise InvalidTraceError(f"alarm has {len(alarm)} ticks, the run {len(truth.zones.negative)}")
    counts, lead_ticks = judge_alarm(np.ascontiguousarray(alarm, dtype=np.bool_), *truth.arrays)
    return RunAlarms(AlarmCounts(*_in_seconds(counts, truth).tolist()), leads_s(lead_ticks, truth))


def judge_thresholds(
    statistic: FloatArray, thetas: FloatArray, truth: RunTruth, declared_latency_s: float = 0.0
) -> tuple[FloatArray, list[tuple[float, ...]]]:
    """:func:`judge_run` of the alarms at several thresholds at once.

    Args:
        statistic: final statistic, (N,), NaN = fault. thetas: (θ_on, θ_off) rows, (K, 2).
        truth: of the run. declared_latency_s: of the monitor.

    Returns:
        Counts, columns as ``AlarmCounts``, (K, 14), and the lead times of the hits at each.

    Raises:
        InvalidTraceError: statistic and run differ in length.
        ThresholdError: a threshold is NaN or a θ_off is above its θ_on.
    """
    if len(statistic) != len(truth.zones.negative):
        raise InvalidTraceError(f"statistic has {len(statistic)} ticks, the run {len(truth.zones.negative)}")
    for theta_on, theta_off in thetas.tolist():
        check_thresholds(theta_on, theta_off)
    counts, lead_ticks = judge_each(
        np.ascontiguousarray(statistic, dtype=np.float64),
        np.ascontiguousarray(thetas, dtype=np.float64),
        max(1, ticks_at_least(DEBOUNCE_S, truth.tick_s)),
        ticks_at_least(declared_latency_s, truth.tick_s),
        *truth.arrays,
    )
    return _in_seconds(counts, truth), [leads_s(lead, truth) for lead in lead_ticks]


def leads_s(lead_ticks: npt.NDArray[np.int64], truth: RunTruth) -> tuple[float, ...]:
    """Lead time of each hit, capped at 10 s, from leads in ticks, (E,), −1 = missed."""
    return tuple(min(LEAD_CAP_S, ticks * truth.tick_s) for ticks in lead_ticks.tolist() if ticks >= 0)


def _in_seconds(counts: FloatArray, truth: RunTruth) -> FloatArray:
    counts[..., _ALARMED] *= truth.tick_s
    return counts


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
    ruled: tuple[npt.NDArray[np.int64], BoolArray, int, int, int] = rule_alarm(
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
