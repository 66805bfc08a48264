"""The camera as numbers: where it stands, where its axes point, and how pixels map to rays."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from embedded_carla.render.types import CameraPose

FloatArray = npt.NDArray[np.float64]


class CameraError(ValueError):
    """Picture size or field of view is out of range."""


def camera_axes(camera: CameraPose) -> FloatArray:
    """(3, 3): forward, right and up in world axes, in CARLA's (Unreal's) left-handed order yaw, pitch, roll."""
    p, y, r = (math.radians(v) for v in (camera.pitch_deg, camera.yaw_deg, camera.roll_deg))
    cp, sp, cy, sy, cr, sr = math.cos(p), math.sin(p), math.cos(y), math.sin(y), math.cos(r), math.sin(r)
    return np.array(
        [
            [cp * cy, cp * sy, sp],
            [cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, -cp * sr],
            [-(cy * sp * cr + sy * sr), cy * sr - sy * sp * cr, cp * cr],
        ]
    )


def focal_length_px(width: int, fov_deg: float) -> float:
    """Focal length in pixels of a camera with horizontal field of view ``fov_deg``.

    Raises:
        CameraError: field of view outside (0, 180) or width below 1.
    """
    if not (0.0 < fov_deg < 180.0) or width < 1:
        raise CameraError(f"camera of {width} px and {fov_deg} deg: width must be ≥ 1 px, fov inside (0, 180) deg")
    return width / (2.0 * math.tan(math.radians(fov_deg) / 2.0))


def ray_table(camera: CameraPose, width: int, height: int, fov_deg: float) -> FloatArray:
    """(4, 3): row 0 the camera's location; then ray(x, y) = row 1 + x · row 2 + y · row 3 for pixel indices x, y.

    A ray is scaled to unit length along the forward axis, so location + depth · ray is the point seen in the middle of
    the pixel.
    """
    forward, right, up = camera_axes(camera)
    focal = focal_length_px(width, fov_deg)
    centre = forward + right * ((0.5 - 0.5 * width) / focal) - up * ((0.5 - 0.5 * height) / focal)
    return np.stack([np.array([camera.x_m, camera.y_m, camera.z_m]), centre, right / focal, -up / focal])
