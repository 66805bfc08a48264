"""Scenes to draw, cameras on the road, and projections by the client library's own matrices."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import carla
import numpy as np
import numpy.typing as npt

from embedded_carla.render.renderer import Renderer
from embedded_carla.render.types import BoxActor, CameraPose, Weather
from embedded_carla.scene.build import build_scene
from scenarios.roads.build import build_opendrive
from scenarios.roads.description import CurveRoad, Markings, Straight, WindingRoad

WIDTH, HEIGHT, FOV_DEG = 320, 180, 90.0
NOON = Weather(cloudiness=5.0, sun_altitude_angle=45.0)
ROAD, POLE, VEGETATION, TERRAIN, SKY, ROAD_LINE = 1, 6, 9, 10, 11, 24
Points = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]


@functools.cache
def winding_xodr() -> str:
    """Bends of 50 to 150 m radius, 200 m, broken centre line and solid edge lines."""
    road = WindingRoad(kind="winding", name="winding", seed=4, length_m=200, radius_m=(50, 150))
    return build_opendrive(road, 11)


@functools.cache
def straight_xodr(centre: str = "broken", edge: str = "solid") -> str:
    """A straight of 150 m with the given OpenDRIVE road marks."""
    markings = Markings.model_validate({"centre": centre, "edge": edge})
    return build_opendrive(
        CurveRoad(kind="curves", name="straight", segments=(Straight(straight_m=150.0),), markings=markings), 11
    )


@functools.cache
def drawn(xodr: str, pack: str = "summer", seed: int = 11) -> tuple[carla.Map, Renderer]:
    """Map and renderer of an OpenDRIVE text; kept, because a scene takes a while to build."""
    carla_map = carla.Map("drawn", xodr)
    return carla_map, Renderer(build_scene(xodr, carla_map, seed, pack))


def lane_camera(
    carla_map: carla.Map, s_m: float, offset_m: float = 0.0, yaw_deg: float = 0.0, pitch_deg: float = -6.0,
    roll_deg: float = 0.0, height_m: float = 1.4,
) -> CameraPose:  # fmt: skip
    """A camera over lane -1, ``offset_m`` to its right, turned by ``yaw_deg`` from its direction."""
    pose = carla_map.get_waypoint_xodr(1, -1, s_m).transform
    right = pose.get_right_vector()
    return CameraPose(
        pose.location.x + offset_m * right.x,
        pose.location.y + offset_m * right.y,
        pose.location.z + height_m,
        pitch_deg,
        pose.rotation.yaw + yaw_deg,
        roll_deg,
    )


def carla_transform(camera: CameraPose) -> carla.Transform:
    """The pose as the client library writes it."""
    return carla.Transform(
        carla.Location(camera.x_m, camera.y_m, camera.z_m),
        carla.Rotation(pitch=camera.pitch_deg, yaw=camera.yaw_deg, roll=camera.roll_deg),
    )


def focal_px(width: int = WIDTH) -> float:
    """Focal length of ``FOV_DEG``, px."""
    return width / (2.0 * np.tan(np.radians(FOV_DEG) / 2.0))


def to_pixels(camera: CameraPose, points: Points, width: int = WIDTH, height: int = HEIGHT) -> Points:
    """World points (N, 3) to (N, 3): picture coordinates x, y (the first pixel spans 0..1) and depth, m."""
    matrix = np.array(carla_transform(camera).get_inverse_matrix())
    forward, right, up = (points @ matrix[:3, :3].T + matrix[:3, 3]).T
    scale = focal_px(width) / forward
    return np.stack([0.5 * width + scale * right, 0.5 * height - scale * up, forward], axis=1)


def pixel_rays(camera: CameraPose, width: int = WIDTH, height: int = HEIGHT) -> Points:
    """(H, W, 3) directions through the middles of all pixels in world axes, 1 m long along the optical axis."""
    rotation = np.array(carla_transform(camera).get_matrix())[:3, :3]
    y, x = np.mgrid[0:height, 0:width] + 0.5
    rays = np.stack(
        [np.ones_like(x), (x - 0.5 * width) / focal_px(width), (0.5 * height - y) / focal_px(width)], axis=-1
    )
    return rays @ rotation.T


def on_road(camera: CameraPose, width: int = WIDTH, height: int = HEIGHT) -> tuple[Points, Points]:
    """Where the rays of all pixels meet level ground at height 0: points (H, W, 3) and depth (H, W), NaN above it."""
    rays = pixel_rays(camera, width, height)
    with np.errstate(divide="ignore"):
        depth = -camera.z_m / rays[..., 2]
    depth = np.where(rays[..., 2] < 0.0, depth, np.nan)
    eye = np.array([camera.x_m, camera.y_m, camera.z_m])
    return eye + rays * depth[..., None], depth


def rgb(
    renderer: Renderer, camera: CameraPose, weather: Weather = NOON, actors: Sequence[BoxActor] = (),
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Picture:  # fmt: skip
    """Colour picture (H, W, 3) uint8 RGB."""
    return renderer.rgb_bgra(renderer.view(camera, *size, FOV_DEG, actors), weather, camera)[..., 2::-1]


def tags(renderer: Renderer, camera: CameraPose, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Picture:
    """City object label of every pixel, (H, W) uint8."""
    return renderer.semantic_bgra(renderer.view(camera, *size, FOV_DEG))[..., 2]


def decoded_depth_m(picture: Picture) -> Points:
    """Metres of a depth picture by the formula of CARLA's documentation."""
    blue, green, red = (picture[..., k].astype(np.float64) for k in range(3))
    return 1000.0 * (red + 256.0 * green + 65536.0 * blue) / (256.0**3 - 1.0)


def luminance(picture: Picture) -> npt.NDArray[np.float64]:
    """Display luminance (Rec. 709 weights), 0..255."""
    weighted: npt.NDArray[np.float64] = picture.astype(np.float64) @ np.array([0.2126, 0.7152, 0.0722])
    return weighted
