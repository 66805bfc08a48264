"""Keeps results below a size: monitor inputs are dropped first, then clips, the oldest first; records never.

What is dropped leaves the index too, so that `verify` finds nothing missing and a resume runs nothing again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.results.history import History
from harness.results.index import IndexEntry, StoredFile, read_index
from harness.results.store import INDEX_FILE, CampaignStore, StoreError, read_campaign_json

GB = 10**9
ROOM_AFTERWARDS = 0.9
"""Share of the budget that is left filled, so that the next episode does not find it full again."""

RETRY_AFTER_GROWTH = 1.02


@dataclass(frozen=True)
class _Spare:
    """A file that can be dropped, in the order of dropping: kind, age of its campaign, place in its index."""

    rank: tuple[int, str, str, int]
    folder: Path
    entry: IndexEntry
    file: StoredFile


@dataclass(frozen=True)
class Dropped:
    """What was dropped, or would be.

    Attributes:
        monitor_inputs, clips: numbers of files. freed_bytes: by both. kept_bytes: what is left in all campaigns.
    """

    monitor_inputs: int
    clips: int
    freed_bytes: int
    kept_bytes: int


class DiskBudget:
    """The budget of one campaign and of all that its catalogue lists."""

    def __init__(self, limit_bytes: int, store: CampaignStore) -> None:
        """``store``: of the running campaign, open for writing; it keeps its lock."""
        self._limit_bytes = limit_bytes
        self._trim_above_bytes = limit_bytes
        self._store = store
        self._history = History.over(store.folder)
        self._used_bytes = sum(_size(read_index(folder / INDEX_FILE).values()) for folder in self._folders())

    def added(self, entry: IndexEntry) -> Dropped | None:
        """An episode was stored; makes room where it crossed the budget. None if nothing had to go.

        Raises:
            StorageError: the disk does not take the new index.
        """
        self._used_bytes += _size([entry])
        if self._used_bytes <= self._trim_above_bytes:
            return None
        dropped = trim(self._folders(), self._limit_bytes, {self._store.folder: self._store})
        self._used_bytes = dropped.kept_bytes
        # Where records alone are too much, looking through everything after each episode would find nothing again.
        self._trim_above_bytes = max(self._limit_bytes, round(self._used_bytes * RETRY_AFTER_GROWTH))
        if self._history is not None:
            self._history.refresh()
        return dropped if dropped.freed_bytes else None

    @property
    def is_exceeded(self) -> bool:
        """True where the records alone are larger than the budget."""
        return self._used_bytes > self._limit_bytes

    def _folders(self) -> list[Path]:
        listed = [] if self._history is None else self._history.folders()
        return list(dict.fromkeys([*listed, self._store.folder.resolve()]))


def trim(
    folders: Sequence[Path],
    limit_bytes: int,
    open_stores: Mapping[Path, CampaignStore] | None = None,
    remove: bool = True,
) -> Dropped:
    """Bring campaigns below a size, if they are above it.

    Args:
        folders: of the campaigns. limit_bytes: for all stored files of all of them.
        open_stores: those of them that this process writes to; those that others write to are left alone.
        remove: otherwise only say what would go.

    Raises:
        StorageError: the disk does not take a new index.
    """
    entries = {folder: read_index(folder / INDEX_FILE) for folder in folders}
    kept_bytes = sum(_size(each.values()) for each in entries.values())
    chosen: list[_Spare] = []
    if kept_bytes > limit_bytes:
        with contextlib.ExitStack() as held:
            opened = {path.resolve(): store for path, store in (open_stores or {}).items()}
            stores = {folder: opened.get(folder.resolve()) or _writable(folder, held) for folder in folders}
            for spare in sorted(_spares(entries), key=lambda spare: spare.rank):
                if kept_bytes <= limit_bytes * ROOM_AFTERWARDS:
                    break
                if stores[spare.folder] is not None:
                    chosen.append(spare)
                    kept_bytes -= spare.file.size_bytes
            if remove:
                _drop(chosen, stores)
    clips = sum(spare.rank[0] for spare in chosen)
    freed_bytes = sum(spare.file.size_bytes for spare in chosen)
    return Dropped(len(chosen) - clips, clips, freed_bytes, kept_bytes)


def _spares(entries: Mapping[Path, Mapping[str, IndexEntry]]) -> Iterator[_Spare]:
    for folder, each in entries.items():
        created_at = str(read_campaign_json(folder).get("created_at") or "")
        for position, entry in enumerate(each.values()):
            for file in entry.files:
                kind = _kind(file)
                if kind is not None:
                    yield _Spare((kind, created_at, folder.as_posix(), position), folder, entry, file)


def _kind(file: StoredFile) -> int | None:
    """0 for monitor inputs, 1 for clips; None for what belongs to the record."""
    _episodes, _episode, *rest = file.path.split("/")
    if rest == ["monitor_inputs.parquet"]:
        return 0
    return 1 if len(rest) == 2 and rest[0] == "clips" else None


def _drop(chosen: Sequence[_Spare], stores: Mapping[Path, CampaignStore | None]) -> None:
    by_store: dict[Path, dict[str, list[StoredFile]]] = {}
    for spare in chosen:
        by_store.setdefault(spare.folder, {}).setdefault(spare.entry.episode_id, []).append(spare.file)
    for folder, files in by_store.items():
        store = stores[folder]
        assert store is not None
        store.drop_files(files)


def _writable(folder: Path, held: contextlib.ExitStack) -> CampaignStore | None:
    try:
        return held.enter_context(CampaignStore.open(folder))
    except StoreError:  # another run writes to it
        return None


def _size(entries: Iterable[IndexEntry]) -> int:
    return sum(file.size_bytes for entry in entries for file in entry.files)
