"""What an alarm would have gained: the rescue map turned into outcomes of takeovers that nobody drove (PROTOCOL §6.2).

Taken over is by the rules of the supervisor: from the alarm plus the reaction time on, for at least 6 s, until the
alarm is off. A departure is prevented if the takeover that is in force at its onset began no later than t*.

What is assumed, because a takeover changes what comes after it:

* The first takeover is a prediction of the map alone. A later one rests on the shadow run's alarms, as if the car had
  come back to where the shadow run drove; `Outcome.beyond_first` counts these.
* The driver has the car back in the middle of its lane within the 6 s, and a rescued car stays rescued.
* From the onset on, where the shadow run has nothing more to say, the alarm stays as it was.
* A takeover of a run that needed none does no harm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.rescue_table import RescueRow
from harness.evaluation.safety_gain import MIN_TAKEOVER_S
from harness.evaluation.stretches import BoolArray, ticks_at_least

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LookupRun:
    """One shadow run of which every takeover can be looked up.

    Attributes:
        facts: of the shadow run.
        ticks: its length. tick_s: simulation step.
        statistics: monitor -> final statistic, (N,), NaN = fault.
        rescue: its row of the map; None: it did not depart, or the map has not been joined yet.
    """

    facts: EpisodeFacts
    ticks: int
    tick_s: float
    statistics: Mapping[str, FloatArray]
    rescue: RescueRow | None = None

    @property
    def judged_ticks(self) -> int:
        """Ticks whose alarms count: up to the onset, or all."""
        return self.ticks if self.rescue is None else self.rescue.onset_tick

    @property
    def rescued_ticks(self) -> int:
        """Length of the run when its departure was prevented."""
        return self.ticks if self.rescue is None else self.rescue.rescued_ticks or self.ticks


@dataclass(frozen=True)
class Outcome:
    """What one monitor at one operating point does to one run.

    Attributes:
        saved: the departure is prevented.
        decisive_tick: first tick of the takeover in force at the onset; None: nobody has the wheel then.
        first_tick: first tick of the first takeover; None: there is none.
        beyond_first: the run was handed back before its onset, so that ``saved`` rests on a later takeover.
        takeovers: how many. taken_ticks: how long. run_ticks: length of the run with these takeovers.
    """

    saved: bool
    decisive_tick: int | None
    first_tick: int | None
    beyond_first: bool
    takeovers: int
    taken_ticks: int
    run_ticks: int


def outcome(run: LookupRun, alarm: BoolArray, reaction_s: float) -> Outcome:
    """Look up one run under one alarm signal.

    Args:
        run: the shadow run. alarm: as it takes effect, (N,). reaction_s: ρ.
    """
    reaction, least = ticks_at_least(reaction_s, run.tick_s), ticks_at_least(MIN_TAKEOVER_S, run.tick_s)
    known = np.ascontiguousarray(alarm[: run.judged_ticks])
    first, decisive, count, taken = takeovers(known, run.ticks, reaction, least)
    saved = run.rescue is not None and decisive >= 0 and run.rescue.saves(decisive)
    total = run.rescued_ticks if saved else run.ticks
    if total != run.ticks:
        _, _, count, taken = takeovers(known, total, reaction, least)
    return Outcome(
        saved=saved,
        decisive_tick=None if decisive < 0 else int(decisive),
        first_tick=None if first < 0 else int(first),
        beyond_first=run.rescue is not None and 0 <= first < run.judged_ticks and first != decisive,
        takeovers=int(count),
        taken_ticks=int(taken),
        run_ticks=total,
    )


def _walk(alarm: BoolArray, total: int, reaction: int, least: int) -> tuple[int, int, int, int]:
    """(first start, start of the takeover in force at the end of ``alarm``, takeovers, ticks taken over); −1: none.

    ``alarm`` stays as it was on its last tick up to ``total``.
    """
    known = len(alarm)
    stays = known > 0 and alarm[known - 1]
    first, in_force, count, taken = -1, -1, 0, 0
    tick = 0
    while tick < total:
        if not (alarm[tick] if tick < known else stays):
            tick += 1
            continue
        start = tick + reaction
        if start >= total:
            break
        end = start + least
        while end < total and (alarm[end] if end < known else stays):
            end += 1
        end = min(end, total)
        if first < 0:
            first = start
        if start <= known < end:
            in_force = start
        count += 1
        taken += end - start
        tick = end
    return first, in_force, count, taken


takeovers: Callable[..., Any] = numba.njit(cache=True)(_walk)


def earliest_takeover_tick(reaction_s: float, debounce_s: float, tick_s: float) -> int:
    """First tick that a driver can steer after an alarm that is up from the first tick on."""
    return ticks_at_least(debounce_s, tick_s) - 1 + math.ceil(reaction_s / tick_s - 1e-9)
