"""The table of episodes agrees with the records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from harness.results.episodes_table import write_episodes_table
from harness.results.reader import read_campaign
from harness.results.store import CampaignStore
from tests.harness.results.records import record


def with_column(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    position = table.schema.get_field_index(name)
    return table.set_column(position, table.schema.field(name), pa.array(values, type=table.schema.field(name).type))


def test_one_row_per_episode_with_nulls_for_what_is_unknown(tmp_path: Path) -> None:
    driven = record("e1", rows=40)
    ticks = with_column(driven.ticks, "takeover", np.arange(40) >= 30)
    ticks = with_column(ticks, "lateral_offset_m", np.linspace(-1.5, 1.0, 40))
    ticks = with_column(ticks, "swa_agent_deg", np.full(40, 7.0))
    ticks = with_column(ticks, "swa_label_deg", np.full(40, 9.5))
    departure = {"grade": "G0", "onset_s": 1.25, "end_s": 2.0, "onset_route_s_m": 14.0}
    later = {**departure, "grade": "G1", "onset_s": 1.5}
    with CampaignStore.create(tmp_path / "campaign") as store:
        store.write_campaign({"episode_ids": ["e1", "e2"]})
        store.add_episode(record("e1", ticks=ticks, events={**driven.events, "departures": [later, departure]}))
        store.add_episode(record("e2", rows=0, outcome="infrastructure_error", events={"message": "no server"}))
    path = write_episodes_table(store.folder, read_campaign(store.folder)[1])
    table = pd.read_parquet(path)
    one, two = (table.iloc[k] for k in range(2))
    assert list(table["episode_id"]) == ["e1", "e2"]
    assert one["ticks"] == 40 and one["duration_s"] == pytest.approx(2.0) and one["distance_m"] == 33.5
    assert one["departures"] == 2 and one["first_departure_grade"] == "G0"
    assert one["first_departure_onset_s"] == 1.25
    assert one["takeover_time_s"] == pytest.approx(0.5)
    assert one["maximum_lateral_offset_m"] == pytest.approx(1.5)
    assert one["mean_swa_error_deg"] == pytest.approx(2.5)
    assert two["outcome"] == "infrastructure_error" and two["message"] == "no server"
    assert two[["duration_s", "departures", "mean_speed_mps", "takeover_time_s"]].isna().all()


def test_the_same_records_give_the_same_file(tmp_path: Path) -> None:
    with CampaignStore.create(tmp_path / "campaign") as store:
        store.write_campaign({"episode_ids": ["e1"]})
        store.add_episode(record("e1"))
    first = write_episodes_table(store.folder, read_campaign(store.folder)[1]).read_bytes()
    second = write_episodes_table(store.folder, read_campaign(store.folder)[1]).read_bytes()
    assert first == second
