"""Ackermann control: a client asks for a steering angle, a speed and an acceleration instead of pedals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from embedded_carla.world.pose import finite
from embedded_carla.world.vehicle import Control, Vehicle

STRONGEST_ACCELERATION_MPS2 = 3.0
STRONGEST_BRAKING_MPS2 = 8.0
"""Limits where the client asks for none (an acceleration of 0)."""
STANDSTILL_MPS = 0.05


class Pid(NamedTuple):
    """Gains of one loop."""

    kp: float
    ki: float
    kd: float


class AckermannSettings(NamedTuple):
    """AckermannControllerSettings: gains of the speed and of the acceleration loop; the defaults are CARLA's."""

    speed: Pid = Pid(0.15, 0.0, 0.25)
    acceleration: Pid = Pid(0.01, 0.0, 0.01)

    @classmethod
    def from_wire(cls, values: Sequence[Any]) -> AckermannSettings:
        """Read.

        Raises:
            ValueError: not six finite numbers.
        """
        speed_kp, speed_ki, speed_kd, accel_kp, accel_ki, accel_kd = (finite(value) for value in values)
        return cls(Pid(speed_kp, speed_ki, speed_kd), Pid(accel_kp, accel_ki, accel_kd))

    def to_wire(self) -> list[float]:
        """Write."""
        return [*self.speed, *self.acceleration]


class AckermannTarget(NamedTuple):
    """VehicleAckermannControl: steer in rad, right positive; steer_speed rad/s, acceleration m/s^2 and jerk m/s^3 are
    limits, 0 = none."""

    steer_rad: float
    steer_speed_radps: float
    speed_mps: float
    acceleration_mps2: float
    jerk_mps3: float

    @classmethod
    def from_wire(cls, values: Sequence[Any]) -> AckermannTarget:
        """Read.

        Raises:
            ValueError: not five finite numbers.
        """
        steer, steer_speed, speed, acceleration, jerk = (finite(value) for value in values[:5])
        return cls(steer, abs(steer_speed), speed, abs(acceleration), abs(jerk))


@dataclass
class _Loop:
    """One PID loop."""

    integral: float = 0.0
    last_error: float = 0.0

    def output(self, gains: Pid, error: float, dt_s: float) -> float:
        self.integral += error * dt_s
        slope = (error - self.last_error) / dt_s
        self.last_error = error
        return gains.kp * error + gains.ki * self.integral + gains.kd * slope


@dataclass
class AckermannDriver:
    """Works the pedals and the wheel of one vehicle: the speed loop asks for an acceleration, the acceleration loop
    moves the pedals towards it, a step each tick."""

    target: AckermannTarget
    settings: AckermannSettings = field(default_factory=AckermannSettings)
    _speed_loop: _Loop = field(default_factory=_Loop)
    _acceleration_loop: _Loop = field(default_factory=_Loop)
    _wanted_mps2: float = 0.0
    _pedal: float = 0.0
    _steer_rad: float = 0.0

    def control(self, vehicle: Vehicle, dt_s: float) -> Control:
        """The control of the next tick."""
        target, state = self.target, vehicle.state
        way = -1.0 if target.speed_mps < 0.0 else 1.0
        speed_mps, acceleration_mps2 = way * state.v_long_mps, way * state.a_long_mps2
        wanted_mps = abs(target.speed_mps)
        steer = self._steer(vehicle, dt_s)
        if wanted_mps < STANDSTILL_MPS and abs(speed_mps) < STANDSTILL_MPS:
            self._wanted_mps2 = self._pedal = 0.0
            return Control(steer=steer, brake=1.0)
        if speed_mps < -STANDSTILL_MPS:  # it rolls the other way: stop first
            return Control(steer=steer, brake=1.0, reverse=way > 0.0)
        asked_mps2 = self._speed_loop.output(self.settings.speed, wanted_mps - speed_mps, dt_s)
        low = -(target.acceleration_mps2 or STRONGEST_BRAKING_MPS2)
        high = target.acceleration_mps2 or STRONGEST_ACCELERATION_MPS2
        change = min(max(asked_mps2, low), high) - self._wanted_mps2
        if target.jerk_mps3 > 0.0:
            change = min(max(change, -target.jerk_mps3 * dt_s), target.jerk_mps3 * dt_s)
        self._wanted_mps2 += change
        error = self._wanted_mps2 - acceleration_mps2
        step = self._acceleration_loop.output(self.settings.acceleration, error, 1.0)  # per tick
        self._pedal = min(max(self._pedal + step, -1.0), 1.0)
        return Control(max(self._pedal, 0.0), steer, max(-self._pedal, 0.0), reverse=way < 0.0)

    def _steer(self, vehicle: Vehicle, dt_s: float) -> float:
        change = self.target.steer_rad - self._steer_rad
        if self.target.steer_speed_radps > 0.0:
            limit = self.target.steer_speed_radps * dt_s
            change = min(max(change, -limit), limit)
        self._steer_rad += change
        steer = self._steer_rad / math.radians(vehicle.parameters.max_steer_deg)
        return min(max(steer, -1.0), 1.0)
