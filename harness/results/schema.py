"""The record of one episode: which columns its tables hold, of which type, under which version.

The columns are those of docs/architecture.md §5. Bump a version when a column or key changes its name or
meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

import pyarrow as pa

CAMPAIGN_SCHEMA_VERSION = 1
EPISODE_SCHEMA_VERSION = 1
INDEX_SCHEMA_VERSION = 1
EPISODES_TABLE_SCHEMA_VERSION = 1

Outcome = Literal["completed", "agent_error", "infrastructure_error", "invalid"]
OUTCOMES: tuple[str, ...] = get_args(Outcome)

TICK_COLUMNS: dict[str, pa.DataType] = {
    "tick": pa.int32(),
    "time_s": pa.float64(),
    **dict.fromkeys(("x_m", "y_m", "z_m", "yaw_deg"), pa.float64()),
    **dict.fromkeys(("speed_mps", "yaw_rate_dps", "lateral_acceleration_mps2"), pa.float32()),
    "route_s_m": pa.float64(),
    **dict.fromkeys(("lateral_offset_m", "heading_error_deg", "lane_width_m", "lane_margin_m"), pa.float32()),
    **dict.fromkeys(("curvature_1pm", "curvature_ahead_1pm"), pa.float32()),
    **dict.fromkeys(("off_road", "odd_mask", "collision"), pa.bool_()),
    **dict.fromkeys(("swa_agent_deg", "swa_label_deg", "swa_command_deg", "swa_actual_deg"), pa.float32()),
    "swa_second_expert_deg": pa.float32(),
    **dict.fromkeys(("throttle", "brake", "target_speed_mps"), pa.float32()),
    "takeover": pa.bool_(),
    "sensor_level": pa.float32(),
}
MONITOR_PREFIXES = ("score__", "swa_error__", "probability__")

TIMING_COLUMNS: dict[str, pa.DataType] = {
    "tick": pa.int32(),
    **dict.fromkeys(("simulator_ms", "sensor_ms", "agent_ms", "label_ms", "record_ms"), pa.float32()),
}
MONITOR_TIMING_PREFIX = "monitor_ms__"


class SchemaError(ValueError):
    """A record does not have the columns or types of this schema version."""


@dataclass(frozen=True)
class EpisodeRecord:
    """Everything one finished episode leaves; plain data, so that it travels between processes.

    Attributes:
        episode_id: hash of the whole spec.
        spec: the resolved episode spec as JSON values.
        outcome: one of ``OUTCOMES``.
        ticks: the tick table, one row per tick; without rows for an ``infrastructure_error``.
        timings: wall-clock figures of the same ticks, kept apart because no two runs share them.
        events: departures, takeovers, collisions … as JSON values.
        clips: file name -> MP4 bytes.
        monitor_inputs: what learned monitors look at (`harness.simulation.monitor_inputs`), None where not kept.
        attempts: one dict per try: ``attempt`` (from 1), ``error`` (null when it succeeded), ``server_log``.
    """

    episode_id: str
    spec: dict[str, Any]
    outcome: str
    ticks: pa.Table
    timings: pa.Table
    events: dict[str, Any]
    clips: dict[str, bytes] = field(default_factory=dict)
    monitor_inputs: pa.Table | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travels with its tables as Arrow streams: a tenth of the time that it takes column by column."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        streams = {name: _stream(values.pop(name)) for name in ("ticks", "timings", "monitor_inputs")}
        return _arrived, (values, streams)


def _stream(table: pa.Table | None) -> pa.Buffer | None:
    if table is None:
        return None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _arrived(values: dict[str, Any], streams: dict[str, pa.Buffer | None]) -> EpisodeRecord:
    tables: dict[str, Any] = {
        name: None if stream is None else pa.ipc.open_stream(stream).read_all() for name, stream in streams.items()
    }
    return EpisodeRecord(**values, **tables)


def tick_schema(monitors: Sequence[str] = ()) -> pa.Schema:
    """Columns of the tick table when ``monitors`` watch."""
    names = [f"{prefix}{monitor}" for monitor in monitors for prefix in MONITOR_PREFIXES]
    return pa.schema([*TICK_COLUMNS.items(), *((name, pa.float32()) for name in names)])


def timing_schema(monitors: Sequence[str] = ()) -> pa.Schema:
    """Columns of the timing table when ``monitors`` watch."""
    names = [f"{MONITOR_TIMING_PREFIX}{monitor}" for monitor in monitors]
    return pa.schema([*TIMING_COLUMNS.items(), *((name, pa.float32()) for name in names)])


def with_standard_columns(record: EpisodeRecord) -> EpisodeRecord:
    """The record with the standard columns where an episode ended before its first row named any."""
    ticks = record.ticks if record.ticks.num_columns else tick_schema().empty_table()
    timings = record.timings if record.timings.num_columns else timing_schema().empty_table()
    return replace(record, ticks=ticks, timings=timings)


def check_record(record: EpisodeRecord) -> None:
    """Refuse a record that a reader could not understand.

    Raises:
        SchemaError: unknown outcome, a missing, unknown or wrongly typed column, tables of different
            length, or no rows where there must be some.
    """
    where = f"episode {record.episode_id}"
    if record.outcome not in OUTCOMES:
        raise SchemaError(f"{where}: outcome {record.outcome!r} is none of {', '.join(OUTCOMES)}")
    _check_columns(where, "ticks", record.ticks.schema, TICK_COLUMNS, MONITOR_PREFIXES)
    _check_columns(where, "timings", record.timings.schema, TIMING_COLUMNS, (MONITOR_TIMING_PREFIX,))
    if record.ticks.num_rows != record.timings.num_rows:
        raise SchemaError(f"{where}: {record.ticks.num_rows} ticks but {record.timings.num_rows} timings")
    if record.outcome == "completed" and record.ticks.num_rows == 0:
        raise SchemaError(f"{where}: completed without a single tick")
    for name in record.clips:
        if name != name.strip() or not name or "/" in name or name.startswith("."):
            raise SchemaError(f"{where}: {name!r} is not a plain file name for a clip")


def _check_columns(
    where: str, table: str, schema: pa.Schema, columns: dict[str, pa.DataType], prefixes: tuple[str, ...]
) -> None:
    present = {column.name: column.type for column in schema}
    missing = [name for name in columns if name not in present]
    unknown = [name for name in present if name not in columns and not name.startswith(prefixes)]
    if missing or unknown:
        raise SchemaError(
            f"{where}: {table} lacks columns {missing} and has unknown columns {unknown}; see docs/architecture.md §5"
        )
    for name, kind in present.items():
        expected = columns.get(name, pa.float32())
        if kind != expected:
            raise SchemaError(f"{where}: {table} column {name} is {kind}, expected {expected}")
