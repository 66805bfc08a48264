"""How pixels move because the car moves: the optical flow of a flat road under a pitched camera.

A ray (x, y, 1) that meets the road has inverse depth (y·cos p + sin p)/h (p pitch down, h height); scenery above the
road is taken to be ``SCENERY_M`` away. A point at depth Z moves by ẋ = v·x·cos p/Z + ω·(cos p − y·sin p + x²·cos p),
ẏ = v·(sin p + y·cos p)/Z + ω·(x·sin p + x·y·cos p): Longuet-Higgins and Prazdny (1980) for forward speed v and yaw
rate ω, left positive.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sensor_sim.effects.displacement import Displacement
from sensor_sim.effects.effect import Camera
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.frame_context import FrameContext

LOWEST_MOUNT_M = 0.1
SCENERY_M = 40.0
"""Depth of everything that is not road."""


class EgoFlow:
    """Flow per unit of speed and of yaw rate, for one camera.

    Raises:
        SensorSpecError: the camera lies on the road.
    """

    def __init__(self, camera: Camera) -> None:
        if camera.mount_height_m < LOWEST_MOUNT_M:
            raise SensorSpecError(
                f"effects of the car's motion: a camera {camera.mount_height_m:g} m above the road is not allowed; "
                f"give at least {LOWEST_MOUNT_M:g} (m)"
            )
        x, y = camera.rays()
        down = math.radians(-camera.pitch_deg)
        c, s = math.cos(down), math.sin(down)
        inverse_depth = np.maximum((y * c + s) / camera.mount_height_m, 1.0 / SCENERY_M) + 0.0 * x
        self._by_speed = _planes(camera, x * c * inverse_depth, (s + y * c) * inverse_depth)
        self._by_yaw = _planes(camera, c - y * s + x * x * c, x * s + x * y * c)

    def displacement(self, context: FrameContext, time_s: float) -> Displacement:
        """Where each pixel's point goes within ``time_s``, px right and down.

        Raises:
            SensorFrameError: speed or yaw rate is no finite number.
        """
        for field, value in (("speed_mps", context.speed_mps), ("yaw_rate_dps", context.yaw_rate_dps)):
            if not math.isfinite(value):
                raise SensorFrameError(f"context, field '{field}': {value!r} is not allowed; give a finite number")
        moved = np.float32(context.speed_mps * time_s)
        turned = np.float32(math.radians(context.yaw_rate_dps) * time_s)
        flow = moved * self._by_speed + turned * self._by_yaw
        return flow[0], flow[1]


def _planes(camera: Camera, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return np.stack([camera.focal_px * x, camera.focal_px * y]).astype(np.float32)
