"""Cameras: their settings, and one rendered view shared by all cameras that look the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from embedded_carla.render.types import BoxActor, CameraPose, Weather
from embedded_carla.sensors.film import Film
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.world.pose import Pose
from embedded_carla.world.weather import CLEAR_NOON

if TYPE_CHECKING:
    from embedded_carla.render.renderer import Renderer

LARGEST_SIDE_PX = 8192
FOV_RANGE_DEG = (1.0, 170.0)
CAMERA_TYPES = (
    tables.SENSOR_RGB_CAMERA,
    tables.SENSOR_DEPTH_CAMERA,
    tables.SENSOR_SEMANTIC_CAMERA,
    tables.SENSOR_INSTANCE_CAMERA,
)


class CameraSettings(NamedTuple):
    """Picture size (px), horizontal field of view (deg), and what the film does with light (colour pictures only)."""

    width: int
    height: int
    fov_deg: float
    film: Film = Film()

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> CameraSettings:
        """Read ``image_size_x``, ``image_size_y``, ``fov`` and the film (see ``camera_attributes``).

        Raises:
            ValueError: not numbers, or out of range.
        """
        width, height = int(attributes["image_size_x"]), int(attributes["image_size_y"])
        settings = cls(width, height, float(attributes["fov"]), Film.from_attributes(attributes))
        if not (0 < settings.width <= LARGEST_SIDE_PX and 0 < settings.height <= LARGEST_SIDE_PX):
            raise ValueError(f"image_size_x and image_size_y must be 1..{LARGEST_SIDE_PX}")
        if not FOV_RANGE_DEG[0] <= settings.fov_deg <= FOV_RANGE_DEG[1]:
            raise ValueError(f"fov must be {FOV_RANGE_DEG[0]:g}..{FOV_RANGE_DEG[1]:g} degrees")
        return settings

    def header(self) -> bytes:
        """The 12 bytes between the sensor header and the pixels."""
        return tables.IMAGE_HEADER.pack(self.width, self.height, self.fov_deg)


class View(NamedTuple):
    """What decides a picture before the kind of camera does."""

    pose: Pose
    settings: CameraSettings

    def without_film(self) -> View:
        """What decides which surfaces are seen."""
        return View(self.pose, self.settings._replace(film=Film()))


class SharedViews:
    """The rendered views of one tick: cameras of different kinds at one place share one rasterisation.

    The latest view only is kept: ask for the pictures of one view after each other.
    """

    def __init__(self, renderer: Renderer, weather: Sequence[float], bodies: Sequence[BoxActor]) -> None:
        self._renderer = renderer
        self._weather = Weather(*weather)
        self._bodies = bodies
        self._view: View | None = None

    def picture(self, sensor_type: int, view: View) -> npt.NDArray[np.uint8]:
        """One picture, uint8 BGRA (height, width, 4).

        Args:
            sensor_type: number of the camera's kind on the wire.
        """
        camera = CameraPose(*view.pose)
        seen = view.without_film()
        if seen != self._view:
            size = view.settings
            self._gbuffer = self._renderer.view(camera, size.width, size.height, size.fov_deg, self._bodies)
            self._view = seen
        if sensor_type == tables.SENSOR_RGB_CAMERA:
            return view.settings.film.develop(self._renderer.rgb_bgra(self._gbuffer, self._weather, camera))
        if sensor_type == tables.SENSOR_DEPTH_CAMERA:
            return self._renderer.depth_bgra(self._gbuffer)
        if sensor_type == tables.SENSOR_SEMANTIC_CAMERA:
            return self._renderer.semantic_bgra(self._gbuffer)
        return self._renderer.instance_bgra(self._gbuffer)


def draw_once(renderer: Renderer) -> None:
    """Draw one small picture of every kind, with a car in it: compiles all kernels that pictures need."""
    car = BoxActor(1, 10.0, 0.0, 0.7, 0.0, 0.0, 2.4, 1.0, 0.7, (200, 30, 30), tables.TAG_CAR)
    views = SharedViews(renderer, CLEAR_NOON, [car])
    view = View(Pose(z_m=1.4), CameraSettings(64, 36, 90.0))
    for sensor_type in CAMERA_TYPES:
        views.picture(sensor_type, view)
