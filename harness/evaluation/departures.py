"""Lane departures from geometry: grades, events, onsets (PROTOCOL §3).

Grades are independent booleans per tick: G0 lane margin below zero (a tyre over the line) for at least 0.2
s, G1 more than 1 m off the lane centre, G2 the centre outside the lane, G3 off the road. An event is a
maximal stretch of one grade, stretches closer than 1 s merged; its onset τ is the first tick of the first
stretch. Collision and stuck are classes of their own and no part of the lane headline. Ticks under the ODD
mask (junctions, commanded lane changes, missing markings) carry no lane and are never a departure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.stretches import (
    BoolArray,
    InvalidTraceError,
    Stretch,
    maximal_stretches,
    ticks_at_least,
    ticks_longer_than,
)

if TYPE_CHECKING:
    import pandas as pd

GRADES = ("G0", "G1", "G2", "G3")
MAIN_GRADE = "G0"
G0_MIN_DURATION_S = 0.2
G1_OFFSET_M = 1.0
MERGE_GAP_S = 1.0
STUCK_SPEED_MPS = 0.5
STUCK_TARGET_SPEED_MPS = 1.0
STUCK_DURATION_S = 5.0


@dataclass(frozen=True)
class Departure:
    """One event of one grade.

    Attributes:
        grade: ``G0`` .. ``G3``.
        onset_tick, end_tick: rows of the tick table, end exclusive.
        onset_s, end_s: simulation time; ``end_s`` is the end of the last departed tick.
        onset_route_s_m: arc length at the onset.
    """

    grade: str
    onset_tick: int
    end_tick: int
    onset_s: float
    end_s: float
    onset_route_s_m: float

    def to_json(self) -> dict[str, Any]:
        """The entry of ``departures`` in ``events.json``."""
        return {
            "grade": self.grade,
            "onset_s": self.onset_s,
            "end_s": self.end_s,
            "onset_route_s_m": self.onset_route_s_m,
        }


def grade_masks(
    lane_margin_m: npt.ArrayLike,
    lateral_offset_m: npt.ArrayLike,
    lane_width_m: npt.ArrayLike,
    off_road: npt.ArrayLike,
    odd_mask: npt.ArrayLike | None = None,
) -> dict[str, BoolArray]:
    """Per-tick booleans of the four grades, each (N,).

    G0 here is the bare ``margin < 0``; its 0.2 s rule is an event rule.

    Raises:
        InvalidTraceError: unequal lengths, or NaN where the lane is defined.
    """
    margin = np.asarray(lane_margin_m, dtype=np.float64)
    offset = np.abs(np.asarray(lateral_offset_m, dtype=np.float64))
    width = np.asarray(lane_width_m, dtype=np.float64)
    off = np.asarray(off_road, dtype=bool)
    masked = np.zeros(margin.shape, dtype=bool) if odd_mask is None else np.asarray(odd_mask, dtype=bool)
    if not margin.shape == offset.shape == width.shape == off.shape == masked.shape:
        raise InvalidTraceError("margin, offset, width, off_road and odd_mask must have the same length")
    undefined = (np.isnan(margin) | np.isnan(offset) | np.isnan(width)) & ~masked
    if undefined.any():
        raise InvalidTraceError(
            f"lane geometry is NaN at row {int(np.argmax(undefined))} outside the ODD mask: "
            "the simulation is implausible, mark the episode invalid"
        )
    return {
        "G0": (margin < 0.0) & ~masked,
        "G1": (offset > G1_OFFSET_M) & ~masked,
        "G2": (offset > width / 2.0) & ~masked,
        "G3": off & ~masked,
    }


def find_departures(ticks: pd.DataFrame | Mapping[str, npt.ArrayLike], tick_s: float) -> list[Departure]:
    """All departures of all grades, sorted by onset, then grade.

    Args:
        ticks: the tick table (or its columns): ``time_s route_s_m lane_margin_m lateral_offset_m
        lane_width_m off_road odd_mask``.
        tick_s: simulation step, s.
    """
    time_s = np.asarray(ticks["time_s"], dtype=np.float64)
    route_s_m = np.asarray(ticks["route_s_m"], dtype=np.float64)
    masks = grade_masks(
        ticks["lane_margin_m"],
        ticks["lateral_offset_m"],
        ticks["lane_width_m"],
        ticks["off_road"],
        ticks["odd_mask"],
    )
    departures = [
        Departure(
            grade,
            stretch.start,
            stretch.end,
            float(time_s[stretch.start]),
            float(time_s[stretch.end - 1]) + tick_s,
            float(route_s_m[stretch.start]),
        )
        for grade, mask in masks.items()
        for stretch in _event_stretches(mask, grade, tick_s)
    ]
    return sorted(departures, key=lambda departure: (departure.onset_tick, departure.grade))


def _event_stretches(mask: BoolArray, grade: str, tick_s: float) -> list[Stretch]:
    min_ticks = ticks_at_least(G0_MIN_DURATION_S, tick_s) if grade == "G0" else 1
    return maximal_stretches(mask, max(1, min_ticks), ticks_at_least(MERGE_GAP_S, tick_s))


def find_collisions(collision: npt.ArrayLike, tick_s: float) -> list[Stretch]:
    """Collision events of the ``collision`` column, contacts closer than 1 s merged."""
    return maximal_stretches(np.asarray(collision, dtype=bool), 1, ticks_at_least(MERGE_GAP_S, tick_s))


def find_stuck(speed_mps: npt.ArrayLike, target_speed_mps: npt.ArrayLike, tick_s: float) -> list[Stretch]:
    """Stretches of more than 5 s below 0.5 m/s while more than 1 m/s is wanted."""
    wanted = np.asarray(target_speed_mps, dtype=np.float64) > STUCK_TARGET_SPEED_MPS
    halted = np.asarray(speed_mps, dtype=np.float64) < STUCK_SPEED_MPS
    return maximal_stretches(halted & wanted, ticks_longer_than(STUCK_DURATION_S, tick_s))


class OnlineDepartureDetector:
    """The main-grade (G0) rule of :func:`find_departures`, one tick at a time.

    After ``update`` on row k, ``departed`` equals "``find_departures`` on rows 0..k finds a G0 event", and
    the onset is the same. An onset is known only once the stretch has lasted 0.2 s.

    Args:
        tick_s: simulation step, s.
    """

    def __init__(self, tick_s: float) -> None:
        self._needed_ticks = max(1, ticks_at_least(G0_MIN_DURATION_S, tick_s))
        self._run_ticks = 0
        self._run_start_s = 0.0
        self._onset_s: float | None = None

    @property
    def onset_s(self) -> float | None:
        """Onset τ of the first departure, None before it is established."""
        return self._onset_s

    def update(self, lane_margin_m: float, time_s: float, odd_mask: bool = False) -> bool:
        """Feed one tick; returns whether a departure has been established by now (stays true).

        Args:
            lane_margin_m: negative = over the line.
            time_s: simulation time of this state.
            odd_mask: the lane is undefined here; such a tick is never part of a departure.

        Raises:
            InvalidTraceError: the margin is NaN outside the ODD mask.
        """
        if lane_margin_m != lane_margin_m and not odd_mask:
            raise InvalidTraceError(
                f"lane margin is NaN at {time_s:.2f} s: the simulation is implausible, mark the episode invalid"
            )
        # The record keeps float32, and both detectors must see the same number.
        if np.float32(lane_margin_m) < 0.0 and not odd_mask:
            if self._run_ticks == 0:
                self._run_start_s = time_s
            self._run_ticks += 1
            if self._run_ticks >= self._needed_ticks and self._onset_s is None:
                self._onset_s = self._run_start_s
        else:
            self._run_ticks = 0
        return self._onset_s is not None


class OnlineStuckDetector:
    """The rule of :func:`find_stuck`, one tick at a time: after ``update`` on row k, ``stuck`` equals
    "``find_stuck`` on rows 0..k finds a stretch that is still going on".

    Args:
        tick_s: simulation step, s.
    """

    def __init__(self, tick_s: float) -> None:
        self._needed_ticks = ticks_longer_than(STUCK_DURATION_S, tick_s)
        self._halted_ticks = 0

    def update(self, speed_mps: float, target_speed_mps: float) -> bool:
        """Feed one tick; returns whether the car has now stood for more than 5 s although it should drive."""
        # The record keeps float32, and both detectors must see the same numbers.
        halted = np.float32(speed_mps) < STUCK_SPEED_MPS and np.float32(target_speed_mps) > STUCK_TARGET_SPEED_MPS
        self._halted_ticks = self._halted_ticks + 1 if halted else 0
        return self._halted_ticks >= self._needed_ticks
