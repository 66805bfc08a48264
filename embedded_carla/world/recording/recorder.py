"""The recorder: writes every tick of an episode into a file."""

from __future__ import annotations

from typing import BinaryIO

from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.recording.files import LARGEST_FILE_BYTES, Created, Frame, RecordingFolder, pack_frame
from embedded_carla.world.world import World


class Recorder:
    """Records one file at a time; registered with the world, idle until told to begin."""

    def __init__(self, world: World, folder: RecordingFolder) -> None:
        self._world, self._folder = world, folder
        self._file: BinaryIO | None = None
        world.after_move.append(self.tick)

    def start(self, name: str) -> str:
        """Begin a recording with the present state; returns the path of the file.

        Raises:
            CallFailedError: see ``RecordingFolder.create``.
        """
        self.stop()
        path, self._file = self._folder.create(name, self._world.map)
        self._episode_id, self._start_s = self._world.episode_id, self._world.elapsed_s
        self._known: set[int] = set()
        self._touching: set[tuple[int, int]] = set()
        self._write()
        return str(path)

    def stop(self) -> None:
        """Close the file, if one is open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def tick(self, _dt_s: float) -> None:
        """Add a frame. A change of the world ends the recording."""
        if self._file is None:
            return
        if self._episode_id != self._world.episode_id or self._file.tell() > LARGEST_FILE_BYTES:
            self.stop()
            return
        self._write()

    def _write(self) -> None:
        assert self._file is not None
        world = self._world
        present = set(world.actors)
        created = [
            Created(
                actor.actor_id,
                0 if actor.parent is None else actor.parent.actor_id,
                [actor.description[0], actor.blueprint.blueprint_id, actor.description[2]],
                list(actor.pose if actor.relative is None else actor.relative),
            )
            for actor in world.actors.values()
            if actor.actor_id not in self._known
        ]
        touching = {(pair.first.actor_id, pair.second.actor_id) for pair in world.collisions}
        frame = Frame(
            world.elapsed_s - self._start_s,
            created,
            sorted(self._known - present),
            [list(pair) for pair in sorted(touching - self._touching)],
            b"".join([actor.record for actor in world.actors.values()]),
        )
        self._known, self._touching = present, touching
        try:
            self._file.write(pack_frame(frame))
        except OSError as error:
            self.stop()
            raise CallFailedError(f"the recording ended, the file cannot be written: {error.strerror}") from error
