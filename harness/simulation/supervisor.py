"""Who holds the wheel: the agent, or after an alarm and a reaction time the takeover driver (PROTOCOL §2, §7)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from agents.geometry import Route
from agents.protocol import DrivingState
from agents.takeover_driver import TakeoverDriver
from harness.evaluation.alarms import AlarmFilter

MIN_TAKEOVER_S = 6.0
HAND_BACK_OFFSET_M = 0.3
HAND_BACK_HEADING_DEG = 2.0
HAND_BACK_HOLD_S = 1.0


@dataclass(frozen=True)
class Takeover:
    """When the alarm took effect, when the driver had the wheel, when it was handed back (None: never)."""

    alarm_s: float
    start_s: float
    end_s: float | None


@dataclass
class ShadowSupervisor:
    """Logs only: nobody intervenes."""

    takeovers: list[Takeover] = field(default_factory=list)

    def steer(
        self, state: DrivingState, route: Route, agent_swa_deg: float, raw_score: float | None
    ) -> tuple[float, bool]:
        """Return (SWA to apply in degrees, False)."""
        return agent_swa_deg, False


class TakeoverSupervisor:
    """Hands the wheel to the takeover driver when one monitor's alarm takes effect.

    The driver holds the wheel from one reaction time after the alarm took effect, for at least 6 s, until the car
    has been within 0.3 m and 2° of the lane for 1 s **and** the alarm is off. An alarm that ends before the driver
    has reacted still leads to the takeover: a warned driver takes over.
    """

    def __init__(self, alarm: AlarmFilter, driver: TakeoverDriver, reaction_s: float, tick_s: float) -> None:
        self._alarm = alarm
        self._driver = driver
        self._reaction_ticks = math.ceil(reaction_s / tick_s - 1e-9)
        self._tick_s = tick_s
        self._alarm_tick: int | None = None
        self._start_tick: int | None = None
        self._settled_ticks = 0
        self.takeovers: list[Takeover] = []

    def steer(
        self, state: DrivingState, route: Route, agent_swa_deg: float, raw_score: float | None
    ) -> tuple[float, bool]:
        """Decide one tick.

        Args:
            state: this tick's state. route: the lane to keep. agent_swa_deg: what the agent wants.
            raw_score: this tick's raw score of the watched monitor (NaN = monitor fault = alarm).

        Returns:
            (SWA to apply in degrees, True if the takeover driver holds the wheel).
        """
        alarm_on = self._alarm.step(math.nan if raw_score is None else raw_score)
        if self._start_tick is not None:
            self._maybe_hand_back(state, alarm_on)
        if self._start_tick is None:
            self._maybe_take_over(state, alarm_on)
        if self._start_tick is None:
            return agent_swa_deg, False
        # The hands take the wheel where it is, not where the agent had asked it to be.
        return self._driver.steer(state, route, state.swa_actual_deg), True

    def _maybe_take_over(self, state: DrivingState, alarm_on: bool) -> None:
        if self._alarm_tick is None and alarm_on:
            self._alarm_tick = state.tick
        if self._alarm_tick is not None and state.tick >= self._alarm_tick + self._reaction_ticks:
            self._start_tick = state.tick
            self._settled_ticks = 0
            self.takeovers.append(Takeover(self._alarm_tick * self._tick_s, state.tick * self._tick_s, None))

    def _maybe_hand_back(self, state: DrivingState, alarm_on: bool) -> None:
        assert self._start_tick is not None
        centred = (
            abs(state.lateral_offset_m) < HAND_BACK_OFFSET_M and abs(state.heading_error_deg) < HAND_BACK_HEADING_DEG
        )
        self._settled_ticks = self._settled_ticks + 1 if centred else 0
        held_long_enough = (state.tick - self._start_tick) * self._tick_s >= MIN_TAKEOVER_S - 1e-9
        settled = self._settled_ticks * self._tick_s >= HAND_BACK_HOLD_S - 1e-9
        if held_long_enough and settled and not alarm_on:
            last = self.takeovers[-1]
            self.takeovers[-1] = Takeover(last.alarm_s, last.start_s, state.tick * self._tick_s)
            self._start_tick, self._alarm_tick = None, None
