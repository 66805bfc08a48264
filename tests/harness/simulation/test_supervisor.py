"""Who holds the wheel, tick by tick, on made-up states and a real takeover driver."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from agents.protocol import DrivingState, EpisodeContext
from agents.takeover_driver import TakeoverDriver
from harness.evaluation.alarms import AlarmFilter
from harness.simulation.supervisor import ShadowSupervisor, TakeoverSupervisor
from tests.agents.car_on_a_road import road

TICK_S = 0.05
ROUTE = road([(400.0, 0.0)])
# Window 0.5 s and debounce 0.1 s: a score of 1 beats 0.05 at once and the alarm is up on the next tick.
DEBOUNCE_TICKS = 1


def state(tick: int, offset_m: float = 0.0, heading_error_deg: float = 0.0) -> DrivingState:
    s_m = 10.0 + 0.5 * tick
    return DrivingState(
        tick=tick,
        time_s=tick * TICK_S,
        speed_mps=10.0,
        yaw_rate_dps=0.0,
        x_m=s_m,
        y_m=offset_m,
        heading_deg=heading_error_deg,
        route_s_m=s_m,
        lateral_offset_m=offset_m,
        heading_error_deg=heading_error_deg,
        lane_width_m=3.5,
        lane_margin_m=0.85,
        curvature_1pm=0.0,
        curvature_ahead_1pm=0.0,
        swa_actual_deg=7.0,
        swa_label_deg=0.0,
    )


def supervisor(reaction_s: float = 1.0, theta: float = 0.05, latency_s: float = 0.0) -> TakeoverSupervisor:
    driver = TakeoverDriver()
    driver.reset(EpisodeContext("pair", 3, TICK_S, 160, 90, 90.0))
    return TakeoverSupervisor(AlarmFilter(theta, theta, TICK_S, latency_s), driver, reaction_s, TICK_S)


def held(
    watched: TakeoverSupervisor, ticks: int, score: Callable[[int], float], offset: Callable[[int], float] = lambda _: 0
) -> list[bool]:
    """Whether the takeover driver holds the wheel, per tick."""
    return [watched.steer(state(k, offset(k)), ROUTE, 100.0, score(k))[1] for k in range(ticks)]


def first(flags: list[bool]) -> int:
    return int(np.argmax(flags)) if any(flags) else -1


@pytest.mark.parametrize(("reaction_s", "ticks"), [(0.0, 0), (0.05, 1), (0.5, 10), (1.0, 20), (1.01, 21), (1.5, 30)])
def test_the_driver_has_the_wheel_exactly_one_reaction_time_after_the_alarm(reaction_s: float, ticks: int) -> None:
    watched = supervisor(reaction_s)
    flags = held(watched, 80, lambda k: 1.0 if k >= 10 else 0.0)
    alarm_tick = 10 + DEBOUNCE_TICKS
    assert first(flags) == alarm_tick + ticks
    assert watched.takeovers[0].alarm_s == pytest.approx(alarm_tick * TICK_S)
    assert watched.takeovers[0].start_s == pytest.approx((alarm_tick + ticks) * TICK_S)


def test_a_declared_latency_delays_the_alarm() -> None:
    flags = held(supervisor(1.0, latency_s=0.12), 80, lambda k: 1.0 if k >= 10 else 0.0)
    assert first(flags) == 10 + DEBOUNCE_TICKS + 3 + 20


def test_an_alarm_that_ends_before_the_reaction_still_leads_to_the_takeover() -> None:
    flags = held(supervisor(2.0), 120, lambda k: 1.0 if 10 <= k < 14 else 0.0)
    assert first(flags) == 10 + DEBOUNCE_TICKS + 40


def test_a_settled_car_without_alarm_goes_back_after_six_seconds_not_before() -> None:
    watched = supervisor(1.0)
    flags = held(watched, 240, lambda k: 1.0 if 10 <= k < 14 else 0.0)
    start = first(flags)
    assert flags == [start <= k < start + 120 for k in range(240)]
    (takeover,) = watched.takeovers
    assert takeover.end_s == pytest.approx(takeover.start_s + 6.0)


def test_the_wheel_stays_with_the_driver_until_the_car_has_been_centred_for_a_second() -> None:
    start = 10 + DEBOUNCE_TICKS + 20
    centred_at = start + 150
    flags = held(
        supervisor(1.0),
        400,
        lambda k: 1.0 if 10 <= k < 14 else 0.0,
        lambda k: 0.29 if k >= centred_at or k % 10 else 0.31,
    )
    assert first(flags) == start
    last_off_centre = max(k for k in range(centred_at) if k % 10 == 0)
    assert flags.index(False, start) == last_off_centre + 20


def test_a_crooked_car_is_not_handed_back() -> None:
    watched = supervisor(0.0)
    flags = [watched.steer(state(k, 0.0, 2.1), ROUTE, 0.0, 1.0 if k < 5 else 0.0)[1] for k in range(300)]
    assert all(flags[1:])


def test_a_lasting_alarm_is_never_handed_back() -> None:
    watched = supervisor(1.0, theta=0.0)
    flags = held(watched, 600, lambda _: 1.0)
    assert first(flags) == DEBOUNCE_TICKS + 20
    assert all(flags[first(flags) :])
    assert watched.takeovers[0].end_s is None


def test_a_second_alarm_leads_to_a_second_takeover() -> None:
    watched = supervisor(1.0)
    held(watched, 400, lambda k: 1.0 if 10 <= k < 14 or 200 <= k < 204 else 0.0)
    assert [takeover.alarm_s for takeover in watched.takeovers] == pytest.approx([0.55, 10.05])


def test_a_failing_monitor_raises_the_alarm_at_once() -> None:
    flags = held(supervisor(0.0), 30, lambda k: math.nan if k == 10 else 0.0)
    assert first(flags) == 10


def test_the_hands_take_the_wheel_where_it_is() -> None:
    """The agent wants 100°, the wheel is at 7°: the first command is one human step from 7°."""
    watched = supervisor(0.0)
    swa_deg, taken = watched.steer(state(0), ROUTE, 100.0, math.nan)
    assert taken
    assert abs(swa_deg - 7.0) <= 360.0 * TICK_S + 1e-9


def test_shadow_mode_never_intervenes() -> None:
    watched = ShadowSupervisor()
    assert watched.steer(state(0), ROUTE, 42.0, math.nan) == (42.0, False)
    assert watched.takeovers == []
