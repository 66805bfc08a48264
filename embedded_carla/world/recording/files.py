"""Recordings on disk, in the one folder that the operator named: a header and one frame per tick.

Each is a msgpack object behind its length (u32, little-endian), so that a file that was cut off can be read as far as
it is whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgpack

from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.wire.tables_0_9_16 import ACTOR_KINEMATICS, EMPTY_UNION
from embedded_carla.world.map_library import LoadedMap

MAGIC = "embedded_carla recording"
SCHEMA_VERSION = 1
LARGEST_FILE_BYTES = 512 << 20
"""Nearly three hours of twenty cars at 20 ticks a second; a recording ends there."""
LARGEST_FRAME_BYTES = 64 << 20
_LENGTH = struct.Struct("<I")
RECORD_BYTES = ACTOR_KINEMATICS.size + len(EMPTY_UNION)
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_NO_FOLDER = "no recordings are kept: start the server with --recorder-folder FOLDER"


class Created(NamedTuple):
    """An actor that appeared: what it takes to spawn it again."""

    actor_id: int
    parent_id: int
    description: list[Any]
    pose: list[float]


class Frame(NamedTuple):
    """One tick.

    Attributes:
        time_s: since the recording began.
        collisions: pairs of actors that came into contact; 0 stands for scenery.
        records: the 119 bytes of every actor, as they went to the clients.
    """

    time_s: float
    created: list[Created]
    destroyed: list[int]
    collisions: list[list[int]]
    records: bytes


@dataclass(frozen=True)
class Recording:
    """A recording, read.

    Attributes:
        map_name, map_hash: of the world it was made in.
        frames: at least one.
    """

    map_name: str
    map_hash: str
    frames: tuple[Frame, ...]

    @property
    def duration_s(self) -> float:
        """Time of the last frame."""
        return self.frames[-1].time_s

    def descriptions(self) -> dict[int, Created]:
        """Everything that ever appeared, by its number."""
        return {item.actor_id: item for frame in self.frames for item in frame.created}


def map_hash(loaded: LoadedMap) -> str:
    """Tells one map from another of the same name."""
    return hashlib.sha256(loaded.xodr.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class RecordingFolder:
    """The only place where recordings are written and read.

    Args:
        folder: an existing folder, None if the operator named none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder.resolve()

    def path(self, name: str) -> Path:
        """Where a recording lies.

        Raises:
            CallFailedError: there is no folder, or the name leads elsewhere.
        """
        if self._folder is None:
            raise CallFailedError(_NO_FOLDER)
        given = Path(name)
        inside = given.parent == Path() or (given.is_absolute() and given.parent == self._folder)
        if not inside or not _NAME.fullmatch(given.name):
            raise CallFailedError(
                f"{name[:100]!r} is not a recording's name: use letters, digits, '.', '_' and '-', without folders; "
                "recordings lie in the folder that the server was started with"
            )
        return self._folder / given.name

    def create(self, name: str, loaded: LoadedMap) -> tuple[Path, BinaryIO]:
        """A new recording with its header; one of the same name is replaced, any other file is not.

        Raises:
            CallFailedError: see ``path``; or the file cannot be written, or is something else.
        """
        path = self.path(name)
        if path.exists() and not _is_recording(path):
            raise CallFailedError(f"{path.name} exists and is not a recording: choose another name")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise CallFailedError(f"cannot write {path.name}: {error.strerror}") from error
        file = os.fdopen(descriptor, "wb")
        file.write(_packed([MAGIC, SCHEMA_VERSION, loaded.name, map_hash(loaded)]))
        return path, file

    def read(self, name: str) -> Recording:
        """Read a recording, as far as it is whole.

        Raises:
            CallFailedError: see ``path``; or there is no such recording.
        """
        path = self.path(name)
        try:
            if path.is_symlink() or path.stat().st_size > LARGEST_FILE_BYTES:
                raise CallFailedError(f"{path.name} is a link, or larger than a recording can be")
            items = _items(path)
            magic, version, map_name, hashed = next(items)
            frames = tuple(_frame(item) for item in items)
        except OSError as error:
            raise CallFailedError(f"File {path.name} not found on server: {error.strerror}") from error
        except (StopIteration, ValueError, TypeError, msgpack.UnpackException) as error:
            raise CallFailedError(f"{path.name} is not a recording") from error
        if magic != MAGIC or version != SCHEMA_VERSION or not frames:
            raise CallFailedError(f"{path.name} is not a recording of this version with at least one tick")
        return Recording(str(map_name), str(hashed), frames)


def pack_frame(frame: Frame) -> bytes:
    """As it is written."""
    return _packed(frame)


def _items(path: Path) -> Iterator[Any]:
    """The objects of a file; a last one that was cut off is left out."""
    with path.open("rb") as file:
        while True:
            length = file.read(_LENGTH.size)
            if len(length) < _LENGTH.size or _LENGTH.unpack(length)[0] > LARGEST_FRAME_BYTES:
                return
            packed = file.read(_LENGTH.unpack(length)[0])
            if len(packed) < _LENGTH.unpack(length)[0]:
                return
            yield msgpack.unpackb(packed, unicode_errors="surrogateescape")


def _packed(item: Sequence[Any]) -> bytes:
    packed = msgpack.packb(item, unicode_errors="surrogateescape")
    return _LENGTH.pack(len(packed)) + bytes(packed)


def _is_recording(path: Path) -> bool:
    try:
        return bool(next(_items(path))[0] == MAGIC)
    except (OSError, StopIteration, ValueError, TypeError, IndexError, msgpack.UnpackException):
        return False


def _frame(item: Sequence[Any]) -> Frame:
    time_s, created, destroyed, collisions, records = item
    if not isinstance(records, bytes) or len(records) % RECORD_BYTES:
        raise ValueError("a frame without whole records")
    return Frame(float(time_s), [Created(*entry) for entry in created], destroyed, collisions, records)
