"""Episode records for the tests of this folder, filled with plain arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from harness.results.schema import EpisodeRecord, tick_schema, timing_schema

MONITOR = "student"


def table(schema: pa.Schema, rows: int) -> pa.Table:
    """A table of ``rows`` rows whose values follow from row and column number."""
    columns = []
    for position, column in enumerate(schema):
        values = np.arange(rows) * 0.5 + position
        if pa.types.is_boolean(column.type):
            values = values.astype(int) % 2 == 1
        columns.append(pa.array(values.astype(column.type.to_pandas_dtype())))
    return pa.table(columns, schema=schema)


def record(episode_id: str = "e1", rows: int = 40, outcome: str = "completed", **changes: Any) -> EpisodeRecord:
    """One valid episode record."""
    values: dict[str, Any] = {
        "episode_id": episode_id,
        "spec": {
            "episode_id": episode_id,
            "pair_id": "p1",
            "world_id": "w1",
            "mode": "shadow",
            "tick_s": 0.05,
            "road": "bend_50",
            "condition": "ideal",
        },
        "outcome": outcome,
        "ticks": table(tick_schema([MONITOR]), rows),
        "timings": table(timing_schema([MONITOR]), rows),
        "events": {"end_reason": "duration", "message": None, "departures": [], "distance_m": 33.5},
        "clips": {"departure_1.mp4": b"not really a film"},
        "attempts": [{"attempt": 1, "error": None, "server_log": "ready\n"}],
    }
    return EpisodeRecord(**{**values, **changes})
