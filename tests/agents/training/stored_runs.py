"""Stored runs of a few ticks that kept what monitors look at."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from agents.pilotnet_driver import PilotNetDriver
from agents.preprocessing import Preprocessing
from agents.protocol import DrivingState
from harness.results.schema import EpisodeRecord
from harness.results.store import CampaignStore
from tests.agents.car_on_a_road import Car, road
from tests.harness.results.records import record

STATE: DrivingState = Car(road([(50, 0.0)]), 5.0).state()
TICKS = 20


def frames(seed: int) -> np.ndarray:
    """Pictures that drift, so that a monitor with a memory has something to remember."""
    rng = np.random.default_rng(seed)
    first, last = rng.integers(0, 256, (2, 90, 160, 3)).astype(np.float64)
    mix = np.linspace(0.0, 1.0, TICKS)[:, None, None, None]
    return ((1.0 - mix) * first + mix * last).astype(np.uint8)


def run_record(episode_id: str, pictures: np.ndarray, steered_deg: np.ndarray) -> EpisodeRecord:
    plain = record(episode_id, rows=TICKS)
    ticks = plain.ticks
    columns: dict[str, Any] = {
        "tick": pa.array(range(TICKS), type=pa.int32()),
        "time_s": pa.array(np.arange(TICKS) * 0.05),
        "swa_agent_deg": pa.array(steered_deg.astype(np.float32)),
        "speed_mps": pa.array(np.full(TICKS, STATE.speed_mps, dtype=np.float32)),
    }
    for name, values in columns.items():
        ticks = ticks.set_column(ticks.column_names.index(name), name, values)
    crops = [Preprocessing().crop(picture).tobytes() for picture in pictures]
    inputs = pa.table({"tick": columns["tick"], "crop": pa.array(crops, type=pa.binary(66 * 200 * 3))})
    spec = {**plain.spec, "camera": {"width_px": 160, "height_px": 90, "fov_deg": 90.0}, "pair_id": episode_id}
    return dataclasses.replace(plain, ticks=ticks, monitor_inputs=inputs, spec=spec)


def campaign(folder: Path, records: list[EpisodeRecord], **changes: Any) -> Path:
    driver = PilotNetDriver()
    described = {
        "name": "small",
        "status": "complete",
        "agent": {"name": "pilotnet", "weights_sha256": driver.weights_sha256},
        "monitors": [{"name": "student", "unit": "1", "privileged": False, "declared_latency_s": 0.0}],
        "episode_ids": [one.episode_id for one in records],
    }
    with CampaignStore.create(folder) as store:
        store.write_campaign({**described, **changes})
        for one in records:
            store.add_episode(one)
    return folder
