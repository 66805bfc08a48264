"""Maps: OpenDRIVE text, what our own header data in it say, and the map reader of the client library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import carla

from embedded_carla.world.boxes import Box, overlap
from embedded_carla.world.map_trial import CrashError, require_survivable
from embedded_carla.world.pose import Pose, wrapped_deg
from embedded_carla.world.road_surface import RoadSurface
from embedded_carla.world.signals import Signals, read_signals
from embedded_carla.world.speed_limits import SpeedLimits

MAPS_FOLDER = Path(__file__).with_name("maps")
DEFAULT_MAP = "Oval"
GENERATED_MAP = "OpenDriveMap"
"""Name that the client loads after it has sent an OpenDRIVE text."""
DEFAULT_TEXTURE_PACK = "default"
DEFAULT_SCENERY_SEED = 0
SPAWN_SPACING_M = 30.0
SPAWN_HEIGHT_M = 0.5
SPAWN_LANE_M = 2.0
"""Narrower lanes have no spawn points: they are about to begin or to end."""
SPAWN_HALF_ROOM_M = (4.4, 1.5, 2.0)
"""Half length, width and height of the largest vehicle, a fire engine, and a little air."""
_CELL_M = 10.0
LONGEST_ROADS_M = 200_000.0
"""All roads of a map together."""
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
        signals: traffic lights and signs. speed_limits: of the roads.
    """

    name: str
    xodr: str
    carla_map: carla.Map
    surface: RoadSurface
    texture_pack: str
    scenery_seed: int
    spawn_points: tuple[Pose, ...]
    signals: Signals
    speed_limits: SpeedLimits

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
        MapError: not well-formed, not OpenDRIVE, without roads, too long, bad ``userData``, or such that CARLA's reader
            refuses it or crashes on it.
    """
    root = _parsed(xodr)
    header_data = {item.get("code"): item.get("value", "") for item in root.iterfind("header/userData")}
    try:
        scenery_seed = int(header_data.get("scenery_seed", str(DEFAULT_SCENERY_SEED)))
        length_m = sum(float(road.get("length", "nan")) for road in root.iterfind("road"))
        if not length_m <= LONGEST_ROADS_M:
            raise MapError(f"the roads are {length_m:g} m long together: at most {LONGEST_ROADS_M:g} m can be loaded")
        require_survivable(lambda: _read_geometry(name, xodr, root))
        carla_map, surface, spawn_points, signals = _read_geometry(name, xodr, root)
        speed_limits = SpeedLimits(carla_map, root)
    except MapError:
        raise
    except CrashError as error:
        raise MapError(
            f"CARLA's reader crashes on the OpenDRIVE text ({error}): look for roads without geometry or lanes, "
            "and for lane links to lanes that do not exist"
        ) from error
    except ValueError as error:
        raise MapError(f"a number in the OpenDRIVE text cannot be read: {error}") from error
    except (RuntimeError, LookupError) as error:
        raise MapError(f"CARLA's reader refuses the OpenDRIVE text: {error}") from error
    texture_pack = header_data.get("texture_pack", DEFAULT_TEXTURE_PACK)
    return LoadedMap(name, xodr, carla_map, surface, texture_pack, scenery_seed, spawn_points, signals, speed_limits)


def _read_geometry(
    name: str, xodr: str, root: ElementTree.Element
) -> tuple[carla.Map, RoadSurface, tuple[Pose, ...], Signals]:
    carla_map = carla.Map(name, xodr)
    surface = RoadSurface(carla_map, root)
    return carla_map, surface, _spawn_points(carla_map, surface), read_signals(carla_map, root)


def _parsed(xodr: str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(xodr)
    except (ElementTree.ParseError, ValueError) as error:
        raise MapError(f"the OpenDRIVE text is not well-formed XML: {error}") from error
    if root.tag != "OpenDRIVE" or root.find("road") is None:
        raise MapError("the text is not an OpenDRIVE map: it needs an <OpenDRIVE> element with at least one <road>")
    return root


def _spawn_points(carla_map: carla.Map, surface: RoadSurface) -> tuple[Pose, ...]:
    """Poses as cars will have them: pitched and rolled by the road under their wheels."""
    points: list[Pose] = []
    for waypoint in carla_map.generate_waypoints(SPAWN_SPACING_M):
        if waypoint.is_junction or waypoint.lane_type != carla.LaneType.Driving or waypoint.lane_width < SPAWN_LANE_M:
            continue
        at, yaw_deg = waypoint.transform.location, wrapped_deg(waypoint.transform.rotation.yaw)
        beside_m, yaw_rad = _beside_m(len(points)), math.radians(yaw_deg)
        x_m, y_m = at.x - beside_m * math.sin(yaw_rad), at.y + beside_m * math.cos(yaw_rad)
        z_m, pitch_deg, roll_deg = surface.attitude(x_m, y_m, at.z, yaw_deg)
        points.append(Pose(x_m, y_m, z_m + SPAWN_HEIGHT_M, pitch_deg, yaw_deg, roll_deg))
    return tuple(_with_room(points))


def _beside_m(number: int) -> float:
    """How far right of its lane's middle a spawn point lies: 3 to 4 cm, by turns to the right and to the left.

    CARLA's agents overlook what lies exactly straight ahead (a light, a car): their angle must be greater than zero.
    In CARLA no car ever stands that straight; here nothing would disturb it.
    """
    return (1.0 if number % 2 == 0 else -1.0) * (0.03 + 0.01 * (number * 0.618034 % 1.0))


def _with_room(points: list[Pose]) -> list[Pose]:
    """The points on which vehicles of any size stand side by side without touching: of two too close, the first."""
    kept: list[Pose] = []
    near: dict[tuple[int, int], list[Box]] = {}
    for point in points:
        box = Box(point.x_m, point.y_m, point.z_m, point.yaw_deg, *SPAWN_HALF_ROOM_M)
        column, row = int(point.x_m // _CELL_M), int(point.y_m // _CELL_M)
        cells = [(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        if all(overlap(box, other) is None for cell in cells for other in near.get(cell, ())):
            kept.append(point)
            near.setdefault((column, row), []).append(box)
    return kept
