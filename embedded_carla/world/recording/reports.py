"""What a recording tells, as text in the form of CARLA's own reports."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from embedded_carla.world.recording.files import RECORD_BYTES, Created, Frame, Recording

CM_PER_M = 100.0
_HERO, _VEHICLE, _WALKER, _LIGHT, _OTHER, _ANY = "hvwtoa"
_PLACE = struct.Struct("<I1x3f")
_STARTS = {_VEHICLE: "vehicle.", _WALKER: "walker.", _LIGHT: "traffic.traffic_light"}
_NUMBER = {_VEHICLE: 1, _WALKER: 2, _LIGHT: 3}
SCENERY = Created(0, 0, [0, "", []], [0.0] * 6)


def file_info(recording: Recording, show_all: bool) -> str:
    """Every frame in which something appeared, vanished or touched; with ``show_all`` every frame and every place."""
    lines = _head(recording)
    for number, frame in enumerate(recording.frames, start=1):
        if not (show_all or frame.created or frame.destroyed or frame.collisions):
            continue
        lines += ["", f"Frame {number} at {frame.time_s:g} seconds"]
        for item in frame.created:
            x, y, z = (CM_PER_M * value for value in item.pose[:3])
            kind = _NUMBER.get(_type_of(item), 0)
            lines.append(f" Create {item.actor_id}: {item.description[1]} ({kind}) at ({x:g}, {y:g}, {z:g})")
            lines += [f"  {name} = {text}" for name, _, text in item.description[2]]
            if item.parent_id:
                lines.append(f" Parenting {item.actor_id} with {item.parent_id} (parent)")
        lines += [f" Destroy {actor_id}" for actor_id in frame.destroyed]
        lines += [f" Collision between {first} and {second}" for first, second in frame.collisions]
        if show_all:
            lines.append(f" Positions: {len(frame.records) // RECORD_BYTES}")
            lines += [f"  Id: {i} Location: ({x:g}, {y:g}, {z:g})" for i, (x, y, z) in places_cm(frame)]
    return "\n".join([*lines, *_tail(recording)])


def collisions(recording: Recording, first_type: str, second_type: str) -> str:
    """Contacts between actors of two types: h hero, v vehicle, w walker, t traffic light, o other, a any."""
    known = recording.descriptions()
    lines = [*_head(recording), "", "    Time  Types     Id Actor 1                                 Id Actor 2"]
    for frame in recording.frames:
        for pair in frame.collisions:
            actors = [known.get(actor_id, SCENERY) for actor_id in pair]
            if not _is_type(actors[0], first_type) or not _is_type(actors[1], second_type):
                actors.reverse()
            one, other = actors
            if not _is_type(one, first_type) or not _is_type(other, second_type):
                continue
            types = f"{_type_of(one)} {_type_of(other)}"
            lines.append(
                f"{frame.time_s:8.0f} {types:>5} {one.actor_id:7} {one.description[1]:35} {other.actor_id:8} "
                f"{other.description[1]}"
            )
    return "\n".join([*lines, *_tail(recording)])


def blocked(recording: Recording, least_time_s: float, least_distance_cm: float) -> str:
    """Vehicles that took at least a time to go a distance, longest first."""
    vehicles = {i: item for i, item in recording.descriptions().items() if _type_of(item) in (_VEHICLE, _HERO)}
    anchors: dict[int, tuple[float, tuple[float, ...]]] = {}
    found: list[tuple[float, float, int]] = []

    def end(actor_id: int, now_s: float) -> None:
        since_s, _ = anchors.pop(actor_id)
        if now_s - since_s >= least_time_s:
            found.append((now_s - since_s, since_s, actor_id))

    for frame in recording.frames:
        for actor_id, place in places_cm(frame):
            if actor_id not in vehicles:
                continue
            if actor_id in anchors:
                moved = sum((a - b) ** 2 for a, b in zip(place, anchors[actor_id][1], strict=True)) ** 0.5
                if moved < least_distance_cm:
                    continue
                end(actor_id, frame.time_s)
            anchors[actor_id] = (frame.time_s, place)
        for actor_id in frame.destroyed:
            if actor_id in anchors:
                end(actor_id, frame.time_s)
    for actor_id in list(anchors):
        end(actor_id, recording.duration_s)
    lines = [*_head(recording), "", "    Time     Id Actor                                 Duration"]
    lines += [
        f"{since_s:8.0f} {actor_id:6} {vehicles[actor_id].description[1]:35} {lasted_s:10.0f}"
        for lasted_s, since_s, actor_id in sorted(found, key=lambda entry: (-entry[0], entry[1], entry[2]))
    ]
    return "\n".join([*lines, *_tail(recording)])


def places_cm(frame: Frame) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Number and place of every actor."""
    for start in range(0, len(frame.records), RECORD_BYTES):
        actor_id, *place_m = _PLACE.unpack_from(frame.records, start)
        yield actor_id, tuple(CM_PER_M * value for value in place_m)


def _head(recording: Recording) -> list[str]:
    return ["Version: 1", f"Map: {recording.map_name}"]


def _tail(recording: Recording) -> list[str]:
    return ["", f"Frames: {len(recording.frames)}", f"Duration: {recording.duration_s:g} seconds", ""]


def _type_of(item: Created) -> str:
    blueprint_id = str(item.description[1])
    if any(name == "role_name" and text == "hero" for name, _, text in item.description[2]):
        return _HERO
    return next((letter for letter, start in _STARTS.items() if blueprint_id.startswith(start)), _OTHER)


def _is_type(item: Created, letter: str) -> bool:
    own = _type_of(item)
    return letter in (_ANY, own) or (letter == _VEHICLE and own == _HERO)
