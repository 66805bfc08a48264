"""``python -m embedded_carla.compatibility``: what of CARLA's interface works here, by calls and attributes.

One source for people and programs: ``--json`` prints the same for a program, ``--write FILE`` puts the tables into the
documentation, between its two markers.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from embedded_carla.sensors.camera_attributes import attribute_table
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.world.blueprints import BLUEPRINTS, Kind
from embedded_carla.world.calls.without_effect import ACCEPTED, REFUSED_VALUES, REFUSED_VOIDS

BEGIN, END = "<!-- compatibility: begin -->", "<!-- compatibility: end -->"


class Support(Enum):
    """How well a call is served."""

    WORKS = "works"
    APPROXIMATED = "approximated"
    NO_EFFECT = "accepted without effect"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class CallSupport:
    """One call of the protocol; ``note``: in what it differs from CARLA, or why it is not served."""

    call: str
    support: Support
    note: str = ""


_IN_THE_PLANE = "in the plane: nothing lifts or tips a car; faster than 150 m/s is refused"
_BOXES = "boxes parallel to the axes, of roads, walls, roofs and rails"
_RAYS = "rays meet roads, walls, rails and actors as boxes; trees are pictures that rays pass through"
_RECORDINGS = "only in the folder of --recorder-folder, else refused; a format of its own"
_LIGHTS_KEPT = "kept and told to every client, not drawn"
APPROXIMATED = {
    "apply_ackermann_control_to_vehicle": "two control loops as in CARLA, tuned by the same gains",
    "apply_control_to_walker": "walks straight on the level of the road; no jumps",
    "get_all_level_BBs": _BOXES,
    "get_environment_objects": _BOXES,
    "get_names_of_all_objects": _BOXES,
    "cast_ray": _RAYS,
    "project_point": _RAYS,
    "copy_opendrive_to_file": "the text is kept in memory; mesh parameters are not used",
    "set_episode_settings": "without a fixed step it is 0.05 s, never variable; substepping is read back, not used",
    "freeze_traffic_light": "freezes all lights, as CARLA's client does",
    "get_light_boxes": "one box, the head of the light",
    "get_navigation_mesh": "made from the sidewalks and streets of the map; empty without sidewalks",
    "get_required_files": "the navigation mesh, where the map has sidewalks",
    "request_file": "the navigation mesh, made in memory; any other name is refused",
    "set_vehicle_light_state": _LIGHTS_KEPT,
    "get_vehicle_light_state": _LIGHTS_KEPT,
    "get_vehicle_light_states": _LIGHTS_KEPT,
    "query_lights_state": "empty: the maps have no street lamps",
    "set_actor_autopilot": "the traffic manager runs in the client, as with CARLA; nothing to do for the server",
    "spawn_actor_with_parent": "spring arm and ghost attachments are rigid",
    "start_recorder": _RECORDINGS,
    "replay_file": _RECORDINGS + "; of the present map only",
    "stop_replayer": "vehicles obey their physics again where they are",
    "show_recorder_file_info": _RECORDINGS,
    "show_recorder_collisions": _RECORDINGS,
    "show_recorder_actors_blocked": _RECORDINGS,
    "are_gbuffers_enabled": "never",
    "load_new_episode": "maps of its own, and aliases of them; layers do nothing",
    **dict.fromkeys(
        (
            "set_actor_target_velocity",
            "set_actor_target_angular_velocity",
            "enable_actor_constant_velocity",
            "add_actor_impulse",
            "add_actor_impulse_at_location",
            "add_actor_angular_impulse",
            "add_actor_force",
            "add_actor_force_at_location",
            "add_actor_torque",
        ),
        _IN_THE_PLANE,
    ),
    "set_actor_enable_gravity": "without gravity the tyres grip nothing; a car does not float away",
}
WORKS = (
    "version", "get_episode_info", "get_sensor_token", "get_episode_settings", "tick_cue", "get_map_info",
    "get_map_data", "get_available_maps", "get_actor_definitions", "get_spectator", "get_actors_by_id", "spawn_actor",
    "destroy_actor", "get_actor_bounding_box", "set_actor_transform", "set_actor_location",
    "set_actor_simulate_physics", "set_actor_collisions", "disable_actor_constant_velocity",
    "apply_control_to_vehicle", "get_ackermann_controller_settings", "apply_ackermann_controller_settings",
    "get_physics_control", "apply_physics_control", "get_wheel_steer_angle", "get_weather_parameters",
    "set_weather_parameters", "get_imui_gravity", "set_imui_gravity", "apply_batch", "is_traffic_manager_running",
    "get_traffic_manager_running", "add_traffic_manager_running", "destroy_traffic_manager",
    "set_traffic_light_state", "set_traffic_light_green_time", "set_traffic_light_yellow_time",
    "set_traffic_light_red_time", "freeze_all_traffic_lights", "reset_traffic_light_group",
    "reset_all_traffic_lights", "get_group_traffic_lights", "stop_recorder", "set_replayer_time_factor",
    "set_replayer_ignore_hero", "set_replayer_ignore_spectator",
)  # fmt: skip
_TYPES = {
    tables.ATTRIBUTE_BOOL: "bool",
    tables.ATTRIBUTE_INT: "int",
    tables.ATTRIBUTE_FLOAT: "float",
    tables.ATTRIBUTE_STRING: "string",
    tables.ATTRIBUTE_RGB: "colour",
}


def calls() -> list[CallSupport]:
    """Every call of the protocol that is known, by name."""
    rows = [CallSupport(name, Support.WORKS) for name in WORKS]
    rows += [CallSupport(name, Support.APPROXIMATED, note) for name, note in APPROXIMATED.items()]
    rows += [CallSupport(name, Support.NO_EFFECT, note) for name, note in ACCEPTED.items()]
    refused = {**REFUSED_VALUES, **REFUSED_VOIDS}
    rows += [CallSupport(name, Support.UNSUPPORTED, note) for name, note in refused.items()]
    return sorted(rows, key=lambda row: row.call)


def as_json() -> str:
    """Calls, and blueprints with their attributes, for programs."""
    blueprints = {
        blueprint.blueprint_id: {
            "size_m": [2.0 * half for half in blueprint.half_size_m] if any(blueprint.half_size_m) else None,
            "attributes": {
                attribute.name: {
                    "type": _TYPES[attribute.type],
                    "default": attribute.value,
                    "recommended": list(attribute.recommended),
                    "modifiable": attribute.modifiable,
                }
                for attribute in blueprint.attributes
            },
        }
        for blueprint in BLUEPRINTS
    }
    rows = [{**asdict(row), "support": row.support.value} for row in calls()]
    return json.dumps({"client_version": tables.VERSION, "calls": rows, "blueprints": blueprints}, indent=1) + "\n"


def as_markdown() -> str:
    """The same for the documentation."""
    lines = ["### Calls of the protocol", "", "| call | state | what to know |", "|---|---|---|"]
    for support in Support:
        grouped: dict[str, list[str]] = {}
        for row in calls():
            if row.support is support:
                grouped.setdefault(row.note, []).append(f"`{row.call}`")
        lines += [f"| {', '.join(names)} | {support.value} | {note} |" for note, names in grouped.items()]
    lines += ["", "### Blueprints", "", "| blueprints | size (m) | attributes: type, default |", "|---|---|---|"]
    lines += _blueprint_rows()
    return "\n".join([*lines, "", "### Attributes of the cameras", "", attribute_table().rstrip()])


def _blueprint_rows() -> list[str]:
    """One line per blueprint, blueprints of a kind with the same attributes and size on one line."""
    rows: dict[tuple[str, str], list[str]] = {}
    for blueprint in BLUEPRINTS:
        size = " × ".join(f"{2.0 * half:.2f}" for half in blueprint.half_size_m) if any(blueprint.half_size_m) else "–"
        if blueprint.kind is Kind.CAMERA:
            attributes = "see the table of cameras"
        else:
            hidden = ("ros_name", "role_name", "object_type", "special_type" if blueprint.kind is Kind.WALKER else "")
            attributes = ", ".join(
                f"`{item.name}` {_TYPES[item.type]} {item.value or '–'}"
                for item in blueprint.attributes
                if item.name not in hidden
            )
        rows.setdefault((size, attributes), []).append(f"`{blueprint.blueprint_id}`")
    return [f"| {', '.join(names)} | {size} | {attributes} |" for (size, attributes), names in rows.items()]


def put_into(text: str) -> str:
    """A page with the tables of now between its markers.

    Raises:
        ValueError: it has no markers.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the lines '{BEGIN}' and '{END}'")
    return f"{before}{BEGIN}\n\n{as_markdown()}\n\n{END}{after}"


def main() -> None:
    """Print, or write into a page."""
    parser = argparse.ArgumentParser(prog="python -m embedded_carla.compatibility", description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--write", type=Path, metavar="FILE", help="replace the tables of a page")
    options = parser.parse_args()
    if options.write is not None:
        options.write.write_text(put_into(options.write.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(as_json() if options.json else as_markdown() + "\n")


if __name__ == "__main__":
    main()
