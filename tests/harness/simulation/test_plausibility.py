"""Implausible simulations are found, and say what is wrong in figures."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from agents.protocol import Frame
from harness.simulation.errors import InvalidSimulationError
from harness.simulation.plausibility import PlausibilityMonitor
from harness.simulation.session import VehicleSnapshot

TICK_S = 0.05


def picture(number: int) -> Frame:
    """A different noisy picture for each number."""
    return np.random.default_rng(number).integers(0, 256, (90, 160, 3), dtype=np.uint8)


def snapshot(tick: int, speed_mps: float = 10.0, **changes: float) -> VehicleSnapshot:
    """A car that rolls straight on."""
    x_m = speed_mps * tick * TICK_S
    start = VehicleSnapshot(100 + tick, 7.0 + tick * TICK_S, x_m, 2.0, 0.3, 0.0, speed_mps, 0.0, 0.0)
    return dataclasses.replace(start, **changes)


def test_an_ordinary_drive_passes() -> None:
    monitor = PlausibilityMonitor(TICK_S)
    for tick in range(40):
        monitor.check(snapshot(tick), picture(tick))
        monitor.check_height(snapshot(tick), 0.0)


def test_a_uniform_picture() -> None:
    with pytest.raises(InvalidSimulationError, match=r"uniform \(std 0.00 grey levels\)"):
        PlausibilityMonitor(TICK_S).check(snapshot(0), np.full((90, 160, 3), 17, np.uint8))


def test_a_picture_that_stands_still_while_the_car_moves() -> None:
    monitor = PlausibilityMonitor(TICK_S)
    for tick in range(10):
        monitor.check(snapshot(tick), picture(0))
    with pytest.raises(InvalidSimulationError, match=r"did not change for 0.5 s at 10.0 m/s"):
        monitor.check(snapshot(10), picture(0))


def test_a_picture_that_stands_still_with_the_car_is_fine() -> None:
    monitor = PlausibilityMonitor(TICK_S)
    for tick in range(60):
        monitor.check(snapshot(tick, speed_mps=0.0), picture(0))


def test_a_short_hitch_of_the_picture_is_forgiven() -> None:
    monitor = PlausibilityMonitor(TICK_S)
    for tick in range(40):
        monitor.check(snapshot(tick), picture(tick // 9))


def test_a_teleport() -> None:
    monitor = PlausibilityMonitor(TICK_S)
    monitor.check(snapshot(0), picture(0))
    with pytest.raises(InvalidSimulationError, match=r"moved 20.00 m in one tick, 0.50 m expected"):
        monitor.check(snapshot(1, x_m=20.0), picture(1))


def test_a_car_that_is_thrown() -> None:
    monitor = PlausibilityMonitor(TICK_S)
    monitor.check(snapshot(0), picture(0))
    with pytest.raises(InvalidSimulationError, match="gained speed at 60 m/s²"):
        monitor.check(dataclasses.replace(snapshot(1), x_m=0.6, speed_mps=13.0), picture(1))


def test_a_car_that_is_stopped_by_a_collision_is_not_thrown() -> None:
    monitor = PlausibilityMonitor(TICK_S)
    monitor.check(snapshot(0), picture(0))
    monitor.check(dataclasses.replace(snapshot(1), x_m=0.3, speed_mps=0.5), picture(1))


def test_a_car_that_turns_in_an_instant() -> None:
    monitor = PlausibilityMonitor(TICK_S)
    monitor.check(snapshot(0, heading_rad=3.1), picture(0))
    monitor.check(snapshot(1, heading_rad=-3.1), picture(1))  # a small turn across the seam of the angle
    with pytest.raises(InvalidSimulationError, match="turned by 90° in one tick"):
        monitor.check(snapshot(2, heading_rad=-3.1 + math.pi / 2), picture(2))


@pytest.mark.parametrize("elapsed_s", [7.0, 7.1, 6.95])
def test_a_clock_that_does_not_move_by_one_tick(elapsed_s: float) -> None:
    monitor = PlausibilityMonitor(TICK_S)
    monitor.check(snapshot(0), picture(0))
    with pytest.raises(InvalidSimulationError, match=rf"clock moved {elapsed_s - 7.0:.4f} s in a tick of 0.05 s"):
        monitor.check(snapshot(1, elapsed_s=elapsed_s), picture(1))


def test_a_car_that_fell_through_the_road() -> None:
    with pytest.raises(InvalidSimulationError, match=r"-3.5 m off the road's height"):
        PlausibilityMonitor(TICK_S).check_height(snapshot(0, z_m=-3.5), 0.0)


@pytest.mark.parametrize("field", ["x_m", "z_m", "heading_rad", "speed_mps", "lateral_acceleration_mps2"])
def test_a_number_that_is_none(field: str) -> None:
    """NaN compares false with every limit, so it has a check of its own."""
    with pytest.raises(InvalidSimulationError, match=f"no finite {field}"):
        PlausibilityMonitor(TICK_S).check(dataclasses.replace(snapshot(0), **{field: math.nan}), picture(0))
