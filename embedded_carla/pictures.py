"""One page of pictures: weather presets against texture packs, seen from the same place of a shipped map.

``python -m embedded_carla.pictures docs/pictures/weather.jpg``
"""

from __future__ import annotations

import argparse
import math
from dataclasses import fields
from pathlib import Path

import carla
import cv2
import numpy as np
import numpy.typing as npt

from embedded_carla.render.renderer import Renderer
from embedded_carla.render.types import BoxActor, CameraPose, Weather
from embedded_carla.scene.build import build_scene
from embedded_carla.scene.packs import PACKS
from embedded_carla.scene.types import TAG_CAR
from embedded_carla.world.map_library import DEFAULT_MAP, shipped_xodr

Picture = npt.NDArray[np.uint8]

WIDTH, HEIGHT, FOV_DEG = 480, 270, 90.0
SHOWN = (240, 135)
LABEL_PX = 16
CAR_AHEAD_M = 26.0
PRESETS = (
    "ClearNoon",
    "CloudyNoon",
    "WetNoon",
    "HardRainNoon",
    "ClearSunset",
    "WetSunset",
    "ClearNight",
    "HardRainNight",
)


def preset(name: str) -> Weather:
    """A preset of the client library.

    Raises:
        AttributeError: it has none of that name.
    """
    values = getattr(carla.WeatherParameters, name)
    return Weather(**{field.name: float(getattr(values, field.name)) for field in fields(Weather)})


def _camera(waypoint: carla.Waypoint) -> CameraPose:
    place, yaw_deg = waypoint.transform.location, waypoint.transform.rotation.yaw
    return CameraPose(place.x, place.y, place.z + 1.4, -6.0, yaw_deg, 0.0)


def _oncoming_car(waypoint: carla.Waypoint) -> BoxActor:
    """A red car in the lane left of the camera's, some way ahead."""
    ahead = waypoint.next(CAR_AHEAD_M)[0]
    yaw = math.radians(ahead.transform.rotation.yaw)
    x = ahead.transform.location.x + math.sin(yaw) * ahead.lane_width
    y = ahead.transform.location.y - math.cos(yaw) * ahead.lane_width
    z = ahead.transform.location.z + 0.75
    return BoxActor(1, x, y, z, math.degrees(yaw) + 180.0, 0.0, 2.3, 0.95, 0.75, (170, 30, 30), TAG_CAR)


def _labelled(picture: Picture, label: str) -> Picture:
    small = cv2.resize(picture[..., :3], SHOWN, interpolation=cv2.INTER_AREA)
    strip = np.full((LABEL_PX, SHOWN[0], 3), 255, dtype=np.uint8)
    cv2.putText(strip, label, (3, LABEL_PX - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([strip, small])


def sheet(packs: list[str], presets: list[str], s_m: float, seed: int) -> Picture:
    """(H, W, 3) BGR: one row per preset, one column per pack. ``s_m``: place on the shipped map's first road."""
    xodr = shipped_xodr(DEFAULT_MAP)
    carla_map = carla.Map(DEFAULT_MAP, xodr)
    start = next(w for w, _ in carla_map.get_topology() if not w.is_junction)
    waypoint = start.next(s_m)[0]
    camera, car = _camera(waypoint), _oncoming_car(waypoint)
    columns = []
    for pack in packs:
        renderer = Renderer(build_scene(xodr, carla_map, seed, pack))
        view = renderer.view(camera, WIDTH, HEIGHT, FOV_DEG, [car])
        cells = [_labelled(renderer.rgb_bgra(view, preset(name), camera), f"{name}, {pack}") for name in presets]
        columns.append(np.concatenate(cells))
    return np.concatenate(columns, axis=1)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m embedded_carla.pictures", description=__doc__)
    parser.add_argument("output", type=Path, help="picture file to write; its ending decides the format")
    parser.add_argument("--packs", nargs="+", default=["summer", "alpine", "dry", "autumn", "moor", "concrete"])
    parser.add_argument("--presets", nargs="+", default=list(PRESETS), help="names in carla.WeatherParameters")
    parser.add_argument("--place-m", type=float, default=60.0, help="metres along the shipped map")
    parser.add_argument("--seed", type=int, default=7, help="scenery seed")
    arguments = parser.parse_args()
    unknown = [pack for pack in arguments.packs if pack not in PACKS]
    if unknown:
        parser.error(f"unknown texture packs {unknown}; there are {', '.join(PACKS)}")
    picture = sheet(arguments.packs, arguments.presets, arguments.place_m, arguments.seed)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(arguments.output), picture, [cv2.IMWRITE_JPEG_QUALITY, 78]):
        parser.error(f"cannot write {arguments.output}: use a name that ends with .jpg or .png in a writable folder")


if __name__ == "__main__":
    main()
