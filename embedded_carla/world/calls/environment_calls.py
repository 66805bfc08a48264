"""Calls about the map, the weather and the server itself."""

from __future__ import annotations

from typing import Any

from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.blueprints import definitions_to_wire
from embedded_carla.world.calls.call import Call, value, void
from embedded_carla.world.pose import finite, pose_to_wire
from embedded_carla.world.weather import weather_from_wire
from embedded_carla.world.world import World

NAVIGATION_FOLDER = "Nav"
"""What the client asks for when it wants to know where walkers may walk."""


def environment_calls(world: World) -> dict[str, Call]:
    """Map, weather, blueprints."""

    def get_map_info() -> list[Any]:
        return [world.map.path, [pose_to_wire(pose) for pose in world.map.spawn_points]]

    def copy_opendrive_to_file(xodr: str, _parameters: object) -> None:
        # Read now: a bad text is then refused by the call that brought it. It draws no walls and needs no
        # mesh parameters: the scene is built from the lanes themselves.
        world.offer_map(xodr)

    def set_weather_parameters(values: list[Any]) -> None:
        world.weather = weather_from_wire(values)

    def get_required_files(folder: str) -> list[str]:
        if folder != NAVIGATION_FOLDER or world.scenery.navigation is None:
            return []
        return [world.scenery.navigation.name]

    def request_file(name: str) -> bytes:
        # Made in memory from the map: no call reads a file.
        navigation = world.scenery.navigation
        if navigation is None or name != navigation.name:
            raise CallFailedError("request_file: there is no file to fetch but the navigation mesh of the present map")
        return navigation.content

    def set_imu_gravity(gravity_mps2: float) -> None:
        world.imu_gravity_mps2 = finite(gravity_mps2)

    return {
        "get_imui_gravity": value(lambda: world.imu_gravity_mps2),
        "set_imui_gravity": void(set_imu_gravity),
        "get_map_info": value(get_map_info),
        "get_map_data": value(lambda: world.map.xodr),
        "get_available_maps": value(lambda: [f"/Game/Carla/Maps/{name}" for name in world.map_names]),
        "get_required_files": value(get_required_files),
        "request_file": value(request_file),
        "get_navigation_mesh": value(
            lambda: b"" if world.scenery.navigation is None else world.scenery.navigation.content
        ),
        "copy_opendrive_to_file": void(copy_opendrive_to_file),
        "query_lights_state": value(lambda _endpoint: []),
        "get_actor_definitions": value(definitions_to_wire),
        "get_weather_parameters": value(lambda: list(world.weather)),
        "set_weather_parameters": void(set_weather_parameters),
    }
