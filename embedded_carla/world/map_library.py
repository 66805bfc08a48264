"""Maps: OpenDRIVE text, what our own header data in it say, and the map reader of the client library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import carla

from embedded_carla.world.pose import Pose, wrapped_deg
from embedded_carla.world.road_surface import RoadSurface

MAPS_FOLDER = Path(__file__).with_name("maps")
DEFAULT_MAP = "Oval"
GENERATED_MAP = "OpenDriveMap"
"""Name that the client loads after it has sent an OpenDRIVE text."""
DEFAULT_TEXTURE_PACK = "default"
DEFAULT_SCENERY_SEED = 0
SPAWN_SPACING_M = 30.0
SPAWN_HEIGHT_M = 0.5
_MAP_PREFIX = "Carla/Maps/"


class MapError(ValueError):
    """A map that does not exist or cannot be read."""


@dataclass(frozen=True)
class LoadedMap:
    """One map, read.

    Attributes:
        name: without path.
        xodr: OpenDRIVE text as the client gave it.
        texture_pack, scenery_seed: from ``<header><userData code="..." value="..."/>``.
        spawn_points: recommended poses, in driving lanes outside junctions.
    """

    name: str
    xodr: str
    carla_map: carla.Map
    surface: RoadSurface
    texture_pack: str
    scenery_seed: int
    spawn_points: tuple[Pose, ...]

    @property
    def path(self) -> str:
        """Name as the client shows it."""
        return _MAP_PREFIX + self.name


def available_maps() -> list[str]:
    """Names of the shipped maps."""
    return sorted(path.stem for path in MAPS_FOLDER.glob("*.xodr"))


def shipped_xodr(name: str) -> str:
    """Text of a shipped map by its name or path.

    Raises:
        MapError: there is no such map.
    """
    stem = name.rsplit("/", 1)[-1]
    if stem not in available_maps():
        raise MapError(
            f"map '{name}' not found: this server has {', '.join(available_maps())}; "
            "for any other road send its OpenDRIVE text with generate_opendrive_world"
        )
    return (MAPS_FOLDER / f"{stem}.xodr").read_text(encoding="utf-8")


def read_map(name: str, xodr: str) -> LoadedMap:
    """Read an OpenDRIVE text.

    Raises:
        MapError: not well-formed, not OpenDRIVE, without roads, or bad ``userData``.
    """
    try:
        root = ElementTree.fromstring(xodr)
    except (ElementTree.ParseError, ValueError) as error:
        raise MapError(f"the OpenDRIVE text is not well-formed XML: {error}") from error
    if root.tag != "OpenDRIVE" or root.find("road") is None:
        raise MapError("the text is not an OpenDRIVE map: it needs an <OpenDRIVE> element with at least one <road>")
    header_data = {item.get("code"): item.get("value", "") for item in root.iterfind("header/userData")}
    seed_text = header_data.get("scenery_seed", str(DEFAULT_SCENERY_SEED))
    try:
        scenery_seed = int(seed_text)
        carla_map = carla.Map(name, xodr)
        surface = RoadSurface(carla_map, root)
    except ValueError as error:
        raise MapError(f"a number in the OpenDRIVE text cannot be read: {error}") from error
    except RuntimeError as error:
        raise MapError(f"CARLA's reader refuses the OpenDRIVE text: {error}") from error
    return LoadedMap(
        name,
        xodr,
        carla_map,
        surface,
        header_data.get("texture_pack", DEFAULT_TEXTURE_PACK),
        scenery_seed,
        _spawn_points(carla_map),
    )


def _spawn_points(carla_map: carla.Map) -> tuple[Pose, ...]:
    points = []
    for waypoint in carla_map.generate_waypoints(SPAWN_SPACING_M):
        if waypoint.is_junction or waypoint.lane_type != carla.LaneType.Driving:
            continue
        at, turn = waypoint.transform.location, waypoint.transform.rotation
        pitch_deg, yaw_deg = wrapped_deg(turn.pitch), wrapped_deg(turn.yaw)
        points.append(Pose(at.x, at.y, at.z + SPAWN_HEIGHT_M, pitch_deg, yaw_deg, wrapped_deg(turn.roll)))
    return tuple(points)
