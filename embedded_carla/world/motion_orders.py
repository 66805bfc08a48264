"""What clients have asked of vehicles beyond pedals: constant velocities, forces, Ackermann targets, no gravity."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence

from embedded_carla.world.ackermann import AckermannDriver, AckermannSettings
from embedded_carla.world.vehicle import Vector, Vehicle

FASTEST_MPS = 150.0
FASTEST_TURN_DPS = 720.0


class ImpossibleMotionError(ValueError):
    """A motion that no road vehicle can have: it would soon be beyond the numbers of the wire."""


class MotionOrders:
    """Standing orders by actor id, and pushes for the next tick. CARLA's axes; vehicles move in the plane, so what
    pulls them up or tips them over has no effect.

    Attributes:
        constant_velocity_mps: in the vehicle's own axes, kept until it is cancelled.
        ackermann: drivers of the vehicles under Ackermann control.
        ackermann_settings: gains that clients have set.
        weightless: ids of vehicles without gravity: no load on their tyres, so no friction either.
    """

    def __init__(self) -> None:
        self.constant_velocity_mps: dict[int, Vector] = {}
        self.ackermann: dict[int, AckermannDriver] = {}
        self.ackermann_settings: dict[int, AckermannSettings] = {}
        self.weightless: set[int] = set()
        self._pushes: dict[int, Vector] = {}

    def forget(self, actor_id: int) -> None:
        """The actor is gone."""
        self.constant_velocity_mps.pop(actor_id, None)
        self.ackermann.pop(actor_id, None)
        self.ackermann_settings.pop(actor_id, None)
        self.weightless.discard(actor_id)
        self._pushes.pop(actor_id, None)

    def push(self, actor_id: int, force_n: Vector, torque_nm: float) -> None:
        """Add a force (world axes) and a torque about the vertical (clockwise positive) for the next tick."""
        fx_n, fy_n, moment_nm = self._pushes.get(actor_id, (0.0, 0.0, 0.0))
        self._pushes[actor_id] = (fx_n + force_n[0], fy_n + force_n[1], moment_nm + torque_nm)

    def before_move(self, vehicles: Sequence[Vehicle], dt_s: float) -> None:
        """Set controls and give the pushes."""
        if not (self.ackermann or self._pushes):
            return
        for vehicle in vehicles:
            driver = self.ackermann.get(vehicle.actor_id)
            if driver is not None:
                vehicle.control = driver.control(vehicle, dt_s)
            pushed = self._pushes.get(vehicle.actor_id)
            if pushed is not None:
                with contextlib.suppress(ImpossibleMotionError):  # nobody is there to be told
                    give_impulse(vehicle, (pushed[0] * dt_s, pushed[1] * dt_s, 0.0), pushed[2] * dt_s)
        self._pushes.clear()

    def after_move(self, vehicles: Sequence[Vehicle]) -> None:
        """Restore the velocities that are to stay constant."""
        if not self.constant_velocity_mps:
            return
        for vehicle in vehicles:
            velocity = self.constant_velocity_mps.get(vehicle.actor_id)
            if velocity is not None:
                keep_velocity(vehicle, velocity)


def set_motion(vehicle: Vehicle, vx_mps: float, vy_mps: float, yaw_rate_radps: float | None = None) -> None:
    """Give a vehicle a velocity, world axes, and a yaw rate, clockwise positive; None keeps the present one.

    Raises:
        ImpossibleMotionError: faster than any road vehicle; nothing changes.
    """
    if not math.hypot(vx_mps, vy_mps) <= FASTEST_MPS:
        raise ImpossibleMotionError(f"no road vehicle goes faster than {FASTEST_MPS:g} m/s")
    if yaw_rate_radps is None:
        vehicle.set_velocity(vx_mps, vy_mps)
        return
    if not abs(yaw_rate_radps) <= math.radians(FASTEST_TURN_DPS):
        raise ImpossibleMotionError(f"no road vehicle turns faster than {FASTEST_TURN_DPS:g} deg/s")
    vehicle.bump((0.0, 0.0), (vx_mps, vy_mps), yaw_rate_radps)


def keep_velocity(vehicle: Vehicle, velocity_mps: Vector) -> None:
    """Give a vehicle a velocity in its own axes (forward, right).

    Raises:
        ImpossibleMotionError: faster than any road vehicle.
    """
    yaw = math.radians(vehicle.pose.yaw_deg)
    cos, sin = math.cos(yaw), math.sin(yaw)
    ahead, right, _ = velocity_mps
    set_motion(vehicle, ahead * cos - right * sin, ahead * sin + right * cos)


def give_impulse(vehicle: Vehicle, impulse_ns: Vector, turn_nms: float, at_m: Vector | None = None) -> None:
    """Change a vehicle's motion at once.

    Args:
        impulse_ns: N s, world axes. turn_nms: angular impulse about the vertical, N m s, clockwise positive.
        at_m: world point that the impulse acts on, None for the centre of gravity.

    Raises:
        ImpossibleMotionError: the vehicle would be faster than any road vehicle.
    """
    jx, jy, _ = impulse_ns
    if at_m is not None:
        turn_nms += (at_m[0] - vehicle.pose.x_m) * jy - (at_m[1] - vehicle.pose.y_m) * jx
    mass_kg = vehicle.parameters.mass_kg
    vx_mps, vy_mps, _ = vehicle.velocity_mps
    yaw_rate_radps = vehicle.angular_velocity_radps[2] + turn_nms / vehicle.parameters.yaw_inertia_kgm2
    set_motion(vehicle, vx_mps + jx / mass_kg, vy_mps + jy / mass_kg, yaw_rate_radps)
