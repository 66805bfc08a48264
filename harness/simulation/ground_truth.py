"""Geometric truth of one tick: where the car is in the route's lane (PROTOCOL §3)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from agents.geometry import Route
from agents.protocol import DrivingState
from harness.simulation.session import VehicleSnapshot

PREVIEW_S = 2.0


@dataclass(frozen=True)
class Footprint:
    """Half extents of the car on the ground: half width b over the tyres, half length l, m."""

    half_width_m: float
    half_length_m: float

    def lane_margin_m(self, lane_width_m: float, lateral_offset_m: float, heading_error_rad: float) -> float:
        """Lane margin m = w/2 − |d| − (b·|cos ψ| + l·|sin ψ|), PROTOCOL §3; negative = over the line.

        The magnitude of the cosine, so that a car that has spun round is as wide as before.
        """
        across, along = abs(math.cos(heading_error_rad)), abs(math.sin(heading_error_rad))
        reach = self.half_width_m * across + self.half_length_m * along
        return lane_width_m / 2 - abs(lateral_offset_m) - reach


@dataclass(frozen=True)
class LanePose:
    """The state plus what the departure rules need beside it."""

    state: DrivingState
    off_road: bool
    odd_mask: bool
    route_z_m: float


class GroundTruth:
    """Carries the route position forward tick by tick; one instance per episode."""

    def __init__(self, route: Route, footprint: Footprint, start_s_m: float, tick_s: float) -> None:
        self._route = route
        self._footprint = footprint
        self._route_s_m = start_s_m
        self._tick_s = tick_s

    def locate(
        self,
        tick: int,
        snapshot: VehicleSnapshot,
        swa_actual_deg: float,
        artifact_levels: Mapping[str, float],
    ) -> LanePose:
        """The car in its lane at this tick. `swa_label_deg` is NaN until the label expert has been asked.

        Args:
            tick: index in the episode. snapshot: pose and motion. swa_actual_deg: reached by the wheels, left positive.
            artifact_levels: effect -> severity level 0..1 now.
        """
        route = self._route
        self._route_s_m, offset_m = route.project(snapshot.x_m, snapshot.y_m, self._route_s_m)
        k = route.index(self._route_s_m)
        # Between two samples the lane turns: without this the heading error would step by curvature · spacing.
        tangent = float(
            np.interp(
                self._route_s_m,
                route.s_m[k - 1 : k + 2] if k else route.s_m[:2],
                route.heading_rad[k - 1 : k + 2] if k else route.heading_rad[:2],
            )
        )
        heading_error = math.remainder(snapshot.heading_rad - tangent, math.tau)
        lane_width_m = float(route.lane_width_m[k])
        state = DrivingState(
            tick=tick,
            time_s=tick * self._tick_s,
            speed_mps=snapshot.speed_mps,
            yaw_rate_dps=snapshot.yaw_rate_dps,
            x_m=snapshot.x_m,
            y_m=snapshot.y_m,
            heading_deg=math.degrees(snapshot.heading_rad),
            route_s_m=self._route_s_m,
            lateral_offset_m=offset_m,
            heading_error_deg=math.degrees(heading_error),
            lane_width_m=lane_width_m,
            lane_margin_m=self._footprint.lane_margin_m(lane_width_m, offset_m, heading_error),
            curvature_1pm=float(route.curvature_1pm[k]),
            curvature_ahead_1pm=route.curvature_ahead_1pm(self._route_s_m, PREVIEW_S * snapshot.speed_mps),
            swa_actual_deg=swa_actual_deg,
            swa_label_deg=math.nan,
            artifact_levels=artifact_levels,
        )
        off_road = offset_m > route.road_half_width_left_m[k] or -offset_m > route.road_half_width_right_m[k]
        return LanePose(state, bool(off_road), bool(route.odd_mask[k]), float(route.z_m[k]))
