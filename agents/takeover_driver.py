"""The takeover driver: a human at the wheel after an alarm, not an oracle.

Law: optimal preview control (MacAdam 1981, IEEE SMC-11(6)): the constant curvature whose arc fits the lane
centre best, in the least squares sense, over a limited preview of 0.3-1.1 s of travel. Arms limit it: a first
order neuromuscular lag, a hand speed limit and seeded steering noise. The reaction delay belongs to the
supervisor, which calls this driver only once the hands are on the wheel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from agents.ego_vehicle import EgoVehicle
from agents.errors import AgentError
from agents.geometry import Route
from agents.preview import points_in_car_axes
from agents.protocol import DrivingState, EpisodeContext
from agents.tick_noise import TickNoise


@dataclass(frozen=True)
class TakeoverTuning:
    """What makes this driver human.

    Attributes:
        preview_from_s, preview_to_s: window of travel time that is looked at.
        min_preview_m: the far end of the window is at least this far.
        preview_points: samples of the window.
        lag_s: neuromuscular time constant.
        hand_speed_dps: largest speed of the steering wheel.
        noise_deg, noise_correlation_s: standard deviation and correlation time of the steering noise.
        understeer_rad_per_mps2: what the driver knows of the car: extra road wheel angle per lateral
            acceleration.
    """

    preview_from_s: float = 0.3
    preview_to_s: float = 1.1
    min_preview_m: float = 6.0
    preview_points: int = 9
    lag_s: float = 0.12
    hand_speed_dps: float = 360.0
    noise_deg: float = 1.5
    noise_correlation_s: float = 0.6
    understeer_rad_per_mps2: float = 0.001


class TakeoverDriver:
    """Steers like an attentive person from the moment it is first asked to."""

    def __init__(self, vehicle: EgoVehicle | None = None, tuning: TakeoverTuning | None = None) -> None:
        self._vehicle = vehicle or EgoVehicle()
        self._tuning = tuning or TakeoverTuning()
        self._tick_s = 0.0
        self._noise: TickNoise | None = None
        self._held_deg = 0.0
        self._last_tick: int | None = None

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode; ``context.seed`` is the driver seed of the pair."""
        self._tick_s = context.tick_s
        self._noise = TickNoise(context.seed, context.tick_s, self._tuning.noise_correlation_s)
        self._last_tick = None

    def steer(self, state: DrivingState, route: Route, swa_now_deg: float) -> float:
        """Steer for one tick.

        Args:
            state: the car now. A gap in ``state.tick`` since the last call means a new grip on the wheel.
            route: lane to keep; only the preview window is looked at.
            swa_now_deg: angle the wheel has now; a new grip starts from here.

        Returns:
            Commanded SWA, degrees, left positive. Same (seed, tick, states) give the same answer.

        Raises:
            AgentError: ``reset`` was not called.
        """
        if self._noise is None:
            raise AgentError("the takeover driver was asked to steer before reset(context)")
        if self._last_tick is None or state.tick != self._last_tick + 1:
            self._held_deg = swa_now_deg
        self._last_tick = state.tick
        wanted_deg = self._wanted_swa_deg(state, route) + self._tuning.noise_deg * self._noise.at(state.tick)
        share = 1.0 - math.exp(-self._tick_s / self._tuning.lag_s)
        step_deg = share * (wanted_deg - self._held_deg)
        limit_deg = self._tuning.hand_speed_dps * self._tick_s
        self._held_deg += min(max(step_deg, -limit_deg), limit_deg)
        return self._held_deg

    def _wanted_swa_deg(self, state: DrivingState, route: Route) -> float:
        """SWA of the arc that fits the previewed lane best: min over κ of Σ (y − ½·κ·u²)², in closed form."""
        tuning, vehicle = self._tuning, self._vehicle
        far_m = max(tuning.min_preview_m, tuning.preview_to_s * state.speed_mps)
        near_m = far_m * tuning.preview_from_s / tuning.preview_to_s
        reach_m = np.linspace(near_m, far_m, tuning.preview_points)
        heading_rad = math.radians(state.heading_deg)
        # The tangent of the centre's arc differs from the nose by the rear axle's lever; seen from the rear
        # axle the two agree, so distances are measured from there.
        back_m = vehicle.centre_to_rear_axle_m
        forward_m, left_m = points_in_car_axes(
            route,
            state.route_s_m - back_m + reach_m,
            state.x_m - back_m * math.cos(heading_rad),
            state.y_m - back_m * math.sin(heading_rad),
            heading_rad,
        )
        squared = forward_m * forward_m + left_m * left_m
        curvature_1pm = float(2.0 * np.sum(squared * left_m) / np.sum(squared * squared))
        road_wheel_rad = math.atan(vehicle.wheelbase_m * curvature_1pm)
        road_wheel_rad += tuning.understeer_rad_per_mps2 * state.speed_mps**2 * curvature_1pm
        return vehicle.swa_deg(road_wheel_rad)
