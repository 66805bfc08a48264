"""How long the picture was degraded before the car left its lane: what no monitor could have seen coming.

A monitor that reads the picture cannot know of an artifact before it acts. The notice of a departure is the time from
the onset of the artifact to the departure. An alarm must be up ρ before the departure (PROTOCOL §6) and needs its
debounce (§5), so an event with less notice than both is out of reach for every such monitor, except by coincidence;
and the part of a positive zone that lies before the onset looks like any calm moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import DEBOUNCE_S
from harness.evaluation.rates import clustered_ratio, proportion
from harness.evaluation.stretches import maximal_stretches, ticks_at_least
from harness.evaluation.zones import REACTION_S, Zones

QUANTILES = {"p10": 0.1, "median": 0.5, "p90": 0.9}


@dataclass(frozen=True)
class Notice:
    """The counted events of one run.

    Attributes:
        notice_s: from the latest onset of an artifact to the event, one per event that had one.
        in_time: how many of those left an alarm the time it needs.
        without_artifact: events before which no artifact had acted.
        positive_ticks, positive_ticks_before: of the positive zones, and those before the artifact acted (or without).
    """

    notice_s: tuple[float, ...]
    in_time: int
    without_artifact: int
    positive_ticks: int
    positive_ticks_before: int


def notice_of(zones: Zones, sensor_level: npt.ArrayLike, tick_s: float) -> Notice:
    """Judge the counted events of a run.

    Args:
        zones: under the main (ρ, H). sensor_level: (N,), 0 = ideal sensor. tick_s: simulation step, s.
    """
    artifacts = maximal_stretches(np.asarray(sensor_level, dtype=np.float64) > 0.0)
    needed = ticks_at_least(REACTION_S, tick_s) + ticks_at_least(DEBOUNCE_S, tick_s)
    notice_s, in_time, without, positive, before = [], 0, 0, 0, 0
    for event in zones.events:
        positive += int(event.positive.sum())
        onsets = [artifact.start for artifact in artifacts if artifact.start <= event.onset_tick]
        if not onsets:
            without += 1
            before += int(event.positive.sum())
            continue
        onset = onsets[-1]
        notice_s.append((event.onset_tick - onset) * tick_s)
        in_time += event.onset_tick - onset >= needed
        before += int(event.positive[:onset].sum())
    return Notice(tuple(notice_s), in_time, without, positive, before)


def notice_figures(runs: Sequence[Notice], strata: Sequence[object], seed: int) -> dict[str, Any]:
    """Notice over all counted shadow runs.

    Args:
        runs: one per run. strata: condition of each. seed: of the bootstrap.

    Returns:
        ``events``; ``without_artifact``; ``in_time``: share of the others that an alarm could meet; ``notice_s``: its
        quantiles, None without an event; ``positive_before_artifact``: share of positive time.
    """
    notice_s = [value for run in runs for value in run.notice_s]
    without = sum(run.without_artifact for run in runs)
    return {
        "events": len(notice_s) + without,
        "without_artifact": without,
        "in_time": proportion(sum(run.in_time for run in runs), len(notice_s)),
        "notice_s": {name: float(np.quantile(notice_s, q)) if notice_s else None for name, q in QUANTILES.items()},
        "positive_before_artifact": clustered_ratio(
            [run.positive_ticks_before for run in runs], [run.positive_ticks for run in runs], strata, seed
        ),
    }
