"""Speed: as fast as the limit and the curves ahead allow, with comfortable braking.

Target speed: the largest v with v² ≤ v_k² + 2·a·(s_k − s) for every point k of the preview, where
v_k = min(v_max, √(a_lateral / |κ_k|)). Pedals: feed-forward of the wanted acceleration plus a PI correction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.geometry import Route
from agents.protocol import DrivingState


@dataclass(frozen=True)
class SpeedTuning:
    """Comfort and pedal gains.

    Attributes:
        comfort_braking_mps2: deceleration planned for a curve ahead.
        max_acceleration_mps2: wanted acceleration is limited to this.
        max_braking_mps2: wanted deceleration is limited to this.
        proportional_1ps, integral_1ps2: wanted acceleration per speed error and per its integral.
        anticipation_s: the target is read this much travel ahead, for the pedals' lag.
        full_throttle_mps2, full_brake_mps2: acceleration that pedal position 1 gives a nominal car.
        coasting_mps2: deceleration with both pedals up; weaker wishes touch no brake.
    """

    comfort_braking_mps2: float = 1.5
    max_acceleration_mps2: float = 2.5
    max_braking_mps2: float = 5.0
    proportional_1ps: float = 1.2
    integral_1ps2: float = 0.25
    anticipation_s: float = 0.25
    full_throttle_mps2: float = 4.0
    full_brake_mps2: float = 8.0
    coasting_mps2: float = 0.2


def allowed_speed_mps(
    route: Route,
    s_m: float,
    v_max_mps: float,
    lateral_acceleration_mps2: float,
    comfort_braking_mps2: float,
) -> float:
    """Largest speed at ``s_m`` from which every curve ahead can be met with comfortable braking, m/s."""
    preview_m = v_max_mps * v_max_mps / (2.0 * comfort_braking_mps2)
    low, high = route.index(s_m), route.index(s_m + preview_m) + 1
    curve_squared = lateral_acceleration_mps2 / np.maximum(np.abs(route.curvature_1pm[low:high]), 1e-9)
    distance_m = np.maximum(route.s_m[low:high] - s_m, 0.0)
    squared = np.minimum(curve_squared, v_max_mps * v_max_mps) + 2.0 * comfort_braking_mps2 * distance_m
    return float(min(np.sqrt(squared.min()), v_max_mps))


class SpeedController:
    """Throttle and brake towards the allowed speed."""

    def __init__(self, tuning: SpeedTuning | None = None) -> None:
        self._tuning = tuning or SpeedTuning()
        self._correction_mps2 = 0.0

    def reset(self) -> None:
        """Start a new episode."""
        self._correction_mps2 = 0.0

    def control(
        self,
        route: Route,
        state: DrivingState,
        v_max_mps: float,
        lateral_acceleration_mps2: float,
        tick_s: float,
    ) -> tuple[float, float, float]:
        """Pedals for one tick.

        Args:
            route: supplies the curvature ahead.
            state: arc length and speed are used.
            v_max_mps: speed limit, > 0.
            lateral_acceleration_mps2: sideways acceleration to stay below in curves, > 0.
            tick_s: simulation step, s.

        Returns:
            (throttle 0..1, brake 0..1, target_speed_mps); never both pedals at once.

        Raises:
            ValueError: a limit is not positive.
        """
        if not (v_max_mps > 0.0 and lateral_acceleration_mps2 > 0.0):
            raise ValueError(
                f"speed limit {v_max_mps} m/s and acceleration {lateral_acceleration_mps2} m/s² must be > 0"
            )
        tuning = self._tuning
        braking = tuning.comfort_braking_mps2
        ahead_m = state.speed_mps * tuning.anticipation_s
        here_mps = allowed_speed_mps(route, state.route_s_m, v_max_mps, lateral_acceleration_mps2, braking)
        soon_mps = allowed_speed_mps(route, state.route_s_m + ahead_m, v_max_mps, lateral_acceleration_mps2, braking)
        target_mps = min(here_mps, soon_mps)
        # A falling target is braking that is known in advance; a rising one is left to the error.
        planned_mps2 = max(min((soon_mps - here_mps) / tuning.anticipation_s, 0.0), -braking)
        error_mps = target_mps - state.speed_mps
        wanted_mps2 = planned_mps2 + tuning.proportional_1ps * error_mps + self._correction_mps2
        limited_mps2 = min(max(wanted_mps2, -tuning.max_braking_mps2), tuning.max_acceleration_mps2)
        if wanted_mps2 == limited_mps2:
            # Integrating only while the pedals obey keeps the launch from winding up an overshoot.
            self._correction_mps2 += tuning.integral_1ps2 * error_mps * tick_s
        if limited_mps2 >= 0.0:
            return min(limited_mps2 / tuning.full_throttle_mps2, 1.0), 0.0, target_mps
        if limited_mps2 > -tuning.coasting_mps2:
            return 0.0, 0.0, target_mps
        return 0.0, min(-limited_mps2 / tuning.full_brake_mps2, 1.0), target_mps
