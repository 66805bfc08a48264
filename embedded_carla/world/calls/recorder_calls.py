"""Calls about recordings. They reach files only in the folder that the operator named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from embedded_carla.world.calls.call import Call, value, void
from embedded_carla.world.calls.spawn import spawn
from embedded_carla.world.pose import finite, pose_from_wire
from embedded_carla.world.recording import reports
from embedded_carla.world.recording.files import RecordingFolder
from embedded_carla.world.recording.recorder import Recorder
from embedded_carla.world.recording.replayer import DEFAULT_OFFSET, Replayer
from embedded_carla.world.world import World

FASTEST_REPLAY = 1000.0


def recorder_calls(world: World, folder: Path | None) -> dict[str, Call]:
    """Recording, replaying and reports.

    Args:
        folder: where recordings lie; None: every call that names one is refused.
    """
    recordings = RecordingFolder(folder)
    recorder = Recorder(world, recordings)
    replayer = Replayer(
        world, lambda description, pose, parent_id: spawn(world, description, pose, parent_id, needs_room=False)
    )

    def replay_file(
        name: str, start_s: float, duration_s: float, follow_id: int, with_sensors: bool = False, offset: Any = None
    ) -> str:
        where = DEFAULT_OFFSET if offset is None else pose_from_wire(offset)
        recording = recordings.read(name)
        return replayer.start(recording, finite(start_s), finite(duration_s), int(follow_id), bool(with_sensors), where)

    def set_time_factor(factor: float) -> None:
        replayer.options.time_factor = min(max(finite(factor), 0.0), FASTEST_REPLAY)

    def ignore_hero(ignore: bool) -> None:
        replayer.options.ignore_hero = bool(ignore)

    def ignore_spectator(ignore: bool) -> None:
        replayer.options.ignore_spectator = bool(ignore)

    def collisions(name: str, first_type: int | str, second_type: int | str) -> str:
        return reports.collisions(recordings.read(name), _letter(first_type), _letter(second_type))

    def blocked(name: str, least_time_s: float, least_distance_cm: float) -> str:
        return reports.blocked(recordings.read(name), finite(least_time_s), finite(least_distance_cm))

    return {
        "start_recorder": value(lambda name, _additional=False: recorder.start(name)),
        "stop_recorder": void(recorder.stop),
        "show_recorder_file_info": value(lambda name, show_all: reports.file_info(recordings.read(name), show_all)),
        "show_recorder_collisions": value(collisions),
        "show_recorder_actors_blocked": value(blocked),
        "replay_file": value(replay_file),
        "stop_replayer": void(lambda keep_actors=True: replayer.stop(bool(keep_actors))),
        "set_replayer_time_factor": void(set_time_factor),
        "set_replayer_ignore_hero": void(ignore_hero),
        "set_replayer_ignore_spectator": void(ignore_spectator),
    }


def _letter(kind: int | str) -> str:
    """A C character travels as a number."""
    return chr(kind) if isinstance(kind, int) else kind[:1]
