"""Frames that are asked: of a stored campaign's shadow runs, and of collected data."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.shadow_frames import campaign_frames, collected_frames
from harness.results.schema import EpisodeRecord
from harness.results.store import CampaignStore, StoreError
from tests.agents.training.recorded_frames import frames as recorded
from tests.harness.results.records import record

TICKS, WARM_UP_TICKS = 100, 40
BLUR = {"effect": "blur"}


def run(
    name: str, effects: list[dict[str, str]] | None = None, departs_at: int | None = None, **spec: Any
) -> EpisodeRecord:
    """A run whose reference is its tick number in degrees, and whose agent steers a degree further every tenth tick."""
    plain = record(name, rows=TICKS)
    margin = np.ones(TICKS)
    if departs_at is not None:
        margin[departs_at:] = -1.0
    label = np.arange(TICKS, dtype=float)
    columns: dict[str, Any] = {
        "tick": pa.array(range(TICKS), type=pa.int32()),
        "time_s": pa.array(np.arange(TICKS) * 0.05),
        "odd_mask": pa.array(np.zeros(TICKS, dtype=bool)),
        "off_road": pa.array(np.zeros(TICKS, dtype=bool)),
        "lane_margin_m": pa.array(margin.astype(np.float32)),
        "lateral_offset_m": pa.array(np.zeros(TICKS, dtype=np.float32)),
        "swa_label_deg": pa.array(label.astype(np.float32)),
        "swa_agent_deg": pa.array((label + np.arange(TICKS) // 10).astype(np.float32)),
    }
    ticks = plain.ticks
    for column, values in columns.items():
        ticks = ticks.set_column(ticks.column_names.index(column), column, values)
    crops = [np.full((66, 200, 3), tick, dtype=np.uint8).tobytes() for tick in range(TICKS)]
    inputs = pa.table({"tick": columns["tick"], "crop": pa.array(crops, type=pa.binary(66 * 200 * 3))})
    described = {**plain.spec, "sensor": effects or [], "world_id": name, "condition": f"of_{name}", **spec}
    return dataclasses.replace(plain, ticks=ticks, monitor_inputs=inputs, spec=described)


def campaign(folder: Path, records: list[EpisodeRecord]) -> Path:
    with CampaignStore.create(folder) as store:
        store.write_campaign({"name": "small", "episode_ids": [one.episode_id for one in records]})
        for one in records:
            store.add_episode(one)
    return folder


def test_every_nth_frame_after_the_warm_up_and_before_the_departure_counts(tmp_path: Path) -> None:
    folder = campaign(tmp_path / "c", [run("a", [BLUR, {"effect": "noise"}], departs_at=80), run("b")])
    shown = campaign_frames(folder, every=15)
    ticks = [40, 55, 70, 40, 55, 70, 85]
    assert shown.crops[:, 0, 0, 0].tolist() == shown.reference_deg.tolist() == ticks
    assert shown.error_deg.tolist() == [tick // 10 for tick in ticks]
    assert shown.run.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert shown.conditions == ("of_a", "of_b")
    assert shown.artifacts == ("blur+noise", "none")
    assert shown.crops.shape == (len(ticks), 66, 200, 3)


def test_other_modes_and_worlds_where_the_expert_departs_do_not_count(tmp_path: Path) -> None:
    others = [
        run("log", mode="log"),
        run("expert_a", mode="expert", world_id="a", departs_at=60),
        run("expert_b", mode="expert", world_id="b"),
    ]
    shown = campaign_frames(campaign(tmp_path / "c", [run("a"), run("b"), *others]), every=10)
    assert shown.conditions == ("of_b",)


def test_a_run_without_a_frame_that_counts_is_no_run(tmp_path: Path) -> None:
    records = [run("a", departs_at=WARM_UP_TICKS - 10), run("b")]
    shown = campaign_frames(campaign(tmp_path / "c", records), every=10)
    assert shown.conditions == ("of_b",) and set(shown.run) == {0}
    with pytest.raises(StoreError, match="no shadow run"):
        campaign_frames(campaign(tmp_path / "d", records[:1]), every=10)


def test_collected_rows_keep_their_episode() -> None:
    collected = recorded(
        [3, 3, 3],
        {"swa_agent_deg": np.arange(9) + 2.0, "swa_label_deg": np.arange(9)},
        sensors=[[BLUR], [], [BLUR]],
    )
    for k, spec in enumerate(collected.specs):
        spec["condition"] = f"c{k}"
    shown = collected_frames(collected, np.array([1, 2, 7]))
    assert shown.run.tolist() == [0, 0, 1]
    assert shown.conditions == ("c0", "c2") and shown.artifacts == ("blur", "blur")
    assert shown.error_deg.tolist() == [2.0, 2.0, 2.0] and shown.reference_deg.tolist() == [1.0, 2.0, 7.0]
