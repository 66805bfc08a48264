"""Inertial measurement unit: specific force, angular velocity, compass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgpack
import numpy as np

from embedded_carla.world.pose import Pose, rotation_matrix

GRAVITY_MPS2 = 9.81
Vector = tuple[float, float, float]


@dataclass
class ImuNoise:
    """Gaussian noise and constant bias, from a generator of its own: the same spawn gives the same noise.

    Attributes:
        accelerometer_stddev, gyroscope_stddev, gyroscope_bias: per axis, m/s^2 and rad/s.
    """

    accelerometer_stddev: Vector
    gyroscope_stddev: Vector
    gyroscope_bias: Vector
    generator: np.random.Generator

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> ImuNoise:
        """Read the ``noise_*`` attributes of ``sensor.other.imu``.

        Raises:
            ValueError: one is not a number.
        """

        def vector(name: str) -> Vector:
            x, y, z = (float(attributes[f"noise_{name}_{axis}"]) for axis in "xyz")
            return x, y, z

        generator = np.random.default_rng(abs(int(attributes["noise_seed"])))
        return cls(vector("accel_stddev"), vector("gyro_stddev"), vector("gyro_bias"), generator)

    def _noisy(self, exact: Vector, stddev: Vector) -> list[float]:
        if stddev == (0.0, 0.0, 0.0):
            return list(exact)
        noise = self.generator.standard_normal(3).tolist()
        return [value + s * n for value, s, n in zip(exact, stddev, noise, strict=True)]

    def payload(
        self, pose: Pose, acceleration_mps2: Vector, angular_velocity_radps: Vector, gravity_mps2: float
    ) -> bytes:
        """One message: accelerometer (m/s^2), gyroscope (rad/s) in the sensor's axes, compass (rad).

        Args:
            pose: of the sensor.
            acceleration_mps2, angular_velocity_radps: of the body that carries it, CARLA's world axes.
            gravity_mps2: at rest the accelerometer shows it, upwards.

        The accelerometer measures specific force (at rest gravity, upwards). The compass is the clockwise
        angle from north, which is -y in CARLA: yaw + 90 degrees.
        """
        m = rotation_matrix(pose)
        ax, ay, az = acceleration_mps2
        force = (ax, ay, az + gravity_mps2)
        accelerometer = _to_body(m, force)
        rate = _to_body(m, angular_velocity_radps)
        bx, by, bz = self.gyroscope_bias
        gyroscope = (rate[0] + bx, rate[1] + by, rate[2] + bz)
        compass = math.radians(pose.yaw_deg + 90.0) % (2.0 * math.pi)
        measured = [
            self._noisy(accelerometer, self.accelerometer_stddev),
            self._noisy(gyroscope, self.gyroscope_stddev),
            compass,
        ]
        packed: bytes = msgpack.packb(measured)
        return packed


def _to_body(matrix: tuple[Vector, Vector, Vector], world: Vector) -> Vector:
    """World to body axes: the transpose of body to world."""
    x, y, z = (sum(matrix[row][column] * world[row] for row in range(3)) for column in range(3))
    return x, y, z
