"""The append-only list of finished episodes: one JSON line each, with the size and hash of every file.

A line is written only after the episode's files are on disk: a line proves that an episode is finished.
The last line of an episode counts. A torn last line (the writer was killed) is dropped when the index is
opened for writing.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.results.schema import INDEX_SCHEMA_VERSION


class IndexCorruptError(ValueError):
    """The index holds a line that is not one of ours."""


@dataclass(frozen=True)
class StoredFile:
    """One file of an episode: path relative to the campaign's folder, size and SHA-256."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class IndexEntry:
    """One finished episode."""

    episode_id: str
    outcome: str
    files: tuple[StoredFile, ...]

    def line(self) -> bytes:
        """This entry as a line of the index."""
        value = {
            "schema_version": INDEX_SCHEMA_VERSION,
            "episode_id": self.episode_id,
            "outcome": self.outcome,
            "files": [[file.path, file.size_bytes, file.sha256] for file in self.files],
        }
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _entry_from(value: dict[str, Any]) -> IndexEntry:
    files = tuple(StoredFile(path, size_bytes, sha256) for path, size_bytes, sha256 in value["files"])
    for file in files:
        if not file.path.startswith("episodes/") or ".." in file.path.split("/"):
            raise ValueError(f"{file.path!r} leads out of the results folder")
    return IndexEntry(value["episode_id"], value["outcome"], files)


def read_index(path: Path) -> dict[str, IndexEntry]:
    """Finished episodes by id, in the order of their (last) line; empty if there is no index yet.

    Raises:
        IndexCorruptError: a complete line that cannot be read, or one of another schema version.
    """
    entries: dict[str, IndexEntry] = {}
    for number, line in enumerate(_whole_lines(path), start=1):
        entry = _read_line(path, number, line)
        entries.pop(entry.episode_id, None)
        entries[entry.episode_id] = entry
    return entries


def salvage_index(path: Path) -> tuple[dict[str, IndexEntry], list[str]]:
    """What of a damaged index can be read, and one sentence for each line that cannot."""
    entries: dict[str, IndexEntry] = {}
    problems = []
    for number, line in enumerate(_whole_lines(path), start=1):
        try:
            entry = _read_line(path, number, line)
        except IndexCorruptError as error:
            problems.append(str(error))
            continue
        entries.pop(entry.episode_id, None)
        entries[entry.episode_id] = entry
    return entries, problems


def _whole_lines(path: Path) -> list[bytes]:
    """Complete lines; a torn last one has no end and is left out."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def _read_line(path: Path, number: int, line: bytes) -> IndexEntry:
    try:
        value = json.loads(line)
        version = value["schema_version"]
        entry = _entry_from(value)
    except (ValueError, KeyError, TypeError) as error:
        raise IndexCorruptError(
            f"{path.name} line {number} cannot be read ({error}): damaged; resume the campaign, "
            "which drops that line and runs its episode again"
        ) from error
    if version != INDEX_SCHEMA_VERSION:
        raise IndexCorruptError(
            f"{path.name} line {number} has schema version {version}, this program reads {INDEX_SCHEMA_VERSION}"
        )
    return entry


def drop_torn_line(path: Path) -> None:
    """Cut what a killed writer left of a last line, so that the next line starts on its own."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))


def append_entry(path: Path, entry: IndexEntry) -> None:
    """Add one line and wait until the disk has it; a line that does not fit is taken back."""
    with path.open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        line = entry.line()
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            os.truncate(path, before)
            raise
