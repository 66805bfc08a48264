"""The folder of one campaign, written so that a kill at any moment loses at most the episode being written.

``campaign.json``, ``index.jsonl`` and ``episodes/<id>/``: spec.json, ticks.parquet, timings.parquet, events.json,
attempts.json, monitor_inputs.parquet (where kept), clips/, logs/. An episode is written under a temporary name,
renamed, then entered in the index.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from harness.results.files import (
    json_bytes,
    parquet_bytes,
    replace_atomically,
    sha256_of,
    sync_folder,
    write_all_synced,
)
from harness.results.index import IndexEntry, StoredFile, append_entry, drop_torn_line, read_index, salvage_index
from harness.results.schema import (
    CAMPAIGN_SCHEMA_VERSION,
    EPISODE_SCHEMA_VERSION,
    EpisodeRecord,
    check_record,
    with_standard_columns,
)

CAMPAIGN_FILE = "campaign.json"
INDEX_FILE = "index.jsonl"
EPISODES_FOLDER = "episodes"


class StoreError(RuntimeError):
    """A campaign folder cannot be used as asked."""


class StorageError(StoreError):
    """The disk does not take what is to be stored: full, read-only or gone. What was stored before is whole."""


@contextlib.contextmanager
def _storage(folder: Path, doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{folder}: {doing} failed: {error.strerror or error}; make room there (or make it writable), then "
            f"go on with --resume {folder}"
        ) from error


class CampaignStore:
    """Write access to one campaign folder, held by one process at a time."""

    def __init__(self, folder: Path, lock: IO[bytes]) -> None:
        """Use ``create`` or ``open``."""
        self.folder = folder
        self._lock = lock

    @classmethod
    def create(cls, folder: Path) -> CampaignStore:
        """Make a new campaign folder.

        Raises:
            StoreError: the folder already holds a campaign.
        """
        if (folder / CAMPAIGN_FILE).exists():
            raise StoreError(f"{folder} already holds a campaign; use --resume {folder} or another --out")
        with _storage(folder, "making the results folder"):
            (folder / EPISODES_FOLDER).mkdir(parents=True, exist_ok=True)
            return cls(folder, _lock(folder))

    @classmethod
    def open(cls, folder: Path) -> CampaignStore:
        """Open an existing campaign for more episodes; clears what a killed writer left behind.

        Raises:
            StoreError: no campaign there, another process writes to it, or it has another schema version.
        """
        read_campaign_json(folder)
        with _storage(folder, "opening the results folder"):
            store = cls(folder, _lock(folder))
            drop_torn_line(folder / INDEX_FILE)
            for leftover in (folder / EPISODES_FOLDER).glob(".*"):
                shutil.rmtree(leftover)
            for leftover in folder.glob(".*.tmp"):
                leftover.unlink()
        return store

    def close(self) -> None:
        """Let another process write here."""
        self._lock.close()

    def __enter__(self) -> CampaignStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write_campaign(self, campaign: dict[str, Any]) -> None:
        """Replace ``campaign.json`` in one step; the schema version is added.

        Keys keep their order: that of several swept parameters, or of several random ones, decides the episodes.
        """
        content = json_bytes({**campaign, "schema_version": CAMPAIGN_SCHEMA_VERSION}, sort_keys=False)
        with _storage(self.folder, f"writing {CAMPAIGN_FILE}"):
            replace_atomically(self.folder / CAMPAIGN_FILE, content)

    def campaign(self) -> dict[str, Any]:
        """What ``campaign.json`` says."""
        return read_campaign_json(self.folder)

    def add_episode(self, record: EpisodeRecord) -> IndexEntry:
        """Store one episode: all of it or nothing. A record of the same episode is replaced.

        Raises:
            SchemaError: the record is not one that a reader could understand.
            StorageError: the disk does not take it; nothing of it is left.
        """
        record = with_standard_columns(record)
        check_record(record)
        episodes = self.folder / EPISODES_FOLDER
        final = episodes / record.episode_id
        temporary = episodes / f".{record.episode_id}.{os.getpid()}"
        shutil.rmtree(temporary, ignore_errors=True)
        files: list[StoredFile] = []
        contents = _episode_files(record)
        for name, content in contents.items():
            relative = f"{EPISODES_FOLDER}/{record.episode_id}/{name}"
            files.append(StoredFile(relative, len(content), sha256_of(content)))
        entry = IndexEntry(record.episode_id, record.outcome, tuple(files))
        with _storage(self.folder, f"storing episode {record.episode_id}"):
            try:
                write_all_synced({temporary / name: content for name, content in contents.items()})
                if final.exists():  # an infrastructure error that is run again, or files whose index line was lost
                    shutil.rmtree(final)
                temporary.rename(final)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            sync_folder(episodes)
            append_entry(self.folder / INDEX_FILE, entry)
        return entry

    def drop_files(self, dropped: Mapping[str, Iterable[StoredFile]]) -> None:
        """Remove files that episodes can do without, from the index first: what it lists is there at any moment.

        Args:
            dropped: episode id -> files of it.

        Raises:
            StorageError: the disk does not take the new index; no file was removed then.
        """
        path = self.folder / INDEX_FILE
        entries = read_index(path)
        with _storage(self.folder, f"rewriting {INDEX_FILE}"):
            for episode_id, files in dropped.items():
                left = tuple(file for file in entries[episode_id].files if file not in set(files))
                entries[episode_id] = replace(entries[episode_id], files=left)
            replace_atomically(path, b"".join(entry.line() for entry in entries.values()))
            for file in (file for files in dropped.values() for file in files):
                (self.folder / file.path).unlink(missing_ok=True)

    def finished(self) -> dict[str, IndexEntry]:
        """Episodes that need not run again: in the index, on disk, and not lost to the infrastructure."""
        present = {item.name for item in os.scandir(self.folder / EPISODES_FOLDER)}
        entries = read_index(self.folder / INDEX_FILE)
        return {
            key: entry for key, entry in entries.items() if key in present and entry.outcome != "infrastructure_error"
        }

    def drop_damaged(self, check_hashes: bool = False) -> list[str]:
        """Take damaged episodes and lines out of the index, so that these episodes run again.

        Args:
            check_hashes: read every file; otherwise only its presence and size are checked.

        Returns:
            One sentence per problem; empty when all is well.
        """
        path = self.folder / INDEX_FILE
        entries, problems = salvage_index(path)
        whole = {}
        for entry in entries.values():
            damage = _damage(self.folder, entry, check_hashes)
            problems += damage
            if not damage:
                whole[entry.episode_id] = entry
        if problems:
            with _storage(self.folder, f"rewriting {INDEX_FILE}"):
                replace_atomically(path, b"".join(entry.line() for entry in whole.values()))
        return problems


def verify(folder: Path) -> list[str]:
    """Compare every stored file with the size and hash in the index.

    Returns:
        One sentence per problem; empty when all is well.
    """
    return [problem for entry in read_index(folder / INDEX_FILE).values() for problem in _damage(folder, entry, True)]


def _damage(folder: Path, entry: IndexEntry, check_hashes: bool) -> list[str]:
    problems = []
    root = os.fspath(folder)
    for file in entry.files:
        try:
            size_bytes = os.stat(f"{root}/{file.path}").st_size  # noqa: PTH116 (60,000 of them in a resume)
        except OSError:
            problems.append(f"{file.path} is missing")
            continue
        if size_bytes != file.size_bytes or (
            check_hashes and sha256_of((folder / file.path).read_bytes()) != file.sha256
        ):
            problems.append(f"{file.path} differs from its {'hash' if check_hashes else 'size'} in {INDEX_FILE}")
    return problems


def read_campaign_json(folder: Path) -> dict[str, Any]:
    """``campaign.json`` of a campaign folder.

    Raises:
        StoreError: it is missing, unreadable or of another schema version.
    """
    path = folder / CAMPAIGN_FILE
    try:
        campaign: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise StoreError(f"{folder} holds no campaign ({CAMPAIGN_FILE} is missing)") from error
    except ValueError as error:
        raise StoreError(f"{path} is not valid JSON: {error}") from error
    version = campaign.get("schema_version")
    if version != CAMPAIGN_SCHEMA_VERSION:
        raise StoreError(f"{path} has schema version {version}, this program reads {CAMPAIGN_SCHEMA_VERSION}")
    return campaign


def _episode_files(record: EpisodeRecord) -> dict[str, bytes]:
    """Every file of an episode by its path within the episode's folder."""
    events = {**record.events, "schema_version": EPISODE_SCHEMA_VERSION, "outcome": record.outcome}
    files = {
        "spec.json": json_bytes(record.spec),
        "ticks.parquet": parquet_bytes(record.ticks, EPISODE_SCHEMA_VERSION),
        "timings.parquet": parquet_bytes(record.timings, EPISODE_SCHEMA_VERSION),
        "events.json": json_bytes(events),
    }
    if record.monitor_inputs is not None:
        files["monitor_inputs.parquet"] = parquet_bytes(record.monitor_inputs, EPISODE_SCHEMA_VERSION)
    attempts = []
    for attempt in record.attempts:
        described = {key: value for key, value in attempt.items() if key != "server_log"}
        if attempt.get("server_log"):
            name = f"logs/attempt_{attempt['attempt']}.log"
            files[name] = str(attempt["server_log"]).encode()
            described["log"] = name
        attempts.append(described)
    files["attempts.json"] = json_bytes({"schema_version": EPISODE_SCHEMA_VERSION, "attempts": attempts})
    files.update({f"clips/{name}": content for name, content in record.clips.items()})
    return files


def _lock(folder: Path) -> IO[bytes]:
    lock = (folder / ".lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise StoreError(f"{folder} is in use by another run; wait for it or stop it first") from error
    return lock
