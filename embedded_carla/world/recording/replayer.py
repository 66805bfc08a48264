"""The replayer: moves actors as a recording tells, tick by tick."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.actors import Actor
from embedded_carla.world.pose import Pose, composed, wrapped_deg
from embedded_carla.world.recording.files import RECORD_BYTES, Created, Recording, map_hash
from embedded_carla.world.traffic_lights import TrafficLight
from embedded_carla.world.vehicle import Vehicle
from embedded_carla.world.walker import Walker, WalkerControl
from embedded_carla.world.world import World

Spawn = Callable[[list[Any], list[Any], int], Actor]
_POSE_OFFSET = 5
_POSE = struct.Struct("<6f")
_LIGHT = tables.TRAFFIC_LIGHT_UNION
_SENSOR, _MOVED = "sensor.", ("vehicle.", "walker.", "static.prop.")
_HERO = "hero"
DEFAULT_OFFSET = Pose(-10.0, 0.0, 5.0, -15.0, 0.0, 0.0)
"""Of a spectator from the actor that it follows."""


@dataclass
class ReplayOptions:
    """What clients set for replays to come.

    Attributes:
        time_factor: recorded seconds per simulated second.
    """

    time_factor: float = 1.0
    ignore_hero: bool = False
    ignore_spectator: bool = True


@dataclass
class _Replay:
    recording: Recording
    times_s: list[float]
    now_s: float
    end_s: float
    follow_id: int
    offset: Pose
    with_sensors: bool
    episode_id: int
    actors: dict[int, Actor]
    """Number in the recording -> the actor that plays it."""
    spawned: set[int]
    """Numbers of the actors that were made for this replay."""
    known: Mapping[int, Created]
    """All that ever appears in the recording."""


class Replayer:
    """Plays one recording at a time; registered with the world, idle until told to begin.

    Args:
        spawn: makes an actor of a description, a pose and a parent's number, whatever stands there.
    """

    def __init__(self, world: World, spawn: Spawn) -> None:
        self._world, self._spawn = world, spawn
        self.options = ReplayOptions()
        self._replay: _Replay | None = None
        world.after_move.append(self.tick)

    def start(
        self, recording: Recording, start_s: float, duration_s: float, follow_id: int, with_sensors: bool, offset: Pose
    ) -> str:
        """Begin; returns what a client prints.

        Args:
            start_s: from the beginning of the recording, if negative from its end.
            duration_s: 0: to the end.
            follow_id: number in the recording of the actor that the spectator follows at ``offset``, 0 for none.

        Raises:
            CallFailedError: made in another world.
        """
        world = self._world
        if (recording.map_name, recording.map_hash) != (world.map.name, map_hash(world.map)):
            raise CallFailedError(
                f"recorded on the map {recording.map_name}, but the present one is {world.map.name} or another "
                "version of it: load that world first"
            )
        self.stop(keep_actors=True)
        begin_s = max(start_s if start_s >= 0.0 else recording.duration_s + start_s, 0.0)
        end_s = min(begin_s + duration_s, recording.duration_s) if duration_s > 0.0 else recording.duration_s
        self._replay = _Replay(
            recording, [frame.time_s for frame in recording.frames], begin_s, end_s, follow_id, offset, with_sensors,
            world.episode_id, {}, set(), recording.descriptions(),
        )  # fmt: skip
        self._show(self._replay)
        return (
            f"Replaying file with {len(recording.frames)} frames\nMap: {recording.map_name}\n"
            f"Total time recorded: {recording.duration_s:g}\nReplaying from {begin_s:g} s to {end_s:g} s "
            f"({recording.duration_s:g} s) at {self.options.time_factor:.1f}x\n"
        )

    def stop(self, keep_actors: bool) -> None:
        """End the replay: vehicles obey their physics again, where they are."""
        replay, self._replay = self._replay, None
        if replay is None or replay.episode_id != self._world.episode_id:
            return
        for number, actor in replay.actors.items():
            if isinstance(actor, (Vehicle, Walker)):
                actor.simulate_physics = True
                actor.refresh_record()
            if not keep_actors and number in replay.spawned:
                self._world.remove(actor.actor_id)
        self._world.roadside.lights.freeze(False)

    def tick(self, dt_s: float) -> None:
        """Go on; at the end of the recording everything stays where it is."""
        replay = self._replay
        if replay is None:
            return
        if replay.episode_id != self._world.episode_id or replay.now_s >= replay.end_s:
            self.stop(keep_actors=True)
            return
        replay.now_s = min(replay.now_s + dt_s * self.options.time_factor, replay.end_s)
        self._show(replay)

    def _show(self, replay: _Replay) -> None:
        """Bring the world to the replay's present."""
        index = max(bisect_right(replay.times_s, replay.now_s + 1e-6) - 1, 0)
        following = min(index + 1, len(replay.times_s) - 1)
        gap_s = replay.times_s[following] - replay.times_s[index]
        share = min(max((replay.now_s - replay.times_s[index]) / gap_s, 0.0), 1.0) if gap_s > 0.0 else 0.0
        present, later = (_by_id(replay.recording.frames[k].records) for k in (index, following))
        self._cast(replay, present)
        for number, actor in replay.actors.items():
            record = present.get(number)
            if record is not None and actor.actor_id in self._world.actors:
                _move(actor, record, _between(record, later.get(number, record), share))
        self._show_lights(present)
        self._show_spectator(replay, present)

    def _cast(self, replay: _Replay, present: Mapping[int, bytes]) -> None:
        """Find or make an actor for everything that is there now; take away what has gone."""
        for number in [number for number in replay.actors if number not in present]:
            gone = replay.actors.pop(number)
            if number in replay.spawned:
                self._world.remove(gone.actor_id)
        for number in present:
            item = replay.known.get(number)
            if number in replay.actors or item is None or not self._plays(replay, item):
                continue
            actor = self._world.actors.get(number)
            if actor is None or actor.blueprint.blueprint_id != item.description[1]:
                parent = replay.actors.get(item.parent_id)
                if item.parent_id and parent is None:
                    continue
                place = [item.pose[:3], item.pose[3:]]
                actor = self._spawn(item.description, place, parent.actor_id if parent is not None else 0)
                replay.spawned.add(number)
            if isinstance(actor, (Vehicle, Walker)):
                actor.simulate_physics = False
            replay.actors[number] = actor

    def _plays(self, replay: _Replay, item: Created) -> bool:
        blueprint_id = str(item.description[1])
        if self.options.ignore_hero and ["role_name", _HERO] in [[name, text] for name, _, text in item.description[2]]:
            return False
        return blueprint_id.startswith(_MOVED) or (replay.with_sensors and blueprint_id.startswith(_SENSOR))

    def _show_lights(self, present: Mapping[int, bytes]) -> None:
        lights = {light.site.signal_id: light for light in self._world.roadside.lights.lights if light.site}
        if not lights:
            return
        self._world.roadside.lights.freeze(True)
        for record in present.values():
            signal, *_, elapsed_s, _, _, state = _LIGHT.unpack_from(record, tables.ACTOR_KINEMATICS.size)
            light: TrafficLight | None = lights.get(signal.rstrip(b"\0").decode("utf-8", "replace"))
            if light is not None:
                light.light_state, light.elapsed_s = state, elapsed_s
                light.refresh_record()

    def _show_spectator(self, replay: _Replay, present: Mapping[int, bytes]) -> None:
        followed = replay.actors.get(replay.follow_id)
        if followed is not None:
            self._world.spectator.place(composed(followed.pose, replay.offset))
        elif not self.options.ignore_spectator:
            known = replay.known
            number = next((n for n in present if n in known and known[n].description[1] == "spectator"), None)
            if number is not None:
                self._world.spectator.place(_pose(present[number]))


