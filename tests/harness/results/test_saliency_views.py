"""Maps of stored runs: the same as from the picture itself, and a reason where there can be none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from agents.network_file import load_network
from agents.preprocessing import to_network_input
from agents.registry import make_agent
from agents.saliency.method import attention
from agents.saliency.methods import METHODS
from harness.results.clips import heat_over
from harness.results.index import IndexEntry
from harness.results.saliency_views import NoSaliencyError, saliency_views
from harness.results.schema import EpisodeRecord, tick_schema, timing_schema
from harness.results.store import CampaignStore

TICKS = 5


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (TICKS, 66, 200, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, crops: np.ndarray) -> tuple[Path, IndexEntry]:
    folder = tmp_path_factory.mktemp("maps") / "results"
    ticks = pa.table([pa.array(np.zeros(TICKS), column.type) for column in tick_schema()], schema=tick_schema())
    timings = pa.table([pa.array(np.zeros(TICKS), column.type) for column in timing_schema()], schema=timing_schema())
    rows = pa.array([crop.tobytes() for crop in crops], pa.binary(66 * 200 * 3))
    inputs = pa.table({"tick": pa.array(range(TICKS), pa.int32()), "crop": rows})
    record = EpisodeRecord("e" * 16, {"episode_id": "e" * 16}, "completed", ticks, timings, {}, monitor_inputs=inputs)
    with CampaignStore.create(folder) as store:
        store.write_campaign({"name": "maps"})
        return folder, store.add_episode(record)


def test_maps_are_those_of_the_network_that_drove(stored: tuple[Path, IndexEntry], crops: np.ndarray) -> None:
    driver = make_agent("pilotnet")
    agent = {"name": "pilotnet", "weights_sha256": driver.weights_sha256}
    views = saliency_views(*stored, agent, 2, ["grad_cam"])
    network = load_network(Path(driver.weights_path), "driver").network
    found = attention(METHODS["grad_cam"], network, to_network_input(crops[2:], "yuv")).maps[:, 0].detach().numpy()
    assert views["grad_cam"].shape == (TICKS - 2, 66, 200, 3)
    expected = np.stack([heat_over(crop, one) for crop, one in zip(crops[2:], found, strict=True)])
    assert np.abs(views["grad_cam"].astype(int) - expected).max() <= 1  # batches add up in another order


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        (None, "no network"),
        ({"name": "expert", "weights_sha256": None}, "no network"),
        ({"name": "pilotnet", "weights_sha256": "0" * 64}, "other ones today"),
        ({"name": "no_such_agent", "weights_sha256": "0" * 64}, "not here"),
    ],
)
def test_without_the_network_that_drove_there_is_a_reason(
    stored: tuple[Path, IndexEntry], agent: dict[str, str | None] | None, reason: str
) -> None:
    with pytest.raises(NoSaliencyError, match=reason):
        saliency_views(*stored, agent, 0, ["grad_cam"])


def test_inputs_that_were_not_kept_or_were_removed_are_named(stored: tuple[Path, IndexEntry], tmp_path: Path) -> None:
    folder, entry = stored
    agent = {"name": "pilotnet", "weights_sha256": make_agent("pilotnet").weights_sha256}
    without = IndexEntry(entry.episode_id, entry.outcome, tuple(f for f in entry.files if "inputs" not in f.path))
    with pytest.raises(NoSaliencyError, match="stored without"):
        saliency_views(folder, without, agent, 0, ["grad_cam"])
    with pytest.raises(NoSaliencyError, match="removed to save room"):
        saliency_views(tmp_path, entry, agent, 0, ["grad_cam"])
    with pytest.raises(NoSaliencyError, match="from tick 9 on"):
        saliency_views(folder, entry, agent, 9, ["grad_cam"])
