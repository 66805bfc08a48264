"""A second, differently built expert: how far does the reference depend on who made it?

Law: feed-forward of the mean curvature of a short preview, plus a linear-quadratic regulator on lateral
offset and heading error of the sampled kinematic single-track model (gains from the discrete algebraic
Riccati equation on a speed grid). No target point, no look-ahead distance, nothing shared with the label
expert but the car.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_discrete_are

from agents.ego_vehicle import EgoVehicle
from agents.geometry import FloatArray, Route
from agents.preview import mean_curvature_1pm
from agents.protocol import DrivingState

_SPEED_GRID_MPS = np.array([1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0, 30.0, 45.0])


@dataclass(frozen=True)
class SecondExpertTuning:
    """Weights of the regulator, as the deviations that cost the same.

    Attributes:
        offset_m, heading_rad: tolerated state deviations.
        lateral_acceleration_mps2: tolerated correction, turned into a road wheel angle at each speed.
        sample_s: period of the regulator.
        preview_s: curvature is averaged from now to this much travel ahead.
        understeer_rad_per_mps2, rear_slip_rad_per_mps2: feed-forward for tyre slip, per lateral
            acceleration: extra road wheel angle, and how far the nose of a cornering car points to the
            inside of its course.
    """

    offset_m: float = 0.6
    heading_rad: float = 0.15
    lateral_acceleration_mps2: float = 2.2
    sample_s: float = 0.05
    preview_s: float = 0.5
    understeer_rad_per_mps2: float = 0.001
    rear_slip_rad_per_mps2: float = 0.005


def lqr_gains(speed_mps: float, wheelbase_m: float, tuning: SecondExpertTuning) -> tuple[float, float]:
    """Gains (road wheel rad per m of offset, per rad of heading error) at one speed.

    Model: ḋ = v·ψ, ψ̇ = v·δ/wheelbase, sampled with zero-order hold.
    """
    v, dt = speed_mps, tuning.sample_s
    turn_rate = v / wheelbase_m
    a = np.array([[1.0, v * dt], [0.0, 1.0]])
    b = np.array([[0.5 * v * turn_rate * dt * dt], [turn_rate * dt]])
    q = np.diag([tuning.offset_m**-2, tuning.heading_rad**-2])
    # At low speed a lateral acceleration would allow any steering angle; the angle of 7 m/s bounds it.
    tolerated_rad = tuning.lateral_acceleration_mps2 * wheelbase_m / max(v, 7.0) ** 2
    r = np.array([[tolerated_rad**-2]])
    p = solve_discrete_are(a, b, q, r)
    gain = np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a)
    return float(gain[0, 0]), float(gain[0, 1])


@dataclass(frozen=True)
class SecondExpert:
    """Feed-forward and LQR reference steering: a pure function of state and route."""

    vehicle: EgoVehicle = field(default_factory=EgoVehicle)
    tuning: SecondExpertTuning = field(default_factory=SecondExpertTuning)
    _gains: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = [lqr_gains(float(v), self.vehicle.wheelbase_m, self.tuning) for v in _SPEED_GRID_MPS]
        object.__setattr__(self, "_gains", np.array(rows))

    def swa_deg(self, state: DrivingState, route: Route) -> float:
        """Reference steering wheel angle, degrees, left positive, within the limits of the gear."""
        tuning = self.tuning
        preview_m = max(2.0, tuning.preview_s * state.speed_mps)
        curvature_1pm = mean_curvature_1pm(route, state.route_s_m, state.route_s_m + preview_m)
        speed_squared = state.speed_mps * state.speed_mps
        offset_gain = float(np.interp(state.speed_mps, _SPEED_GRID_MPS, self._gains[:, 0]))
        heading_gain = float(np.interp(state.speed_mps, _SPEED_GRID_MPS, self._gains[:, 1]))
        # In a steady curve the nose points outwards by κ · (centre to rear axle), inwards by the slip angle.
        steady_heading_rad = curvature_1pm * (
            tuning.rear_slip_rad_per_mps2 * speed_squared - self.vehicle.centre_to_rear_axle_m
        )
        heading_rad = math.radians(state.heading_error_deg)
        road_wheel_rad = (
            math.atan(self.vehicle.wheelbase_m * curvature_1pm)
            + tuning.understeer_rad_per_mps2 * speed_squared * curvature_1pm
            - offset_gain * state.lateral_offset_m
            - heading_gain * (heading_rad - steady_heading_rad)
        )
        return self.vehicle.swa_deg(road_wheel_rad)
