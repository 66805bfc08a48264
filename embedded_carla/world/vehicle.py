"""A vehicle: the single-track model between CARLA's controls and CARLA's axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from embedded_carla.vehicle.parameters import VehicleParameters
from embedded_carla.vehicle.single_track import at_rest, step, with_velocity
from embedded_carla.vehicle.state import VehicleState
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.world.actors import Actor
from embedded_carla.world.pose import Pose, finite, wrapped_deg
from embedded_carla.world.road_surface import RoadSurface

SPEED_LIMIT_KMH = 30.0
"""What CARLA reports for a vehicle that has not passed a speed sign."""
Vector = tuple[float, float, float]
_STILL: Vector = (0.0, 0.0, 0.0)


class Control(NamedTuple):
    """VehicleControl; steer is right positive."""

    throttle: float = 0.0
    steer: float = 0.0
    brake: float = 0.0
    hand_brake: bool = False
    reverse: bool = False
    manual_gear_shift: bool = False
    gear: int = 0

    @classmethod
    def from_wire(cls, values: Sequence[Any]) -> Control:
        """Read and clamp.

        Raises:
            ValueError: a pedal or the wheel is not a finite number.
        """
        throttle, steer, brake, hand_brake, reverse, manual, gear = values[:7]
        return cls(
            min(max(finite(throttle), 0.0), 1.0),
            min(max(finite(steer), -1.0), 1.0),
            min(max(finite(brake), 0.0), 1.0),
            bool(hand_brake),
            bool(reverse),
            bool(manual),
            min(max(int(gear), -1), 100),
        )


@dataclass(eq=False)
class Vehicle(Actor):
    """A driven car.

    Attributes:
        state: of the model, right-handed axes.
        simulate_physics: False leaves it where it is put.
        sticky_control: False clears the control after each tick.
    """

    parameters: VehicleParameters = field(default_factory=VehicleParameters)
    state: VehicleState = field(default_factory=lambda: at_rest(0.0, 0.0, 0.0, 0.0))
    control: Control = field(default_factory=Control)
    simulate_physics: bool = True
    sticky_control: bool = True

    @property
    def moves(self) -> bool:
        """True if the model moves it."""
        return self.simulate_physics and self.parent is None

    def place(self, pose: Pose) -> None:
        """Teleport; the velocity in world axes is kept, as CARLA does."""
        Actor.place(self, pose)
        self._set_state_from_pose()
        self.refresh_record()

    def put_on(self, surface: RoadSurface) -> None:
        """Settle on the road: height and pitch."""
        if not surface.flat:
            pose = self.pose
            z_m, pitch_deg = surface.height_and_pitch(pose.x_m, pose.y_m, pose.z_m, pose.yaw_deg)
        else:
            z_m, pitch_deg = 0.0, 0.0
        if z_m != self.state.z_m or pitch_deg != self.pose.pitch_deg or self.pose.roll_deg != 0.0:
            self.state = self.state._replace(z_m=z_m, pitch_rad=math.radians(pitch_deg))
            self.pose = self.pose._replace(z_m=z_m, pitch_deg=pitch_deg, roll_deg=0.0)

    def move(self, friction: float, dt_s: float) -> None:
        """Advance the model by one tick; the record is refreshed when the collisions are settled."""
        c = self.control
        self.state = step(
            self.state, c.throttle, c.brake, c.steer, c.hand_brake, c.reverse, self.parameters, friction, dt_s
        )
        self._set_pose_from_state()
        if not self.sticky_control:
            self.control = Control()

    def stop(self) -> None:
        """Stand still, wheels as they are."""
        self.state = self.state._replace(
            v_long_mps=0.0, v_lat_mps=0.0, yaw_rate_radps=0.0, a_long_mps2=0.0, a_lat_mps2=0.0
        )

    def set_velocity(self, vx_mps: float, vy_mps: float) -> None:
        """Give it a velocity in CARLA's world axes, m/s."""
        self.state = with_velocity(self.state, vx_mps, -vy_mps)

    def bump(self, shift_m: tuple[float, float], velocity_mps: tuple[float, float], yaw_rate_radps: float) -> None:
        """What a collision does: displacement and new motion, CARLA's axes (yaw rate clockwise positive)."""
        self.state = self.state._replace(
            x_m=self.state.x_m + shift_m[0], y_m=self.state.y_m - shift_m[1], yaw_rate_radps=-yaw_rate_radps
        )
        self.set_velocity(*velocity_mps)
        self._set_pose_from_state()

    @property
    def velocity_mps(self) -> Vector:
        """CARLA's world axes; up and down along the slope too."""
        state = self.state
        vx, vy = state.velocity_mps
        return vx, -vy, state.v_long_mps * math.tan(state.pitch_rad)

    @property
    def acceleration_mps2(self) -> Vector:
        """Horizontal acceleration in CARLA's world axes."""
        state = self.state
        cos, sin = math.cos(state.yaw_rad), math.sin(state.yaw_rad)
        ax = state.a_long_mps2 * cos - state.a_lat_mps2 * sin
        ay = state.a_long_mps2 * sin + state.a_lat_mps2 * cos
        return ax, -ay, 0.0

    @property
    def angular_velocity_radps(self) -> Vector:
        """CARLA's axes: clockwise positive."""
        return 0.0, 0.0, -self.state.yaw_rate_radps

    def wheel_steer_angle_deg(self, wheel: int) -> float:
        """Angle that a wheel has reached, deg, right positive; 0 front left, 1 front right, 2 and 3 rear."""
        return -math.degrees(self.state.road_wheel_angle_rad) if wheel in (0, 1) else 0.0

    def refresh_record(self) -> None:
        """Bring the packed record up to date."""
        if self.moves:
            velocity, acceleration = self.velocity_mps, self.acceleration_mps2
            turn = (0.0, 0.0, -math.degrees(self.state.yaw_rate_radps))
        else:
            velocity, turn, acceleration = _STILL, _STILL, _STILL
        c = self.control
        self.record = tables.ACTOR_KINEMATICS.pack(
            self.actor_id, tables.ACTOR_ACTIVE, *self.pose, *velocity, *turn, *acceleration
        ) + tables.VEHICLE_UNION.pack(
            c.throttle,
            c.steer,
            c.brake,
            c.hand_brake,
            c.reverse,
            c.manual_gear_shift,
            -1 if c.reverse else max(c.gear, 1),
            SPEED_LIMIT_KMH,
            tables.LIGHT_GREEN,
            False,
            0,
            0,
        )

    def _set_pose_from_state(self) -> None:
        state = self.state
        yaw_deg = wrapped_deg(-math.degrees(state.yaw_rad))
        self.pose = Pose(state.x_m, -state.y_m, state.z_m, math.degrees(state.pitch_rad), yaw_deg, 0.0)

    def _set_state_from_pose(self) -> None:
        pose = self.pose
        vx, vy = self.state.velocity_mps
        placed = at_rest(pose.x_m, -pose.y_m, pose.z_m, -math.radians(pose.yaw_deg), math.radians(pose.pitch_deg))
        self.state = with_velocity(placed, vx, vy)
