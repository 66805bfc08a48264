"""The label expert: the reference steering wheel angle at any state, and an agent that drives by it.

Law: pure pursuit (Coulter 1992, CMU-RI-TR-92-01) from the rear axle with look-ahead L = max(7 m, 0.8 s · v),
plus a feed-forward for tyre slip. Chosen because its answer depends on what one picture shows and nothing
else: the place of one point of the lane 7-15 m ahead relative to the car (that is d, ψ and the curvature on
the way there); speed enters only through L. Near the centre line the commanded curvature is a triangular
preview of the road's curvature minus 2d/L² minus 2ψ/L: a second order return with damping 0.71 that takes
about 2 s whatever the speed. It has no memory, so the reference at a state does not depend on the way there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from agents.ego_vehicle import EgoVehicle
from agents.errors import AgentError
from agents.geometry import Route
from agents.preview import mean_curvature_1pm, points_in_car_axes
from agents.protocol import AgentOutput, DrivingState, EpisodeContext, Observation


@dataclass(frozen=True)
class LabelExpertTuning:
    """Gains of the label expert, shared with no other driver.

    Attributes:
        min_lookahead_m, lookahead_time_s: L = max(min_lookahead_m, lookahead_time_s · v).
        understeer_rad_per_mps2: extra road wheel angle per lateral acceleration.
        rear_slip_rad_per_mps2: slip angle of the rear tyres per lateral acceleration: the nose of a cornering
            car points this much to the inside of its course.
    """

    min_lookahead_m: float = 7.0
    lookahead_time_s: float = 0.8
    understeer_rad_per_mps2: float = 0.001
    rear_slip_rad_per_mps2: float = 0.004


@dataclass(frozen=True)
class LabelExpert:
    """Reference steering: a pure function of state and route."""

    vehicle: EgoVehicle = field(default_factory=EgoVehicle)
    tuning: LabelExpertTuning = field(default_factory=LabelExpertTuning)

    def swa_deg(self, state: DrivingState, route: Route) -> float:
        """Reference steering wheel angle at this state.

        Args:
            state: pose, speed and arc length are used.
            route: lane to keep.

        Returns:
            Degrees, left positive, within the limits of the steering gear.
        """
        vehicle, tuning = self.vehicle, self.tuning
        lookahead_m = max(tuning.min_lookahead_m, tuning.lookahead_time_s * state.speed_mps)
        heading_rad = math.radians(state.heading_deg)
        back_m = vehicle.centre_to_rear_axle_m
        rear_s_m = state.route_s_m - back_m * math.cos(math.radians(state.heading_error_deg))
        road_curvature_1pm = mean_curvature_1pm(route, state.route_s_m, state.route_s_m + 0.5 * lookahead_m)
        speed_squared = state.speed_mps * state.speed_mps
        # Aim along the course of the rear axle, not along the nose: otherwise slip reads as a heading error.
        course_rad = heading_rad - tuning.rear_slip_rad_per_mps2 * speed_squared * road_curvature_1pm
        forward_m, left_m = points_in_car_axes(
            route,
            np.array([rear_s_m + lookahead_m]),
            state.x_m - back_m * math.cos(heading_rad),
            state.y_m - back_m * math.sin(heading_rad),
            course_rad,
        )
        ahead_m, side_m = float(forward_m[0]), float(left_m[0])
        if ahead_m <= 0.0:
            # The target lies behind the car: turn round towards it as tightly as the gear allows.
            return math.copysign(vehicle.max_swa_deg, side_m)
        curvature_1pm = 2.0 * side_m / (ahead_m * ahead_m + side_m * side_m)
        road_wheel_rad = math.atan(vehicle.wheelbase_m * curvature_1pm)
        road_wheel_rad += tuning.understeer_rad_per_mps2 * speed_squared * road_curvature_1pm
        return vehicle.swa_deg(road_wheel_rad)


class LabelExpertAgent:
    """The label expert as an agent ("expert"). Privileged: it reads pose and route, not the picture."""

    name = "expert"
    privileged = True

    def __init__(self, expert: LabelExpert | None = None) -> None:
        self._expert = expert or LabelExpert()
        self._route: Route | None = None

    @property
    def weights_sha256(self) -> str | None:
        """None: the expert has no weights."""
        return None

    def reset(self, context: EpisodeContext) -> None:
        """Take the route of the episode.

        Raises:
            AgentError: the context has no route.
        """
        if context.route is None:
            raise AgentError("agent 'expert' needs EpisodeContext.route: it is privileged and cannot drive by camera")
        self._route = context.route

    def act(self, observation: Observation) -> AgentOutput:
        """Steer by the reference law; the frame is not looked at."""
        if self._route is None:
            raise AgentError("agent 'expert' was asked to act before reset(context)")
        return AgentOutput(swa_deg=self._expert.swa_deg(observation.state, self._route))
