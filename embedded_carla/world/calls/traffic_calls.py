"""Calls about traffic: the register of traffic managers, and traffic lights."""

from __future__ import annotations

from typing import Any

from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.calls.call import Call, existing, value, void
from embedded_carla.world.pose import finite
from embedded_carla.world.traffic_lights import TrafficLight
from embedded_carla.world.world import World

MOST_TRAFFIC_MANAGERS = 1000
LONGEST_ADDRESS = 255
LONGEST_STAGE_S = 1e6
LIGHT_STATES = range(tables.LIGHT_RED, tables.LIGHT_UNKNOWN + 1)


def existing_light(world: World, actor_id: int) -> TrafficLight:
    """The traffic light with an id.

    Raises:
        CallFailedError: there is none, or it is no light.
    """
    actor = existing(world, actor_id)
    if not isinstance(actor, TrafficLight):
        raise CallFailedError(f"actor {actor_id} is a {actor.blueprint.blueprint_id}, not a traffic light")
    return actor


def set_traffic_light_state(world: World, actor_id: int, state: int) -> None:
    """Show a state until the group's next change; freeze the lights to keep it."""
    light = existing_light(world, actor_id)
    if int(state) not in LIGHT_STATES:
        raise ValueError(f"{state} is not a state of a traffic light")
    light.light_state = int(state)
    light.refresh_record()


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

    def light_boxes(actor_id: int) -> list[list[object]]:
        _, head, *_ = existing_light(world, actor_id).bodies()
        half = [head.extent_x_m, head.extent_y_m, head.extent_z_m]
        return [[[head.x_m, head.y_m, head.z_m], half, [0.0, head.yaw_deg, 0.0], actor_id]]

    def freeze_all(frozen: bool) -> None:
        world.roadside.lights.freeze(bool(frozen))

    def group_of(actor_id: int) -> list[int]:
        return [light.actor_id for light in world.roadside.lights.group_of(existing_light(world, actor_id)).lights]

    def reset_group(actor_id: int) -> None:
        world.roadside.lights.group_of(existing_light(world, actor_id)).reset()
        world.roadside.lights.refresh()

    def set_time(stage: int) -> Call:
        def change(actor_id: int, seconds: float) -> None:
            light = existing_light(world, actor_id)
            light.times_s[stage] = min(max(finite(seconds), 0.0), LONGEST_STAGE_S)
            world.roadside.lights.refresh()

        return void(change)

    return {
        "is_traffic_manager_running": value(lambda port: port in world.traffic_managers),
        "get_traffic_manager_running": value(get_traffic_manager),
        "add_traffic_manager_running": value(add_traffic_manager),
        "destroy_traffic_manager": void(lambda port: bool(world.traffic_managers.pop(port, None))),
        "set_traffic_light_state": void(lambda actor_id, state: set_traffic_light_state(world, actor_id, state)),
        "set_traffic_light_green_time": set_time(0),
        "set_traffic_light_yellow_time": set_time(1),
        "set_traffic_light_red_time": set_time(2),
        "freeze_traffic_light": void(lambda _actor_id, frozen: freeze_all(frozen)),
        "freeze_all_traffic_lights": void(freeze_all),
        "reset_traffic_light_group": void(reset_group),
        "reset_all_traffic_lights": void(lambda: world.roadside.lights.reset()),
        "get_group_traffic_lights": value(group_of),
        "get_light_boxes": value(light_boxes),
    }
