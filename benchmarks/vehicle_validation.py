"""How far the embedded server's vehicle drives from CommonRoad's drift model (STD) with the same inputs.

STD (Althoff and Würsching, "CommonRoad: Vehicle Models") is integrated at 1 ms, its published second parameter set
(a BMW 320i) goes into both models. Every manoeuvre starts straight at its speed and stays above 3 m/s, where STD is
dynamic. Errors are ours minus theirs over all ticks; closed forms of steady cornering stand beside them.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2
from vehiclemodels.vehicle_dynamics_std import vehicle_dynamics_std

from embedded_carla.vehicle.ground import DRY
from embedded_carla.vehicle.parameters import GRAVITY_MPS2, VehicleParameters
from embedded_carla.vehicle.single_track import at_rest, step, with_velocity

TICK_S = 0.05
REFERENCE_STEP_S = 0.001
DURATION_S = 4.0
STEERING_RATE_RADPS = 0.4
SPEEDS_MPS = (8.0, 15.0, 25.0)
FloatArray = npt.NDArray[np.float64]

Manoeuvre = Callable[[float, float], tuple[float, float]]
"""(time s, road-wheel angle that gives 1 m/s² sideways at this speed) -> (angle rad, left positive, deceleration)."""

MANOEUVRES: dict[str, Manoeuvre] = {
    "step_steer": lambda t, unit: (4.0 * unit if t >= 0.5 else 0.0, 0.0),
    "sine": lambda t, unit: (3.0 * unit * math.sin(math.pi * t), 0.0),
    "lane_change": lambda t, unit: (3.0 * unit * math.sin(2.0 * math.pi * (t - 0.5) / 2.0) * (0.5 <= t < 2.5), 0.0),
    "brake_in_turn": lambda t, unit: (3.0 * unit, 2.0 if t >= 2.0 else 0.0),
    "near_the_limit": lambda t, unit: (8.0 * unit if t >= 0.5 else 0.0, 0.0),
}


def matching_parameters() -> VehicleParameters:
    """CommonRoad's second vehicle in this model, without the resistances that STD does not have."""
    theirs = parameters_vehicle2()
    tire = theirs.tire
    return VehicleParameters(
        mass_kg=theirs.m,
        yaw_inertia_kgm2=theirs.I_z,
        front_m=theirs.a,
        rear_m=theirs.b,
        cg_height_m=theirs.h_s,
        dry_friction=tire.p_dy1,
        load_sensitivity=0.0,
        stiffness_front_per_rad=-tire.p_ky1,
        stiffness_rear_per_rad=-tire.p_ky1,
        tyre_shape=tire.p_cy1,
        tyre_curvature=tire.p_ey1,
        steering_wheel_rate_dps=math.degrees(STEERING_RATE_RADPS) * 16.0,
        motor_inertia_kgm2=0.0,
        engine_drag_mps2=0.0,
        drag_coefficient=0.0,
        rolling_resistance=0.0,
    )


class Trajectory(NamedTuple):
    """One row per tick: x, y (m), yaw (rad), speed (m/s), yaw rate (rad/s)."""

    rows: FloatArray


def ours(manoeuvre: Manoeuvre, speed_mps: float, unit_rad: float) -> Trajectory:
    """This server's vehicle."""
    car = matching_parameters()
    full_brake_mps2 = car.core.brake_n / car.mass_kg
    state = with_velocity(at_rest(0.0, 0.0, 0.0, 0.0), speed_mps, 0.0)
    rows = []
    for tick in range(round(DURATION_S / TICK_S)):
        angle_rad, deceleration_mps2 = manoeuvre(tick * TICK_S, unit_rad)
        steer = -angle_rad / math.radians(car.max_steer_deg)
        state = step(state, 0.0, deceleration_mps2 / full_brake_mps2, steer, False, False, car, DRY, TICK_S)
        rows.append((state.x_m, state.y_m, state.yaw_rad, state.speed_mps, state.yaw_rate_radps))
    return Trajectory(np.array(rows))


def theirs(manoeuvre: Manoeuvre, speed_mps: float, unit_rad: float) -> Trajectory:
    """CommonRoad's STD: states x, y, steering angle, speed, yaw, yaw rate, slip angle, wheel speeds."""
    parameters = parameters_vehicle2()
    wheel_radps = speed_mps / parameters.R_w
    x = np.array([0.0, 0.0, 0.0, speed_mps, 0.0, 0.0, 0.0, wheel_radps, wheel_radps])
    rows = []
    for tick in range(round(DURATION_S / TICK_S)):
        angle_rad, deceleration_mps2 = manoeuvre(tick * TICK_S, unit_rad)
        for _ in range(round(TICK_S / REFERENCE_STEP_S)):
            rate = (angle_rad - x[2]) / REFERENCE_STEP_S
            rate = min(max(rate, -STEERING_RATE_RADPS), STEERING_RATE_RADPS)
            x = x + REFERENCE_STEP_S * np.array(vehicle_dynamics_std(list(x), [rate, -deceleration_mps2], parameters))
        rows.append((x[0], x[1], x[4], x[3], x[5]))
    return Trajectory(np.array(rows))


