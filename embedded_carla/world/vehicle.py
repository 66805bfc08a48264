"""A vehicle: the single-track model between CARLA's controls and CARLA's axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from embedded_carla.vehicle import physics_control
from embedded_carla.vehicle.ground import ground_under
from embedded_carla.vehicle.parameters import VehicleParameters
from embedded_carla.vehicle.single_track import at_rest, step, with_velocity
from embedded_carla.vehicle.state import VehicleState
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.world.actors import Actor
from embedded_carla.world.pose import Pose, composed, finite, wrapped_deg
from embedded_carla.world.road_surface import RoadSurface
from embedded_carla.world.speed_limits import DEFAULT_KMH

Vector = tuple[float, float, float]
_STILL: Vector = (0.0, 0.0, 0.0)


class RoadRules(NamedTuple):
    """What the roadside tells a vehicle: the speed limit, and the light in whose trigger volume it is (id 0: none)."""

    speed_limit_kmh: float = DEFAULT_KMH
    light_id: int = 0
    light_state: int = tables.LIGHT_GREEN


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
        lights: VehicleLightState flags, as clients set them.
        rules: what the roadside tells it.
    """

    parameters: VehicleParameters = field(default_factory=VehicleParameters)
    state: VehicleState = field(default_factory=lambda: at_rest(0.0, 0.0, 0.0, 0.0))
    control: Control = field(default_factory=Control)
    simulate_physics: bool = True
    sticky_control: bool = True
    lights: int = 0
    rules: RoadRules = field(default_factory=RoadRules)
    _paved: tuple[bool, bool] = (True, True)

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
        """Settle on the road: height, pitch and roll."""
        pose, state = self.pose, self.state
        if surface.flat:
            z_m, pitch_deg, roll_deg = 0.0, 0.0, 0.0
        else:
            z_m, pitch_deg, roll_deg = surface.attitude(pose.x_m, pose.y_m, pose.z_m, pose.yaw_deg)
        if z_m != state.z_m or pitch_deg != pose.pitch_deg or roll_deg != pose.roll_deg:
            self.state = state._replace(z_m=z_m, pitch_rad=math.radians(pitch_deg), roll_rad=math.radians(roll_deg))
            self.pose = pose._replace(z_m=z_m, pitch_deg=pitch_deg, roll_deg=roll_deg)
        self._paved = self._paved_axles(surface)

    def _paved_axles(self, surface: RoadSurface) -> tuple[bool, bool]:
        """Are the middles of the front and of the rear axle on pavement?"""
        state, p = self.state, self.parameters
        cos, sin = math.cos(state.yaw_rad), math.sin(state.yaw_rad)
        front, rear = (
            surface.paved(state.x_m + ahead_m * cos, -(state.y_m + ahead_m * sin), state.z_m)
            for ahead_m in (p.front_m, -p.rear_m)
        )
        return front, rear

    def move(self, paved_friction: float, dt_s: float) -> None:
        """Advance the model by one tick; the record is refreshed when the collisions are settled.

        Args:
            paved_friction: friction of pavement in this weather over a dry one's; beside the road it is less.
        """
        c = self.control
        self.state = step(
            self.state,
            c.throttle,
            c.brake,
            c.steer,
            c.hand_brake,
            c.reverse,
            self.parameters,
            ground_under(paved_friction, *self._paved),
            dt_s,
            c.gear if c.manual_gear_shift else None,
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

    def apply_physics(self, control: Sequence[Any]) -> None:
        """Take over the client's `VehiclePhysicsControl`, wire form; the actor stays where it is."""
        self.parameters = physics_control.with_physics(self.parameters, control)
        x_m, y_m = self._centre_from_pose(self.parameters.cg_ahead_m)
        self.state = self.state._replace(x_m=x_m, y_m=y_m)

    def physics_to_wire(self) -> list[Any]:
        """`VehiclePhysicsControl`; wheel positions in the world, cm."""
        control = physics_control.to_wire(self.parameters)
        for wheel in control[physics_control.WHEELS]:
            x, y, z = (value / 100.0 for value in wheel[physics_control.POSITION])
            place = composed(self.pose, Pose(x, y, z))
            wheel[physics_control.POSITION] = [100.0 * place.x_m, 100.0 * place.y_m, 100.0 * place.z_m]
        return control

    @property
    def centre_of_gravity_m(self) -> tuple[float, float]:
        """On the ground plan, CARLA's axes."""
        return self.state.x_m, -self.state.y_m

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
        return vx, -vy, _rise(state, state.v_long_mps, state.v_lat_mps)

    @property
    def acceleration_mps2(self) -> Vector:
        """CARLA's world axes."""
        state = self.state
        cos, sin = math.cos(state.yaw_rad), math.sin(state.yaw_rad)
        along, across = state.a_long_mps2 * math.cos(state.pitch_rad), state.a_lat_mps2 * math.cos(state.roll_rad)
        rise = _rise(state, state.a_long_mps2, state.a_lat_mps2)
        return along * cos - across * sin, -(along * sin + across * cos), rise

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
        c, rules = self.control, self.rules
        self.record = tables.ACTOR_KINEMATICS.pack(
            self.actor_id, tables.ACTOR_ACTIVE, *self.pose, *velocity, *turn, *acceleration
        ) + tables.VEHICLE_UNION.pack(
            c.throttle,
            c.steer,
            c.brake,
            c.hand_brake,
            c.reverse,
            c.manual_gear_shift,
            self.state.gear,
            rules.speed_limit_kmh,
            rules.light_state,
            rules.light_id != 0,
            rules.light_id,
            0,
        )

    def _set_pose_from_state(self) -> None:
        state, ahead_m = self.state, self.parameters.cg_ahead_m
        x_m, y_m = state.x_m, state.y_m
        if ahead_m != 0.0:
            x_m, y_m = x_m - ahead_m * math.cos(state.yaw_rad), y_m - ahead_m * math.sin(state.yaw_rad)
        pitch_deg, roll_deg = math.degrees(state.pitch_rad), math.degrees(state.roll_rad)
        self.pose = Pose(x_m, -y_m, state.z_m, pitch_deg, wrapped_deg(-math.degrees(state.yaw_rad)), roll_deg)

    def _centre_from_pose(self, ahead_m: float) -> tuple[float, float]:
        """Centre of gravity, right-handed axes, of a vehicle whose origin is ``ahead_m`` behind it."""
        pose = self.pose
        if ahead_m == 0.0:
            return pose.x_m, -pose.y_m
        yaw_rad = -math.radians(pose.yaw_deg)
        return pose.x_m + ahead_m * math.cos(yaw_rad), -pose.y_m + ahead_m * math.sin(yaw_rad)

    def _set_state_from_pose(self) -> None:
        pose = self.pose
        vx, vy = self.state.velocity_mps
        x_m, y_m = self._centre_from_pose(self.parameters.cg_ahead_m)
        placed = at_rest(x_m, y_m, pose.z_m, -math.radians(pose.yaw_deg), math.radians(pose.pitch_deg))
        self.state = with_velocity(placed, vx, vy)


def _rise(state: VehicleState, along: float, across: float) -> float:
    """Upward part of a vector in the vehicle's plane (forwards, left)."""
    return along * math.sin(state.pitch_rad) + across * math.sin(state.roll_rad)
