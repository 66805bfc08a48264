"""The rest of CARLA's methods: those that change nothing here, and those that this server refuses by name.

A method is answered without effect only where nothing that a client can measure would differ; where an answer would
have to be invented, the method is refused and the client raises ``RuntimeError`` with the reason.
"""

from __future__ import annotations

from collections.abc import Callable

from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.calls.call import Call, existing, value, void
from embedded_carla.world.world import World

ACCEPTED = {
    "draw_debug_shape": "debug shapes are not drawn",
    "show_vehicle_debug_telemetry": "there is no window to show it in",
    "update_lights_state": "the maps have no street lamps",
    "update_day_night_cycle": "the maps have no street lamps",
    "load_map_layer": "the maps have no layers",
    "unload_map_layer": "the maps have no layers",
    "open_vehicle_door": "no vehicle has doors that open",
    "close_vehicle_door": "no vehicle has doors that open",
    "set_wheel_steer_direction": "wheels are not drawn",
    "set_wheel_pitch_angle": "wheels are not drawn",
}
"""Method -> why it has no effect."""

_NO_MESHES = "actors are boxes without components, bones or sockets"
_NO_PHYSX = "there is one vehicle model"
_NO_TEXTURES = "textures belong to the map"
_NO_ROS = "ROS is not supported"
REFUSED_VALUES = {
    "get_telemetry_data": "wheel loads and slips are not modelled wheel by wheel",
    "get_wheel_pitch_angle": "wheels do not turn",
    "get_gbuffer_token": "there are no GBuffers",
    "is_sensor_enabled_for_ros": _NO_ROS,
    **dict.fromkeys(
        (
            "get_actor_component_world_transform",
            "get_actor_component_relative_transform",
            "get_actor_bone_world_transforms",
            "get_actor_bone_relative_transforms",
            "get_actor_component_names",
            "get_actor_bone_names",
            "get_actor_socket_world_transforms",
            "get_actor_socket_relative_transforms",
            "get_actor_socket_names",
            "get_bones_transform",
        ),
        _NO_MESHES,
    ),
}
REFUSED_VOIDS = {
    "set_bones_transform": _NO_MESHES,
    "blend_pose": _NO_MESHES,
    "get_pose_from_animation": _NO_MESHES,
    "set_actor_dead": "nothing dies here",
    "enable_environment_objects": "scenery cannot be hidden",
    "apply_color_texture_to_objects": _NO_TEXTURES,
    "apply_float_color_texture_to_objects": _NO_TEXTURES,
    "enable_carsim": _NO_PHYSX,
    "use_carsim_road": _NO_PHYSX,
    "enable_chrono_physics": _NO_PHYSX,
    "restore_physx_physics": _NO_PHYSX,
    "enable_sensor_for_ros": _NO_ROS,
    "disable_sensor_for_ros": _NO_ROS,
}
"""Method -> reason."""


def refusal(method: str, reason: str) -> CallFailedError:
    """What a client is told."""
    return CallFailedError(f"{method} is not supported by the embedded server: {reason}")


def calls_without_effect(world: World) -> dict[str, Call]:
    """All of the above."""

    def refuse(method: str, reason: str) -> Callable[..., None]:
        def fail(*_: object) -> None:
            raise refusal(method, reason)

        return fail

    def accept(*_: object) -> None:
        return None

    def no_gbuffers(actor_id: int) -> bool:
        existing(world, actor_id)
        return False

    return {
        **{method: void(accept) for method in ACCEPTED},
        **{method: value(refuse(method, reason)) for method, reason in REFUSED_VALUES.items()},
        **{method: void(refuse(method, reason)) for method, reason in REFUSED_VOIDS.items()},
        "are_gbuffers_enabled": value(no_gbuffers),
    }
