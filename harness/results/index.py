"""The append-only list of finished episodes: one JSON line each, with the size and hash of every file.

A line is written only after the episode's files are on disk: a line proves that an episode is finished.
The last line of an episode counts. A torn last line (the writer was killed) is dropped when the index is
opened for writing.
"""

from __future__ import annotations

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
    return IndexEntry(value["episode_id"], value["outcome"], files)


def read_index(path: Path) -> dict[str, IndexEntry]:
    """Finished episodes by id, in the order of their (last) line; empty if there is no index yet.

    Raises:
        IndexCorruptError: a complete line that cannot be read, or one of another schema version.
    """
    if not path.exists():
        return {}
    entries: dict[str, IndexEntry] = {}
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):  # a torn last line has no end
        try:
            value = json.loads(line)
            version = value["schema_version"]
            entry = _entry_from(value)
        except (ValueError, KeyError, TypeError) as error:
            raise IndexCorruptError(
                f"{path.name} line {number} cannot be read ({error}): damaged. "
                "Delete that line: its episode will run again"
            ) from error
        if version != INDEX_SCHEMA_VERSION:
            raise IndexCorruptError(
                f"{path.name} line {number} has schema version {version}, this program reads {INDEX_SCHEMA_VERSION}"
            )
        entries.pop(entry.episode_id, None)
        entries[entry.episode_id] = entry
    return entries


def drop_torn_line(path: Path) -> None:
    """Cut what a killed writer left of a last line, so that the next line starts on its own."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))


def append_entry(path: Path, entry: IndexEntry) -> None:
    """Add one line and wait until the disk has it."""
    with path.open("ab") as file:
        file.write(entry.line())
        file.flush()
        os.fsync(file.fileno())
