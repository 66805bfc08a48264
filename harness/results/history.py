"""What ran on this results folder, night after night: a small SQLite catalogue beside the campaigns.

The catalogue can be made again from the campaigns at any time, except for its tags and the rows of campaigns that were
pruned: of those it keeps the figures. A tag such as ``last-good`` names one campaign of each campaign name and tier.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from harness.results.files import sha256_of
from harness.results.index import read_index
from harness.results.store import CAMPAIGN_FILE, INDEX_FILE, CampaignStore, StoreError, read_campaign_json, verify

HISTORY_FILE = "history.sqlite"
HISTORY_SCHEMA_VERSION = 2  # 2: tiers
DEFAULT_RESULTS = Path("results")
LAST_GOOD = "last-good"
_TABLES = """
CREATE TABLE IF NOT EXISTS campaigns (
    folder TEXT PRIMARY KEY, name TEXT NOT NULL, campaign_id TEXT NOT NULL, created_at TEXT NOT NULL,
    status TEXT NOT NULL, simulator TEXT NOT NULL, git_commit TEXT, verdict TEXT, episodes INTEGER NOT NULL,
    departures INTEGER, index_sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL, is_pruned INTEGER NOT NULL,
    tier TEXT);
CREATE TABLE IF NOT EXISTS tags (
    tag TEXT NOT NULL, name TEXT NOT NULL, folder TEXT NOT NULL REFERENCES campaigns, PRIMARY KEY (tag, name));
