"""Calls about traffic: the register of traffic managers, and traffic lights, of which the maps have none."""

from __future__ import annotations

from typing import Any

from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.calls.call import Call, existing, value, void
from embedded_carla.world.world import World

MOST_TRAFFIC_MANAGERS = 1000
LONGEST_ADDRESS = 255


def traffic_calls(world: World) -> dict[str, Call]:
    """Traffic managers run in clients; the server only knows where."""

    def add_traffic_manager(endpoint: list[Any]) -> bool:
        address, port = str(endpoint[0]), int(endpoint[1])
        if not 0 <= port < 1 << 16 or len(address) > LONGEST_ADDRESS:
            raise ValueError("not an address and a port")
        managers = world.traffic_managers
        if port in managers or len(managers) >= MOST_TRAFFIC_MANAGERS:
            return False
        managers[port] = address
        return True

    def get_traffic_manager(port: int) -> list[object]:
        address = world.traffic_managers.get(port)
        return ["", 0] if address is None else [address, port]

    def no_light(actor_id: int, *_: object) -> None:
        blueprint_id = existing(world, actor_id).blueprint.blueprint_id
        raise CallFailedError(f"actor {actor_id} is a {blueprint_id}: the maps of this server have no traffic lights")

    def nothing_to_do(*_: object) -> None:
        return None

    about_one_light = (
        "set_traffic_light_state",
        "set_traffic_light_green_time",
        "set_traffic_light_yellow_time",
        "set_traffic_light_red_time",
        "freeze_traffic_light",
        "reset_traffic_light_group",
    )
    return {
        "is_traffic_manager_running": value(lambda port: port in world.traffic_managers),
        "get_traffic_manager_running": value(get_traffic_manager),
        "add_traffic_manager_running": value(add_traffic_manager),
        "destroy_traffic_manager": void(lambda port: bool(world.traffic_managers.pop(port, None))),
        **{name: void(no_light) for name in about_one_light},
        "get_group_traffic_lights": value(no_light),
        "get_light_boxes": value(no_light),
        "freeze_all_traffic_lights": void(nothing_to_do),
        "reset_all_traffic_lights": void(nothing_to_do),
    }