def _by_id(records: bytes) -> dict[int, bytes]:
    parts = [records[start : start + RECORD_BYTES] for start in range(0, len(records), RECORD_BYTES)]
    return {int.from_bytes(part[:4], "little"): part for part in parts}


def _pose(record: bytes) -> Pose:
    return Pose(*_POSE.unpack_from(record, _POSE_OFFSET))


def _between(record: bytes, later: bytes, share: float) -> Pose:
    """A pose on the way from one to another, angles the short way round."""
    first = _pose(record)
    if share == 0.0:
        return first
    second = _pose(later)
    place = [a + share * (b - a) for a, b in zip(first[:3], second[:3], strict=True)]
    turn = [wrapped_deg(a + share * wrapped_deg(b - a)) for a, b in zip(first[3:], second[3:], strict=True)]
    return Pose(*place, *turn)


def _move(actor: Actor, record: bytes, pose: Pose) -> None:
    """Put an actor there; its speed and controls are those that were recorded."""
    if actor.parent is not None:
        return
    if isinstance(actor, Walker):
        actor.control = WalkerControl()
    actor.place(pose)
    head, tail = actor.actor_id.to_bytes(4, "little"), record[_POSE_OFFSET + _POSE.size :]
    actor.record = head + record[4:5] + _POSE.pack(*pose) + tail
