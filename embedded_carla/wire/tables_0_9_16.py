"""Every number of the protocol that is tied to the client's version: 0.9.16.

The handshake carries no client version and a wrong sensor id aborts the client's process, so all of these
live in one module. Another version of the client means another module like this one.
"""

from __future__ import annotations

import struct

import numpy as np

VERSION = "0.9.16"

# First field of every stream message: which of the client's decoders reads it.
SENSOR_COLLISION = 0
SENSOR_DEPTH_CAMERA = 1
SENSOR_GNSS = 4
SENSOR_IMU = 5
SENSOR_OBSTACLE = 7
SENSOR_RADAR = 9
SENSOR_SEMANTIC_LIDAR = 10
SENSOR_LIDAR = 11
SENSOR_RGB_CAMERA = 13
SENSOR_SEMANTIC_CAMERA = 14
SENSOR_INSTANCE_CAMERA = 15
SENSOR_WORLD_OBSERVER = 17

# Types of blueprint attributes. All values travel as strings.
ATTRIBUTE_BOOL = 1
ATTRIBUTE_INT = 2
ATTRIBUTE_FLOAT = 3
ATTRIBUTE_STRING = 4
ATTRIBUTE_RGB = 5

# Index of each batch command in the client's variant.
COMMAND_SPAWN_ACTOR = 0
COMMAND_DESTROY_ACTOR = 1
COMMAND_APPLY_VEHICLE_CONTROL = 2
COMMAND_APPLY_ACKERMANN_CONTROL = 3
COMMAND_APPLY_WALKER_CONTROL = 4
COMMAND_APPLY_PHYSICS_CONTROL = 5
COMMAND_APPLY_TRANSFORM = 6
COMMAND_APPLY_WALKER_STATE = 7
COMMAND_APPLY_TARGET_VELOCITY = 8
COMMAND_APPLY_TARGET_ANGULAR_VELOCITY = 9
COMMAND_APPLY_IMPULSE = 10
COMMAND_APPLY_FORCE = 11
COMMAND_APPLY_ANGULAR_IMPULSE = 12
COMMAND_APPLY_TORQUE = 13
COMMAND_SET_SIMULATE_PHYSICS = 14
COMMAND_SET_ENABLE_GRAVITY = 15
COMMAND_SET_AUTOPILOT = 16
COMMAND_SHOW_DEBUG_TELEMETRY = 17
COMMAND_SET_VEHICLE_LIGHT_STATE = 18
COMMAND_APPLY_LOCATION = 19
COMMAND_SET_TRAFFIC_LIGHT_STATE = 21

# City object labels.
TAG_NONE = 0
TAG_POLE = 6
TAG_TRAFFIC_LIGHT = 7
TAG_TRAFFIC_SIGN = 8
TAG_PEDESTRIAN = 12
TAG_CAR = 14
TAG_TRUCK = 15
TAG_MOTORCYCLE = 18
TAG_BICYCLE = 19
TAG_STATIC = 20
TAG_DYNAMIC = 21

# States of an actor in the episode state.
ACTOR_ACTIVE = 1

# Flags of the episode state.
FLAG_MAP_CHANGED = 1

# States of a traffic light; a vehicle at none reads green.
LIGHT_RED = 0
LIGHT_YELLOW = 1
LIGHT_GREEN = 2
LIGHT_OFF = 3
LIGHT_UNKNOWN = 4

SENSOR_HEADER = struct.Struct("<QQd6f")
"""Sensor type id, frame, simulation time (s), world transform x y z pitch yaw roll: 48 bytes."""

EPISODE_STATE_HEADER = struct.Struct("<Qdf3iI")
"""Episode id, platform time (s), delta (s), map origin, flags: 36 bytes."""

ACTOR_KINEMATICS = struct.Struct("<IB6f3f3f3f")
"""Actor id, state, transform, velocity (m/s), angular velocity (deg/s), acceleration (m/s^2): 65 bytes."""

VEHICLE_UNION = struct.Struct("<fff???ifB?IB24x")
"""Throttle, steer, brake, hand brake, reverse, manual gear, gear, speed limit (km/h), light, has light,
light id, failure."""

TRAFFIC_LIGHT_UNION = struct.Struct("<32sffffI?B")
"""Signal id, green, yellow and red time (s), elapsed (s), pole, frozen, state."""

TRAFFIC_SIGN_UNION = struct.Struct("<32s22x")
"""Signal id."""

WALKER_UNION = struct.Struct("<3ff?37x")
"""Direction, speed (m/s), jump."""

EMPTY_UNION = bytes(54)
"""The 54 bytes that other kinds of actor leave unused."""

IMAGE_HEADER = struct.Struct("<IIf")
"""Width, height (px), horizontal field of view (deg)."""

LIDAR_HEADER = struct.Struct("<fI")
"""Horizontal angle (rad), channels; the number of points of each channel follows, u32."""

LIDAR_POINT = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "<f4")])
SEMANTIC_LIDAR_POINT = np.dtype(
    [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("incidence_cos", "<f4"), ("object_id", "<u4"), ("tag", "<u4")]
)
RADAR_DETECTION = np.dtype([("velocity", "<f4"), ("azimuth", "<f4"), ("altitude", "<f4"), ("depth", "<f4")])

TOKEN = struct.Struct("<IHBB16s")
"""Stream id, port, protocol (1 = TCP), address type (0 = 'the host you reached me at'), address: 24 bytes."""

DEFAULT_EPISODE_SETTINGS: tuple[object, ...] = (
    False,  # synchronous mode
    False,  # no rendering
    [False],  # optional fixed delta
    True,  # substepping
    0.01,  # largest substep, s
    10,  # most substeps
    0.0,  # culling distance, m
    True,  # deterministic ragdolls
    3000.0,  # tile stream distance, m
    2000.0,  # actor active distance, m
    True,  # spectator as ego
)
"""Order of the fields of carla.WorldSettings."""

WEATHER_FIELD_COUNT = 14

ANY_TAG = 255
"""carla.CityObjectLabel.Any."""