def errors(name: str, speed_mps: float) -> dict[str, float]:
    """Root-mean-square and largest errors of one manoeuvre at one speed, and how hard it was."""
    car = matching_parameters()
    unit_rad = car.wheelbase_m / speed_mps**2 + car.understeer_rad_per_g / GRAVITY_MPS2
    mine, reference = (drive(MANOEUVRES[name], speed_mps, unit_rad).rows for drive in (ours, theirs))
    difference = mine - reference
    position_m = np.hypot(difference[:, 0], difference[:, 1])

    def rms(values: FloatArray) -> float:
        return float(np.sqrt(np.mean(values**2)))

    path_m = float(np.hypot(*np.diff(reference[:, :2], axis=0).T).sum())
    return {
        "position_rms_m": rms(position_m),
        "position_end_m": float(position_m[-1]),
        "path_m": path_m,
        "yaw_rms_deg": math.degrees(rms(difference[:, 2])),
        "speed_rms_mps": rms(difference[:, 3]),
        "yaw_rate_rms_dps": math.degrees(rms(difference[:, 4])),
        "largest_yaw_rate_dps": math.degrees(float(np.abs(reference[:, 4]).max())),
        "largest_lateral_mps2": float(np.abs(reference[:, 3] * reference[:, 4]).max()),
    }


def steady_cornering(speed_mps: float, lateral_mps2: float) -> dict[str, float]:
    """Measured and closed-form steer angle of steady cornering: δ = L/R + K_us·a_y/g (Gillespie, eq. 6-15)."""
    car = VehicleParameters()
    angle_rad = car.wheelbase_m * lateral_mps2 / speed_mps**2
    state = with_velocity(at_rest(0.0, 0.0, 0.0, 0.0), speed_mps, 0.0)
    for _ in range(round(12.0 / TICK_S)):
        throttle = 0.05 + 0.8 * (speed_mps - state.speed_mps)
        steer = -angle_rad / math.radians(car.max_steer_deg)
        state = step(state, throttle, 0.0, steer, False, False, car, DRY, TICK_S)
    curvature = state.yaw_rate_radps / state.v_long_mps
    reached_g = state.v_long_mps * state.yaw_rate_radps / GRAVITY_MPS2
    closed_rad = math.atan(car.wheelbase_m * curvature) + car.understeer_rad_per_g * reached_g
    return {
        "speed_mps": speed_mps,
        "lateral_mps2": reached_g * GRAVITY_MPS2,
        "angle_deg": math.degrees(state.road_wheel_angle_rad),
        "closed_form_deg": math.degrees(closed_rad),
        "error_percent": 100.0 * (state.road_wheel_angle_rad / closed_rad - 1.0),
    }


def measure() -> dict[str, Any]:
    """Every manoeuvre at every speed, and steady cornering."""
    return {
        "schema_version": 1,
        "benchmark": "vehicle_validation",
        "reference": "commonroad-vehicle-models STD, parameters_vehicle2, 1 ms",
        "tick_s": TICK_S,
        "manoeuvres": {name: {f"{speed:g}": errors(name, speed) for speed in SPEEDS_MPS} for name in MANOEUVRES},
        "steady_cornering": [steady_cornering(speed, a) for speed in (5.0, 10.0, 20.0, 30.0) for a in (1.0, 2.0)],
    }


def main() -> None:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.vehicle_validation", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args()
    result = measure()
    print("manoeuvre         m/s   position RMS  of path   yaw RMS  yaw rate RMS        a_y")
    for name, by_speed in result["manoeuvres"].items():
        for speed, e in by_speed.items():
            print(
                f"{name:16s} {speed:>4s} {e['position_rms_m']:12.3f} m {e['position_rms_m'] / e['path_m']:8.2%}"
                f" {e['yaw_rms_deg']:7.2f}° {e['yaw_rate_rms_dps']:8.2f} °/s {e['largest_lateral_mps2']:6.1f} m/s²"
            )
    for row in result["steady_cornering"]:
        print(
            f"steady at {row['speed_mps']:4.0f} m/s, {row['lateral_mps2']:.2f} m/s²: {row['angle_deg']:.3f}° against"
            f" {row['closed_form_deg']:.3f}° in closed form ({row['error_percent']:+.2f} %)"
        )
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
