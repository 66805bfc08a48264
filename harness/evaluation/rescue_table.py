"""``rescue.parquet``: the rescue map of a campaign, one row per shadow departure (PROTOCOL §6.2)."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.results.files import parquet_bytes, replace_atomically
from harness.results.store import StoreError

RESCUE_FILE = "rescue.parquet"
RESCUE_SCHEMA_VERSION = 1

_TICKS, _FLAGS = pa.list_(pa.int32()), pa.list_(pa.bool_())
_COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("episode_id", "map_id", "reason"), pa.string()),
    "tick_s": pa.float64(),
    **dict.fromkeys(("onset_tick", "last_safe_tick"), pa.int32()),
    "replay_error_m": pa.float64(),
    "rescued_ticks": pa.int32(),
    "probe_ticks": _TICKS,
    "probe_saved": _FLAGS,
    "grid_ticks": _TICKS,
    "grid_saved": _FLAGS,
    "check_tick": pa.int32(),
    "check_saved": pa.bool_(),
}


class RescueTableError(StoreError):
    """A rescue map cannot be read."""


@dataclass(frozen=True)
class RescueRow:
    """One shadow departure.

    Attributes:
        episode_id: the shadow run.
        map_id: hash of the takeover driver's settings and the version of the search.
        reason: why nothing is known of this departure; empty when the row holds.
        tick_s: simulation step.
        onset_tick: τ, first tick of the departure.
        last_safe_tick: t*; None: unsavable within 10 s, or unknown (``reason``).
        replay_error_m: largest distance of the replay from the record; None where it was never driven.
        rescued_ticks: length of the run when handed over at t*; None without t*.
        probe_ticks, probe_saved: handovers that were tried, in that order, and what came of them.
        grid_ticks, grid_saved: the dense grid that checks monotonicity; empty where it was not driven.
        check_tick, check_saved: a takeover that was really driven; None where there was none, or the clock cut it off.
    """

    episode_id: str
    map_id: str
    reason: str
    tick_s: float
    onset_tick: int
    last_safe_tick: int | None = None
    replay_error_m: float | None = None
    rescued_ticks: int | None = None
    probe_ticks: tuple[int, ...] = ()
    probe_saved: tuple[bool, ...] = ()
    grid_ticks: tuple[int, ...] = ()
    grid_saved: tuple[bool, ...] = ()
    check_tick: int | None = None
    check_saved: bool | None = None

    @property
    def known(self) -> bool:
        """The map says whether and until when this departure could be prevented."""
        return not self.reason

    @property
    def onset_s(self) -> float:
        """τ, s."""
        return self.onset_tick * self.tick_s

    @property
    def t_star_s(self) -> float | None:
        """t*, s."""
        return None if self.last_safe_tick is None else self.last_safe_tick * self.tick_s

    @property
    def k_star_s(self) -> float | None:
        """τ − t*: how long before the departure the hands must be on the wheel at the latest, s."""
        return None if self.last_safe_tick is None else (self.onset_tick - self.last_safe_tick) * self.tick_s

    def saves(self, handover_tick: int) -> bool:
        """Whether the map says that a handover at this tick prevents the departure."""
        return self.last_safe_tick is not None and handover_tick <= self.last_safe_tick

    @property
    def monotone(self) -> bool | None:
        """Every handover of the dense grid ended as t* says; None where there is no grid."""
        if not self.grid_ticks or not self.known:
            return None
        return all(self.saves(tick) == saved for tick, saved in zip(self.grid_ticks, self.grid_saved, strict=True))


def savable_by_id(rows: Sequence[RescueRow]) -> dict[str, bool] | None:
    """episode_id -> whether any takeover prevents its departure, where that is known; None without a map."""
    return {row.episode_id: row.last_safe_tick is not None for row in rows if row.known} if rows else None


def write_rescue_table(folder: Path, rows: Iterable[RescueRow]) -> Path:
    """Replace a campaign's rescue map in one step.

    Returns:
        Its path.
    """
    plain = [dataclasses.asdict(row) for row in rows]
    table = pa.Table.from_pylist(plain, schema=pa.schema(list(_COLUMNS.items())))
    path = folder / RESCUE_FILE
    replace_atomically(path, parquet_bytes(table, RESCUE_SCHEMA_VERSION))
    return path


def read_rescue_table(folder: Path) -> list[RescueRow]:
    """The rescue map of a campaign; empty where none was made.

    Raises:
        RescueTableError: the file is damaged or was written by another version.
    """
    path = folder / RESCUE_FILE
    if not path.exists():
        return []
    try:
        table = pq.read_table(io.BytesIO(path.read_bytes()))
    except pa.ArrowInvalid as error:
        raise RescueTableError(f"{path} is damaged ({error}): delete it and map the campaign again") from error
    version = (table.schema.metadata or {}).get(b"schema_version", b"none").decode()
    if version != str(RESCUE_SCHEMA_VERSION):
        raise RescueTableError(
            f"{path} has schema version {version}, this program reads {RESCUE_SCHEMA_VERSION}: "
            "delete it and map the campaign again"
        )
    return [_row(plain) for plain in table.to_pylist()]


def _row(plain: dict[str, Any]) -> RescueRow:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return RescueRow(**values)
