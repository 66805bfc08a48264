"""A tiny linear single-track car on a route: the experts' proving ground, independent of any simulator."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agents.geometry import Route
from agents.protocol import DrivingState

TICK_S = 0.05
WHEELBASE_M = 2.875
HALF_WHEELBASE_M = WHEELBASE_M / 2


def road(sections: Sequence[tuple[float, float]], spacing_m: float = 0.5, lane_width_m: float = 3.5) -> Route:
    """Route of (length_m, curvature_1pm) sections with sudden changes of curvature, the hardest case."""
    fine_m = 0.01
    curvature = np.concatenate([np.full(round(length / fine_m), kappa) for length, kappa in sections])
    heading = np.concatenate([[0.0], np.cumsum(curvature) * fine_m])
    middle = 0.5 * (heading[1:] + heading[:-1])
    x = np.concatenate([[0.0], np.cumsum(np.cos(middle)) * fine_m])
    y = np.concatenate([[0.0], np.cumsum(np.sin(middle)) * fine_m])
    pick = np.arange(0, len(curvature), round(spacing_m / fine_m))
    count = len(pick)
    return Route(
        s_m=(pick * fine_m).astype(np.float64),
        x_m=x[pick],
        y_m=y[pick],
        z_m=np.zeros(count),
        heading_rad=heading[pick],
        curvature_1pm=curvature[pick],
        lane_width_m=np.full(count, lane_width_m),
        road_half_width_left_m=np.full(count, 1.5 * lane_width_m),
        road_half_width_right_m=np.full(count, 0.5 * lane_width_m),
        odd_mask=np.zeros(count, dtype=bool),
    )


@dataclass
class Car:
    """Linear dynamic single-track car; slip = axle slip angle per lateral acceleration (0: kinematic)."""

    route: Route
    speed_mps: float
    lateral_offset_m: float = 0.0
    heading_error_deg: float = 0.0
    start_s_m: float = 5.0
    rear_slip: float = 0.0045
    front_slip: float = 0.0055
    steering_rate_dps: float = 720.0

    def __post_init__(self) -> None:
        k = self.route.index(self.start_s_m)
        heading = float(self.route.heading_rad[k])
        self.x = float(self.route.x_m[k]) - self.lateral_offset_m * math.sin(heading)
        self.y = float(self.route.y_m[k]) + self.lateral_offset_m * math.cos(heading)
        self.heading = heading + math.radians(self.heading_error_deg)
        self.s = self.start_s_m
        self.tick, self.swa, self.side_speed, self.yaw_rate = 0, 0.0, 0.0, 0.0

    def state(self) -> DrivingState:
        self.s, offset = self.route.project(self.x, self.y, self.s)
        k = self.route.index(self.s)
        road_heading = float(self.route.heading_rad[k] + self.route.curvature_1pm[k] * (self.s - self.route.s_m[k]))
        error = math.remainder(self.heading - road_heading, 2 * math.pi)
        return DrivingState(
            tick=self.tick,
            time_s=self.tick * TICK_S,
            speed_mps=self.speed_mps,
            yaw_rate_dps=math.degrees(self.yaw_rate),
            x_m=self.x,
            y_m=self.y,
            heading_deg=math.degrees(self.heading),
            route_s_m=self.s,
            lateral_offset_m=offset,
            heading_error_deg=math.degrees(error),
            lane_width_m=3.5,
            lane_margin_m=1.75 - abs(offset) - 0.9,
            curvature_1pm=float(self.route.curvature_1pm[k]),
            curvature_ahead_1pm=self.route.curvature_ahead_1pm(self.s, 2 * self.speed_mps),
            swa_actual_deg=self.swa,
            swa_label_deg=0.0,
        )

    def step(self, swa_deg: float, acceleration_mps2: float = 0.0, substeps: int = 20) -> None:
        dt = TICK_S / substeps
        for _ in range(substeps):
            reach = self.steering_rate_dps * dt
            self.swa += min(max(swa_deg - self.swa, -reach), reach)
            wheel, v, half = math.radians(self.swa / 16), max(self.speed_mps, 0.1), HALF_WHEELBASE_M
            if self.rear_slip == 0.0:
                self.yaw_rate = v * math.tan(wheel) / WHEELBASE_M
                self.side_speed = self.yaw_rate * half
            else:
                # Slip per lateral acceleration c means a cornering acceleration of slip / c, half per axle.
                front = (wheel - (self.side_speed + half * self.yaw_rate) / v) / self.front_slip / 2
                rear = -(self.side_speed - half * self.yaw_rate) / v / self.rear_slip / 2
                self.side_speed += dt * (front + rear - v * self.yaw_rate)
                self.yaw_rate += dt * (front - rear) / half  # moment of inertia m · half²
            self.x += dt * (v * math.cos(self.heading) - self.side_speed * math.sin(self.heading))
            self.y += dt * (v * math.sin(self.heading) + self.side_speed * math.cos(self.heading))
            self.heading += dt * self.yaw_rate
            self.speed_mps = max(self.speed_mps + dt * acceleration_mps2, 0.0)
        self.tick += 1


def drive(car: Car, steer: Callable[[DrivingState], float], duration_s: float) -> list[DrivingState]:
    """States of every tick until the time or the road is over, at constant speed."""
    states = []
    while car.tick * TICK_S < duration_s and car.s < car.route.length_m - 5.0:
        states.append(car.state())
        car.step(steer(states[-1]))
    return states


def curve_speed_mps(curvature_1pm: float, v_max_mps: float = 15.0) -> float:
    return min(v_max_mps, math.sqrt(2.5 / max(abs(curvature_1pm), 1e-9)))
