"""``episodes.parquet``: one row per episode, for whoever opens a campaign in pandas or a spreadsheet.

Derived from the records and rebuilt at will; nothing reads it to judge a campaign.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from harness.evaluation.episode_data import EpisodeData
from harness.results.files import parquet_bytes, replace_atomically
from harness.results.schema import EPISODES_TABLE_SCHEMA_VERSION

EPISODES_TABLE_FILE = "episodes.parquet"

_COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("episode_id", "pair_id", "world_id", "road", "condition", "mode"), pa.string()),
    **dict.fromkeys(("outcome", "end_reason", "message"), pa.string()),
    "ticks": pa.int64(),
    **dict.fromkeys(("duration_s", "distance_m", "mean_speed_mps"), pa.float64()),
    "departures": pa.int64(),
    "first_departure_grade": pa.string(),
    **dict.fromkeys(("first_departure_onset_s", "first_departure_route_s_m"), pa.float64()),
    **dict.fromkeys(("collisions", "takeovers"), pa.int64()),
    **dict.fromkeys(("takeover_time_s", "minimum_lane_margin_m", "maximum_lateral_offset_m"), pa.float64()),
    "mean_swa_error_deg": pa.float64(),
}


def episode_row(episode: EpisodeData) -> dict[str, Any]:
    """The row of one episode; what it cannot know (no tick, no departure) is None."""
    events, ticks = episode.events, episode.ticks
    departures = sorted(events.get("departures") or [], key=lambda departure: departure["onset_s"])
    first = departures[0] if departures else {}
    empty = len(ticks) == 0
    return {
        "episode_id": episode.episode_id,
        "pair_id": episode.pair_id,
        "world_id": episode.world_id,
        "road": episode.road,
        "condition": episode.condition,
        "mode": episode.mode,
        "outcome": episode.outcome,
        "end_reason": events.get("end_reason"),
        "message": events.get("message"),
        "ticks": len(ticks),
        "duration_s": None if empty else episode.duration_s,
        "distance_m": None if empty else episode.distance_m,
        "mean_speed_mps": None if empty else float(ticks["speed_mps"].mean()),
        "departures": None if empty else len(departures),
        "first_departure_grade": first.get("grade"),
        "first_departure_onset_s": first.get("onset_s"),
        "first_departure_route_s_m": first.get("onset_route_s_m"),
        "collisions": None if empty else len(events.get("collisions") or []),
        "takeovers": None if empty else len(events.get("takeovers") or []),
        "takeover_time_s": None if empty else float(ticks["takeover"].sum()) * episode.tick_s,
        "minimum_lane_margin_m": None if empty else float(ticks["lane_margin_m"].min()),
        "maximum_lateral_offset_m": None if empty else float(ticks["lateral_offset_m"].abs().max()),
        "mean_swa_error_deg": None if empty else _mean_swa_error_deg(episode),
    }


def write_episodes_table(folder: Path, episodes: Iterable[EpisodeData]) -> Path:
    """Write ``episodes.parquet`` into a campaign's folder.

    Returns:
        Its path.
    """
    rows = [episode_row(episode) for episode in episodes]
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(_COLUMNS.items())))
    path = folder / EPISODES_TABLE_FILE
    replace_atomically(path, parquet_bytes(table, EPISODES_TABLE_SCHEMA_VERSION))
    return path


def _mean_swa_error_deg(episode: EpisodeData) -> float | None:
    """Mean of |agent − label expert| over the ticks on which the agent gave a steering angle."""
    error = np.abs(episode.column("swa_agent_deg") - episode.column("swa_label_deg")).astype(np.float64)
    return float(np.nanmean(error)) if np.isfinite(error).any() else None
