"""What an alarm would have gained: the rescue map turned into outcomes of takeovers that nobody drove (PROTOCOL §6.2).

Taken over is by the rules of the supervisor: from the alarm plus the reaction time on, for at least 6 s, until the
alarm is off. A departure is prevented if the takeover that is in force at its onset began no later than t*.

What is assumed, because a takeover changes what comes after it:

* The first takeover is a prediction of the map alone. A later one rests on the shadow run's alarms, as if the car had
  come back to where the shadow run drove; `Outcome.beyond_first` counts these.
* The driver has the car back in the middle of its lane within the 6 s, and a rescued car stays rescued: handed back,
  the agent does not fail again within the next 100 m. `Outcome.held` tells where the driver keeps the wheel that far.
* From the onset on, where the shadow run has nothing more to say, the alarm stays as it was.
* A takeover of a run that needed none does no harm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.rescue_table import RescueRow
from harness.evaluation.safety_gain import MIN_TAKEOVER_S
from harness.evaluation.stretches import BoolArray, ticks_at_least
from sensor_sim.compiled import compiled

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LookupRun:
    """One shadow run of which every takeover can be looked up.

    Attributes:
        facts: of the shadow run.
        ticks: its length. tick_s: simulation step.
        statistics: monitor -> final statistic, (N,), NaN = fault.
        rescue: its row of the map; None: it did not depart, or the map has not been joined yet.
        passing_ticks: from the onset until the car is 100 m further on, at its speed then; 0 without a departure.
    """

    facts: EpisodeFacts
    ticks: int
    tick_s: float
    statistics: Mapping[str, FloatArray]
    rescue: RescueRow | None = None
    passing_ticks: int = 0

    @property
    def judged_ticks(self) -> int:
        """Ticks whose alarms count: up to the onset, or all."""
        return self.ticks if self.rescue is None else self.rescue.onset_tick

    @property
    def rescued_ticks(self) -> int:
        """Length of the run when its departure was prevented."""
        return self.ticks if self.rescue is None else self.rescue.rescued_ticks or self.ticks

    @property
    def compiled(self) -> tuple[int, int, int, int, int, bool]:
        """What :data:`judge_takeovers` takes: ticks judged, of the run, when rescued; t* (−1: none); tick at which the
        place of the departure is passed; departed."""
        departed = self.rescue is not None
        last_safe = self.rescue.last_safe_tick if self.rescue is not None else None
        passed = min(self.rescued_ticks, self.judged_ticks + self.passing_ticks)
        known = self.judged_ticks
        return known, self.ticks, self.rescued_ticks, -1 if last_safe is None else last_safe, passed, departed


# What became of a departure. "handed_back": a takeover ended before it and none came after that in time. "late": the
# takeover came after t*, or its alarm came less than the reaction time before the departure.
VERDICTS = ("saved", "late", "handed_back", "silent", "unsavable")
SAVED, LATE, HANDED_BACK, SILENT, UNSAVABLE = range(5)


class Outcome(NamedTuple):
    """What one monitor at one operating point does to one run; whole numbers, −1 where there is no such tick.

    Attributes:
        verdict: place in ``VERDICTS``; −1: the run did not depart.
        held: 1 if the departure is prevented by a takeover that lasts until its place is passed by 100 m; so long
            lasts only one whose alarm stays up.
        decisive_tick: first tick of the takeover in force at the onset; −1: nobody has the wheel then.
        first_tick: first tick of the first takeover; −1: there is none.
        beyond_first: 1 if the run was handed back before its onset, so that the verdict rests on a later takeover.
        takeovers: how many. taken_ticks: how long. run_ticks: length of the run with these takeovers.
    """

    verdict: int
    held: int
    decisive_tick: int
    first_tick: int
    beyond_first: int
    takeovers: int
    taken_ticks: int
    run_ticks: int

    @property
    def saved(self) -> bool:
        """The departure is prevented."""
        return self.verdict == SAVED


def outcome(run: LookupRun, alarm: BoolArray, reaction_s: float) -> Outcome:
    """Look up one run under one alarm signal.

    Args:
        run: the shadow run. alarm: as it takes effect, (N,). reaction_s: ρ.
    """
    reaction, least = ticks_at_least(reaction_s, run.tick_s), ticks_at_least(MIN_TAKEOVER_S, run.tick_s)
    return Outcome(*judge_takeovers(np.ascontiguousarray(alarm[: run.judged_ticks]), run.compiled, reaction, least))


@compiled(package="harness.evaluation")
def takeovers(alarm: Any, total: int, reaction: int, least: int) -> Any:
    """(first start, start and end of the takeover in force at the end of ``alarm``, takeovers, ticks taken over).

    −1: none. ``alarm`` stays as it was on its last tick up to ``total``.
    """
    known = len(alarm)
    stays = known > 0 and alarm[known - 1]
    first, in_force, until, count, taken = -1, -1, -1, 0, 0
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
            in_force, until = start, end
        count += 1
        taken += end - start
        tick = end
    return first, in_force, until, count, taken


@compiled(package="harness.evaluation")
def judge_takeovers(alarm: Any, run: Any, reaction: int, least: int) -> Any:
    """Fields of an ``Outcome``, from the alarm up to the onset (or of the whole run) and ``LookupRun.compiled``."""
    known, length, rescued_length, last_safe, passed, departed = run
    first, decisive, until, count, taken = takeovers(alarm, length, reaction, least)
    verdict, held, total = -1, 0, length
    if departed and 0 <= decisive <= last_safe:
        verdict, total = SAVED, rescued_length
        if total != length:
            _, _, until, count, taken = takeovers(alarm, total, reaction, least)
        held = int(until >= passed)
    elif departed and last_safe < 0:
        verdict = UNSAVABLE
    elif departed and decisive >= 0:
        verdict = LATE
    elif departed and (first < 0 or first - reaction >= known):
        verdict = SILENT
    elif departed:
        verdict = LATE if first > known else HANDED_BACK
    beyond_first = int(departed and 0 <= first < known and first != decisive)
    return verdict, held, decisive, first, beyond_first, count, taken, total


def earliest_takeover_tick(reaction_s: float, debounce_s: float, tick_s: float) -> int:
    """First tick that a driver can steer after an alarm that is up from the first tick on."""
    return ticks_at_least(debounce_s, tick_s) - 1 + math.ceil(reaction_s / tick_s - 1e-9)