"""
_TO_VERSION_2 = "ALTER TABLE campaigns ADD COLUMN tier TEXT"


class HistoryError(StoreError):
    """The catalogue cannot answer; the message says what to do."""


@dataclass(frozen=True)
class PastCampaign:
    """One row of the catalogue.

    Attributes:
        folder: relative to the results folder. name, campaign_id, created_at, status: of ``campaign.json``.
        simulator: name and version. git_commit: of the program; None outside a repository.
        verdict: of ``summary.json``; None before there is one. episodes: with a record.
        departures: of ``summary.json``; None before there is one.
        index_sha256: of ``index.jsonl``, which holds the hash of every stored file.
        size_bytes: of all stored files. is_pruned: the folder was removed, the figures stay.
        tier: which of the scenario's sizes ran; None where it has none.
    """

    folder: str
    name: str
    campaign_id: str
    created_at: str
    status: str
    simulator: str
    git_commit: str | None
    verdict: str | None
    episodes: int
    departures: int | None
    index_sha256: str
    size_bytes: int
    is_pruned: bool
    tier: str | None = None

    @property
    def series(self) -> str:
        """Campaigns that follow one another: those of one name and tier."""
        return series_of(self.name, self.tier)


def series_of(name: str, tier: str | None) -> str:
    """How tags name the campaigns of a name and tier."""
    return name if tier is None else f"{name}/{tier}"


class History:
    """The catalogue of one results folder."""

    def __init__(self, results: Path) -> None:
        """``results``: the folder that holds campaigns, at any depth; made if missing."""
        self.results = results.resolve()

    @staticmethod
    def over(folder: Path, default: Path = DEFAULT_RESULTS) -> History | None:
        """The catalogue that lists a campaign's folder: the nearest one above it, or that of ``default``.

        None where there is neither: a folder elsewhere is entered where a person says so.
        """
        parents = folder.resolve().parents
        for parent in parents:
            if (parent / HISTORY_FILE).exists():
                return History(parent)
        return History(default) if default.resolve() in parents else None

    def record(self, folder: Path, summary: dict[str, Any] | None) -> PastCampaign:
        """Enter a campaign, or bring its row up to date.

        Args:
            folder: of the campaign, within the results folder. summary: content of its ``summary.json`` if there is.

        Raises:
            HistoryError: the folder lies elsewhere. StoreError: it holds no campaign.
        """
        campaign, counts = read_campaign_json(folder), (summary or {}).get("counts") or {}
        simulator = campaign.get("simulator") or {}
        row = PastCampaign(
            folder=self._relative(folder),
            name=campaign["name"],
            campaign_id=campaign["campaign_id"],
            created_at=campaign["created_at"],
            status=campaign["status"],
            simulator=f"{simulator.get('name')} {simulator.get('version')}",
            git_commit=(campaign.get("provenance") or {}).get("git_commit"),
            verdict=((summary or {}).get("verdict") or {}).get("status"),
            episodes=len(read_index(folder / INDEX_FILE)),
            departures=counts.get("departures"),
            index_sha256=_index_hash(folder),
            size_bytes=_stored_bytes(folder),
            is_pruned=False,
            tier=campaign.get("tier"),
        )
        columns = [field.name for field in fields(PastCampaign)]
        with self._database() as database:
            database.execute(
                f"INSERT OR REPLACE INTO campaigns ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                [getattr(row, column) for column in columns],
            )
        return row

    def campaigns(self, name: str | None = None) -> list[PastCampaign]:
        """All campaigns, or those of one name, oldest first."""
        columns = ", ".join(field.name for field in fields(PastCampaign))
        query = f"SELECT {columns} FROM campaigns WHERE ?1 IS NULL OR name = ?1 ORDER BY created_at, folder"
        with self._database() as database:
            rows = database.execute(query, [name]).fetchall()
        return [PastCampaign(*[*row[:-2], bool(row[-2]), row[-1]]) for row in rows]

    def folders(self) -> list[Path]:
        """Of every campaign that is still there, oldest first."""
        listed = [self.results / row.folder for row in self.campaigns() if not row.is_pruned]
        return [folder for folder in listed if (folder / CAMPAIGN_FILE).exists()]

    def refresh(self) -> None:
        """Bring sizes and index hashes up to date after files were dropped on purpose."""
        sizes = [(_index_hash(folder), _stored_bytes(folder), self._relative(folder)) for folder in self.folders()]
        with self._database() as database:
            database.executemany("UPDATE campaigns SET index_sha256 = ?, size_bytes = ? WHERE folder = ?", sizes)

    def tag(self, tag: str, folder: Path) -> None:
        """Let ``tag`` name this campaign among those of its name and tier, instead of the one it named before.

        Raises:
            HistoryError: the campaign is not in the catalogue, or not complete.
        """
        row = self.row(folder)
        if row.status != "complete":
            raise HistoryError(f"{folder} is {row.status}: finish it with --resume before others are compared with it")
        with self._database() as database:
            database.execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", [tag, row.series, row.folder])

    def tags(self) -> dict[tuple[str, str], str]:
        """(tag, series) -> folder, relative to the results folder."""
        with self._database() as database:
            return {(tag, name): folder for tag, name, folder in database.execute("SELECT tag, name, folder FROM tags")}

    def tagged(self, tag: str, name: str, tier: str | None = None) -> Path:
        """The campaign of this name and tier that ``tag`` names.

        Raises:
            HistoryError: there is none.
        """
        folder = self.tags().get((tag, series_of(name, tier)))
        if folder is None:
            raise HistoryError(
                f"no campaign {series_of(name, tier)!r} is tagged {tag!r} in {self.results}: choose a good one of "
                f"`python -m harness.results --results {self.results} list` and name it with "
                f"`python -m harness.results --results {self.results} tag DIR --tag {tag}`"
            )
        return self.results / folder

    def verify(self) -> list[str]:
        """Every stored file of every campaign against its hash, and every index against the catalogue.

        Returns:
            One sentence per problem; empty when all is well.
        """
        problems = []
        for row in self.campaigns():
            folder = self.results / row.folder
            if row.is_pruned:
                continue
            if not (folder / CAMPAIGN_FILE).exists():
                problems.append(f"{row.folder}: the folder is gone")
                continue
            if _index_hash(folder) != row.index_sha256:
                problems.append(
                    f"{row.folder}: {INDEX_FILE} is not the one in the catalogue; record it again if it grew"
                )
            problems += [f"{row.folder}: {problem}" for problem in verify(folder)]
        return problems

    def to_prune(self, keep: int) -> list[PastCampaign]:
        """Campaigns older than the newest ``keep`` of their name and tier; never a tagged one."""
        tagged = set(self.tags().values())
        seen: dict[str, int] = {}
        old = []
        for row in reversed([row for row in self.campaigns() if not row.is_pruned]):
            seen[row.series] = seen.get(row.series, 0) + 1
            if seen[row.series] > keep and row.folder not in tagged:
                old.append(row)
        return old[::-1]

    def prune(self, row: PastCampaign) -> None:
        """Remove a campaign's folder with all its records; its row stays.

        Raises:
            StoreError: a run writes to it now, or it is gone.
        """
        folder = self.results / row.folder
        with CampaignStore.open(folder):  # nobody else writes to it
            shutil.rmtree(folder)
        with self._database() as database:
            database.execute("UPDATE campaigns SET is_pruned = 1 WHERE folder = ?", [row.folder])

    def row(self, folder: Path) -> PastCampaign:
        """The row of a campaign that was not pruned.

        Raises:
            HistoryError: there is none.
        """
        relative = self._relative(folder)
        for row in self.campaigns():
            if row.folder == relative and not row.is_pruned:
                return row
        raise HistoryError(
            f"{folder} is not in the catalogue: enter it with `python -m harness.results record {folder}`"
        )

    def _relative(self, folder: Path) -> str:
        try:
            return folder.resolve().relative_to(self.results).as_posix()
        except ValueError:
            raise HistoryError(f"{folder} lies outside {self.results}: its catalogue lists campaigns within") from None

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        self.results.mkdir(parents=True, exist_ok=True)
        path = self.results / HISTORY_FILE
        try:
            with self._connection(path) as database:
                yield database
        except sqlite3.Error as error:
            raise HistoryError(
                f"{path}: {error}; move a damaged catalogue away and enter its campaigns again with "
                f"`python -m harness.results --results {self.results} record DIR`"
            ) from error

    @contextlib.contextmanager
    def _connection(self, path: Path) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(path, timeout=30.0)) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, 1, HISTORY_SCHEMA_VERSION):
                raise HistoryError(
                    f"{HISTORY_FILE} has schema version {version}, this program reads 1 and {HISTORY_SCHEMA_VERSION}"
                )
            with database:
                database.executescript(_TABLES)
                if version == 1:
                    database.execute(_TO_VERSION_2)
                database.execute(f"PRAGMA user_version = {HISTORY_SCHEMA_VERSION}")
            with database:
                yield database


def enter_campaign(folder: Path, summary: dict[str, Any] | None) -> None:
    """Enter a campaign into the catalogue that lists its folder, if there is one; see `History.over`.

    Raises:
        HistoryError: the catalogue does not take it. StoreError: the folder holds no campaign.
    """
    history = History.over(folder)
    if history is not None:
        history.record(folder, summary)


def _stored_bytes(folder: Path) -> int:
    entries = read_index(folder / INDEX_FILE).values()
    return sum(file.size_bytes for entry in entries for file in entry.files)


def _index_hash(folder: Path) -> str:
    path = folder / INDEX_FILE
    return sha256_of(path.read_bytes() if path.exists() else b"")
