"""The three steering laws on roads with sudden curvature changes, before any simulator is involved."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest

from agents.ego_vehicle import EgoVehicle
from agents.errors import AgentError
from agents.geometry import Route
from agents.label_expert import LabelExpert, LabelExpertAgent
from agents.protocol import Agent, DrivingState, EpisodeContext, Observation
from agents.second_expert import SecondExpert
from agents.takeover_driver import TakeoverDriver
from agents.tick_noise import TickNoise
from tests.agents.car_on_a_road import Car, curve_speed_mps, drive, road

LABEL = LabelExpert()
SECOND = SecondExpert()
EXPERTS = [LABEL.swa_deg, SECOND.swa_deg]


def context(route: Route | None = None, seed: int = 7) -> EpisodeContext:
    return EpisodeContext("pair", seed, 0.05, 640, 360, 90.0, route)


def s_curve(radius_m: float) -> Route:
    return road([(40, 0.0), (60, 1 / radius_m), (20, 0.0), (60, -1 / radius_m), (40, 0.0)])


def offsets(states: list[DrivingState]) -> np.ndarray:
    return np.array([state.lateral_offset_m for state in states])


@pytest.mark.parametrize("radius_m", [30, 50, 80, 120, 200, 300])
@pytest.mark.parametrize("swa_deg", EXPERTS)
def test_experts_keep_within_a_quarter_metre_on_every_radius(
    radius_m: float, swa_deg: Callable[[DrivingState, Route], float]
) -> None:
    route = s_curve(radius_m)
    states = drive(Car(route, curve_speed_mps(1 / radius_m)), lambda state: swa_deg(state, route), 60)
    assert states[-1].route_s_m > route.length_m - 7
    assert np.abs(offsets(states)).max() < 0.25


@pytest.mark.parametrize(
    ("offset_m", "heading_deg", "speed_mps"),
    [(1.5, 0, 8.7), (-1.5, 0, 15), (1.0, 0, 5), (0, 20, 8.7), (0, -20, 11), (-1.5, 10, 11)],
)
def test_label_expert_returns_to_the_centre_within_three_seconds(
    offset_m: float, heading_deg: float, speed_mps: float
) -> None:
    route = road([(200, 0.0)])
    car = Car(route, speed_mps, offset_m, heading_deg)
    states = drive(car, lambda state: LABEL.swa_deg(state, route), 8)
    late = [state for state in states if state.time_s > 3.0]
    assert len(late) > 20
    assert np.abs(offsets(late)).max() < 0.15


def test_label_swa_in_a_steady_curve_is_the_ackermann_angle_plus_slip() -> None:
    radius_m, speed_mps = 60.0, 10.0
    route = road([(300, 1 / radius_m)])
    states = drive(Car(route, speed_mps), lambda state: LABEL.swa_deg(state, route), 12)
    ackermann = 16 * math.degrees(math.atan(2.875 / radius_m))
    understeer = 16 * math.degrees((0.0055 - 0.0045) * speed_mps**2 / radius_m)
    assert LABEL.swa_deg(states[-1], route) == pytest.approx(ackermann + understeer, abs=1.5)


def test_label_is_left_right_symmetric() -> None:
    left, right = road([(30, 0.0), (60, 0.02)]), road([(30, 0.0), (60, -0.02)])
    to_left = LABEL.swa_deg(Car(left, 10.0, 0.4, 3.0, start_s_m=25).state(), left)
    to_right = LABEL.swa_deg(Car(right, 10.0, -0.4, -3.0, start_s_m=25).state(), right)
    assert to_left == pytest.approx(-to_right, abs=0.05)


@pytest.mark.parametrize("swa_deg", EXPERTS)
def test_experts_answer_at_absurd_states_within_the_steering_gear(
    swa_deg: Callable[[DrivingState, Route], float],
) -> None:
    route = s_curve(50)
    for offset_m, heading_deg, speed_mps, s_m in [
        (8, 170, 0.0, 5),
        (-20, -90, 30, 100),
        (0, 0, 40, 219),
        (0, 180, 5, 0),
    ]:
        swa = swa_deg(Car(route, speed_mps, offset_m, heading_deg, start_s_m=s_m).state(), route)
        assert abs(swa) <= EgoVehicle().max_swa_deg


def test_second_expert_agrees_away_from_sudden_changes() -> None:
    route = s_curve(80)
    states = drive(Car(route, curve_speed_mps(1 / 80), 0.8), lambda state: LABEL.swa_deg(state, route), 30)
    apart = np.array([abs(LABEL.swa_deg(state, route) - SECOND.swa_deg(state, route)) for state in states])
    assert (apart > 5.0).mean() < 0.15
    assert apart.max() > 0.1, "a copy of the label expert would be no check"


@pytest.mark.parametrize("speed_mps", [5.0, 8.7, 12.0, 15.0])
def test_takeover_driver_recovers_from_one_metre(speed_mps: float) -> None:
    route = road([(200, 0.0)])
    driver = TakeoverDriver()
    driver.reset(context())
    states = drive(Car(route, speed_mps, 1.0), lambda state: driver.steer(state, route, state.swa_actual_deg), 10)
    assert np.abs(offsets(states)).max() <= 1.01
    assert np.abs(offsets([state for state in states if state.time_s > 4.0])).max() < 0.25


@pytest.mark.parametrize("radius_m", [30, 80, 200])
def test_takeover_driver_keeps_the_lane_in_curves(radius_m: float) -> None:
    route = s_curve(radius_m)
    driver = TakeoverDriver()
    driver.reset(context())
    car = Car(route, curve_speed_mps(1 / radius_m))
    states = drive(car, lambda state: driver.steer(state, route, state.swa_actual_deg), 60)
    assert min(state.lane_margin_m for state in states) > 0.3


def test_takeover_driver_starts_from_the_wheel_it_grips_and_respects_hand_speed() -> None:
    route = road([(200, 0.0)])
    driver = TakeoverDriver()
    driver.reset(context())
    start = Car(route, 10.0, 1.5).state()
    first = driver.steer(dataclasses.replace(start, tick=40), route, 200.0)
    second = driver.steer(dataclasses.replace(start, tick=41), route, 200.0)
    regrip = driver.steer(dataclasses.replace(start, tick=60), route, -90.0)
    assert abs(first - 200.0) <= 18.0 + 1e-9 and abs(second - first) <= 18.0 + 1e-9
    assert abs(regrip + 90.0) <= 18.0 + 1e-9


def test_takeover_noise_depends_on_seed_and_tick_only() -> None:
    def answer(seed: int, ticks: list[int]) -> float:
        driver = TakeoverDriver()
        driver.reset(context(seed=seed))
        route = road([(200, 0.0)])
        for tick in ticks:
            swa = driver.steer(dataclasses.replace(Car(route, 10.0, 0.5).state(), tick=tick), route, 0.0)
        return swa

    assert answer(7, [100]) == answer(7, [3, 50, 100])
    assert answer(7, [100]) != answer(8, [100])


def test_tick_noise_is_stationary_with_the_stated_correlation() -> None:
    noise = TickNoise(3, 0.05, 0.5)
    values = np.array([noise.at(tick) for tick in range(40_000)])
    assert values.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(values[:-10], values[10:])[0, 1] == pytest.approx(math.exp(-1), abs=0.05)


def test_expert_agent_drives_by_the_label_and_refuses_without_a_route() -> None:
    agent = LabelExpertAgent()
    assert isinstance(agent, Agent) and agent.privileged
    route = s_curve(50)
    with pytest.raises(AgentError, match="route"):
        agent.reset(context())
    with pytest.raises(AgentError, match="reset"):
        agent.act(Observation(np.zeros((4, 4, 3), np.uint8), Car(route, 5.0).state()))
    agent.reset(context(route))
    state = Car(route, 9.0, 0.3).state()
    output = agent.act(Observation(np.zeros((4, 4, 3), np.uint8), state))
    assert output.swa_deg == LABEL.swa_deg(state, route)
