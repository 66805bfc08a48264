"""Did the alarm come in time, and what did it cost? (PROTOCOL §6.1 and §7)

Rulings for one alarm episode: it is *useful* if the alarm is up somewhere in a positive zone; else *late*
if it starts in a reaction zone; else *false* if it touches negative time; else it lies in masked time and
counts as nothing. A useful episode that began more than 10 s before the onset is a false one as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import alarm_episodes
from harness.evaluation.rates import Rate, clustered_ratio, per_exposure, proportion, undefined
from harness.evaluation.statistics.intervals import poisson_rate_upper
from harness.evaluation.stretches import BoolArray, InvalidTraceError, Stretch
from harness.evaluation.zones import Zones

LEAD_CAP_S = 10.0
CIRCULAR_SHIFTS = 200


@dataclass(frozen=True)
class RunAlarms:
    """What one monitor's alarm did in one shadow run.

    Attributes:
        events, detectable: events counted; those with a positive zone of at least 0.5 s.
        hits, hits_detectable: events with an alarm in the positive zone.
        chance_hits: mean hits (detectable events) over circularly shifted alarms.
        late: events missed with an alarm that started in the reaction zone.
        lead_s: lead time of each hit, capped at 10 s.
        useful, false_nominal, false_degraded: alarm episodes.
        negative_s, nominal_s, degraded_s: negative time. alarmed_s: of it, under alarm.
        negative_km, km: distance in negative time and of the whole run.
    """

    events: int
    detectable: int
    hits: int
    hits_detectable: int
    chance_hits: float
    late: int
    lead_s: tuple[float, ...]
    useful: int
    false_nominal: int
    false_degraded: int
    negative_s: float
    nominal_s: float
    degraded_s: float
    alarmed_s: float
    negative_km: float
    km: float

    @property
    def false_alarms(self) -> int:
        """False alarm episodes, nominal and degraded but safe together."""
        return self.false_nominal + self.false_degraded


def judge_run(alarm: BoolArray, zones: Zones, speed_mps: npt.ArrayLike, tick_s: float, shift_seed: int) -> RunAlarms:
    """Judge the alarm of one monitor in one run.

    Args:
        alarm: the alarm as it takes effect, (N,) bool.
        zones: of this run. speed_mps: (N,).
        tick_s: simulation step, s.
        shift_seed: of the circular shifts.

    Raises:
        InvalidTraceError: alarm and zones differ in length.
    """
    if len(alarm) != len(zones.negative):
        raise InvalidTraceError(f"alarm has {len(alarm)} ticks, the run {len(zones.negative)}")
    episodes = alarm_episodes(alarm, tick_s)
    hits = [bool(alarm[event.positive].any()) for event in zones.events]
    late = [
        not hit and any(event.reaction_start_tick <= a.start < event.onset_tick for a in episodes)
        for hit, event in zip(hits, zones.events, strict=True)
    ]
    useful, false_nominal, false_degraded = count_episodes(alarm, zones, tick_s)
    negative = zones.negative
    step_km = np.asarray(speed_mps, dtype=np.float64) * tick_s / 1000.0
    return RunAlarms(
        events=len(zones.events),
        detectable=sum(event.detectable for event in zones.events),
        hits=sum(hits),
        hits_detectable=sum(h for h, e in zip(hits, zones.events, strict=True) if e.detectable),
        chance_hits=_chance_hits(alarm, zones, shift_seed),
        late=sum(late),
        lead_s=tuple(_leads(episodes, hits, zones, tick_s)),
        useful=useful,
        false_nominal=false_nominal,
        false_degraded=false_degraded,
        negative_s=float(negative.sum()) * tick_s,
        nominal_s=float(zones.nominal.sum()) * tick_s,
        degraded_s=float(zones.degraded_safe.sum()) * tick_s,
        alarmed_s=float((alarm & negative).sum()) * tick_s,
        negative_km=float(step_km[negative].sum()),
        km=float(step_km.sum()),
    )


def event_figures(runs: Sequence[RunAlarms], strata: Sequence[object], seed: int) -> dict[str, Any]:
    """The figures of one monitor at one operating point over all its runs.

    Args:
        runs: one entry per shadow run. strata: their conditions. seed: of the bootstrap.
    """
    detectable = sum(run.detectable for run in runs)
    events = sum(run.events for run in runs)
    hits = sum(run.hits for run in runs)
    found = sum(run.hits_detectable for run in runs)
    false = sum(run.false_alarms for run in runs)
    useful = sum(run.useful for run in runs)
    leads = sorted(lead for run in runs for lead in run.lead_s)
    chance = sum(run.chance_hits for run in runs)
    recall = proportion(found, detectable)
    chance_recall = chance / detectable if detectable else None
    return {
        "event_recall": recall,
        "event_recall_all": proportion(hits, events),
        "chance_recall": chance_recall,
        "chance_corrected_recall": (
            None if recall["value"] is None or chance_recall is None else recall["value"] - chance_recall
        ),
        "late_share": proportion(sum(run.late for run in runs), events),
        "precision": proportion(useful, useful + false),
        "false_alarms_per_min": {
            "all": per_exposure(false, sum(run.negative_s for run in runs) / 60.0),
            "nominal": per_exposure(sum(run.false_nominal for run in runs), sum(run.nominal_s for run in runs) / 60.0),
            "degraded_safe": per_exposure(
                sum(run.false_degraded for run in runs), sum(run.degraded_s for run in runs) / 60.0
            ),
        },
        "false_alarms_per_km": per_exposure(false, sum(run.negative_km for run in runs)),
        "duty": clustered_ratio([run.alarmed_s for run in runs], [run.negative_s for run in runs], strata, seed),
        "lead_s": {
            "values": leads,
            "median": float(np.median(leads)) if leads else None,
            "p10": float(np.quantile(leads, 0.1)) if leads else None,
        },
        "departed_without_warning_per_km": _silent_departures(events - hits, sum(run.km for run in runs)),
    }


def _silent_departures(count: int, km: float) -> Rate:
    if km <= 0.0:
        return undefined(count, km, "poisson-exact", "no trials")
    return {**per_exposure(count, km), "upper_95_one_sided": poisson_rate_upper(count, km)}


def count_episodes(alarm: BoolArray, zones: Zones, tick_s: float) -> tuple[int, int, int]:
    """Alarm episodes of one run: (useful, false in nominal time, false in degraded but safe time)."""
    useful = false_nominal = false_degraded = 0
    for episode in alarm_episodes(alarm, tick_s):
        span = slice(episode.start, episode.end)
        hit = [e for e in zones.events if (alarm[span] & e.positive[span]).any()]
        useful += bool(hit)
        if hit:
            is_false = (hit[0].onset_tick - episode.start) * tick_s > LEAD_CAP_S
        else:
            is_false = not any(e.reaction_start_tick <= episode.start < e.onset_tick for e in zones.events)
        touched = np.flatnonzero(zones.negative[span] & alarm[span])
        if is_false and len(touched):
            if zones.degraded_safe[episode.start + touched[0]]:
                false_degraded += 1
            else:
                false_nominal += 1
    return useful, false_nominal, false_degraded


def _leads(episodes: Sequence[Stretch], hits: Sequence[bool], zones: Zones, tick_s: float) -> list[float]:
    leads = []
    for hit, event in zip(hits, zones.events, strict=True):
        if hit:
            covering = next(a for a in episodes if event.positive[a.start : a.end].any())
            leads.append(min(LEAD_CAP_S, (event.onset_tick - covering.start) * tick_s))
    return leads


def _chance_hits(alarm: BoolArray, zones: Zones, seed: int) -> float:
    """Mean hits on detectable events when the alarm train is shifted circularly inside the run.

    The train ends at the last onset: what a monitor shouts after the departure must not be rolled in
    front of it.
    """
    detectable = [event for event in zones.events if event.detectable]
    if not detectable:
        return 0.0
    n = max(event.onset_tick for event in detectable)
    shifts = np.random.default_rng(seed).integers(1, n, size=CIRCULAR_SHIFTS)
    hits = 0
    for event in detectable:
        ticks = np.flatnonzero(event.positive)
        hits += int(alarm[(ticks[None, :] - shifts[:, None]) % n].any(axis=1).sum())
    return hits / CIRCULAR_SHIFTS
