"""Which ticks of a run may speak for or against a monitor (PROTOCOL §3 masks, §6 zones).

For an event with onset τ, reaction time ρ and horizon H: positive zone [τ−H, τ−ρ), reaction zone [τ−ρ, τ).
Masked are the first 2 s, the ODD mask, each event and the 3 s after it, and the last H seconds of a run
that does not end in an event (nobody saw what would have come). Everything else is negative time: nominal
where the sensor is ideal, degraded but safe where an artifact is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.evaluation.departures import MAIN_GRADE, Departure
from harness.evaluation.stretches import BoolArray, InvalidTraceError, ticks_at_least

WARM_UP_S = 2.0
REACTION_S = 1.0
HORIZON_S = 3.0
HEALING_S = 3.0
MIN_POSITIVE_S = 0.5
SWEPT_REACTIONS_S = (0.5, 1.0, 1.5, 2.5)
SWEPT_HORIZONS_S = (1.0, 2.0, 3.0, 4.0, 6.0)

IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True)
class EventZone:
    """The zones of one event.

    Attributes:
        onset_tick: τ.
        positive: ticks of [τ−H, τ−ρ) left after masking, (N,) bool.
        reaction_start_tick: first tick of [τ−ρ, τ), clamped to the run.
        detectable: the positive zone holds at least 0.5 s; otherwise the event is in "all", not in
        "detectable".
    """

    onset_tick: int
    positive: BoolArray
    reaction_start_tick: int
    detectable: bool


@dataclass(frozen=True)
class Zones:
    """Zones of one run, all masks (N,) bool.

    Attributes:
        events: the counted events in order of time.
        events_masked: events within reach (H + healing) of an earlier one, counted nowhere else.
        negative: ticks on which an alarm is false.
        degraded_safe, nominal: the two halves of ``negative``.
        masked: warm-up, ODD mask, events with healing, censored end.
        positive_event, reaction_event: index of the event in whose positive or reaction zone a tick lies, else −1,
            (N,) int32; zones of counted events never overlap.
    """

    events: tuple[EventZone, ...]
    events_masked: int
    negative: BoolArray
    degraded_safe: BoolArray
    nominal: BoolArray
    masked: BoolArray
    positive_event: IntArray
    reaction_event: IntArray

    @property
    def positive(self) -> BoolArray:
        """Union of the events' positive zones, (N,) bool."""
        return self.positive_event >= 0

    @property
    def reaction(self) -> BoolArray:
        """Union of the events' reaction zones, (N,) bool."""
        return self.reaction_event >= 0


def find_zones(
    departures: Sequence[Departure],
    odd_mask: npt.ArrayLike,
    sensor_level: npt.ArrayLike,
    tick_s: float,
    reaction_s: float = REACTION_S,
    horizon_s: float = HORIZON_S,
) -> Zones:
    """Zones of a run from its main-grade events; other grades are ignored.

    Args:
        departures: events of the run (``find_departures``).
        odd_mask: (N,) bool. sensor_level: (N,), 0 = ideal sensor.
        tick_s: simulation step, s.
        reaction_s: ρ. horizon_s: H, greater than ρ.

    Raises:
        InvalidTraceError: unequal lengths or ρ >= H.
    """
    odd = np.asarray(odd_mask, dtype=bool)
    level = np.asarray(sensor_level, dtype=np.float64)
    if odd.shape != level.shape:
        raise InvalidTraceError(f"odd_mask has {len(odd)} ticks, sensor_level {len(level)}")
    if not 0.0 <= reaction_s < horizon_s:
        raise InvalidTraceError(f"need 0 <= reaction_s < horizon_s, got {reaction_s} and {horizon_s}")
    n = len(odd)
    horizon, reaction = ticks_at_least(horizon_s, tick_s), ticks_at_least(reaction_s, tick_s)
    healing = ticks_at_least(HEALING_S, tick_s)
    masked = odd.copy()
    masked[: ticks_at_least(WARM_UP_S, tick_s)] = True

    counted: list[Departure] = []
    events_masked = 0
    healed_from = 0
    for departure in (d for d in departures if d.grade == MAIN_GRADE):
        if healed_from and departure.onset_tick - horizon < healed_from:
            events_masked += 1
        else:
            counted.append(departure)
        healed_from = max(healed_from, departure.end_tick + healing)
        masked[departure.onset_tick : departure.end_tick + healing] = True
    if healed_from < n:
        masked[max(0, n - horizon) :] = True

    zones = []
    positive_event, reaction_event = np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int32)
    for index, departure in enumerate(counted):
        positive = np.zeros(n, dtype=bool)
        reaction_start = max(0, departure.onset_tick - reaction)
        positive[max(0, departure.onset_tick - horizon) : reaction_start] = True
        positive &= ~masked
        positive_event[positive] = index
        reaction_event[reaction_start : departure.onset_tick] = index
        detectable = int(positive.sum()) >= ticks_at_least(MIN_POSITIVE_S, tick_s)
        zones.append(EventZone(departure.onset_tick, positive, reaction_start, detectable))
    before_event = np.zeros(n, dtype=bool)
    for departure in (d for d in departures if d.grade == MAIN_GRADE):
        before_event[max(0, departure.onset_tick - horizon) : departure.onset_tick] = True
    negative = ~masked & ~before_event
    degraded = level > 0.0
    return Zones(
        events=tuple(zones),
        events_masked=events_masked,
        negative=negative,
        degraded_safe=negative & degraded,
        nominal=negative & ~degraded,
        masked=masked,
        positive_event=positive_event,
        reaction_event=reaction_event,
    )
