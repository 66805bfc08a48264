"""Facts about the car that steers: dimensions and steering gear, no tuning.

The defaults are a mid-size passenger car (the Tesla Model 3 blueprint of CARLA). Each driver keeps its own
gains; they share only these measurements, as any driver shares the car.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class EgoVehicle:
    """Dimensions and steering gear.

    Attributes:
        wheelbase_m: front to rear axle.
        centre_to_rear_axle_m: from the vehicle centre (the pose of ``DrivingState``) back to the rear axle.
        steering_ratio: steering wheel angle / road wheel angle.
        max_road_wheel_deg: mechanical limit of the road wheels.
    """

    wheelbase_m: float = 2.875
    centre_to_rear_axle_m: float = 1.4375
    steering_ratio: float = 16.0
    max_road_wheel_deg: float = 35.0

    @property
    def max_swa_deg(self) -> float:
        """Largest steering wheel angle the gear allows, degrees."""
        return self.max_road_wheel_deg * self.steering_ratio

    def swa_deg(self, road_wheel_rad: float) -> float:
        """Steering wheel angle of a road wheel angle, limited to what the gear allows."""
        swa_deg = math.degrees(road_wheel_rad) * self.steering_ratio
        return min(max(swa_deg, -self.max_swa_deg), self.max_swa_deg)

    def road_wheel_rad(self, swa_deg: float) -> float:
        """Road wheel angle, radians, of a steering wheel angle in degrees."""
        return math.radians(swa_deg / self.steering_ratio)
