"""From ticks to shards on disk to arrays in memory, and the split by episodes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from agents.preprocessing import crop
from agents.protocol import AgentOutput, DrivingState
from agents.training.collect import CropCollector
from agents.training.dataset import COLUMNS, NoDataError, RepeatedEpisodeError, load_frames
from agents.training.model_card import trained_on
from harness.results.schema import EpisodeRecord
from harness.simulation.callback import TickView
from tests.agents.training.recorded_frames import frames


def view(tick: int, departed: bool = False) -> TickView:
    zeros = dict.fromkeys(
        ("yaw_rate_dps", "x_m", "y_m", "heading_deg", "route_s_m", "lateral_offset_m", "heading_error_deg"), 0.0
    )
    state = DrivingState(
        tick=tick,
        time_s=tick * 0.05,
        speed_mps=10.0,
        lane_width_m=3.5,
        lane_margin_m=0.5,
        curvature_1pm=0.01,
        curvature_ahead_1pm=-0.02,
        swa_actual_deg=1.0,
        swa_label_deg=30.0 + tick,
        artifact_levels={"blur": 0.25, "noise": 0.5},
        **zeros,
    )
    frame = np.random.default_rng(tick).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    return TickView(state, frame, frame, AgentOutput(28.0), {}, 28.0, False, departed)


def record(episode_id: str, outcome: str = "completed", scene_version: int | None = 1) -> EpisodeRecord:
    events = {"simulator": {"version": "0.9.16", "scene_version": scene_version}}
    return EpisodeRecord(episode_id, {"episode_id": episode_id}, outcome, pa.table({}), pa.table({}), events)


def stored(path: Path, ticks: range, outcome: str = "completed", scene_version: int | None = 1) -> Path:
    collector = CropCollector(keep_every=2)
    for tick in ticks:
        collector.on_tick(view(tick, departed=tick >= 8))
    collector.save(path, record(path.stem, outcome, scene_version))
    return path


def test_every_second_tick_is_kept_with_its_numbers(tmp_path: Path) -> None:
    loaded = load_frames([stored(tmp_path / "e1.npz", range(11))])
    assert loaded.columns["time_s"].tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert loaded.columns["swa_label_deg"].tolist() == [30.0, 32.0, 34.0, 36.0, 38.0, 40.0]
    assert loaded.columns["swa_agent_deg"].tolist() == [28.0] * 6
    assert loaded.columns["sensor_level"].tolist() == [0.5] * 6
    assert loaded.columns["curvature_ahead_1pm"][0] == np.float32(-0.02)
    assert loaded.columns["departed"].tolist() == [0.0] * 4 + [1.0] * 2
    assert loaded.columns["lane_margin_m"].tolist() == [0.5] * 6
    assert loaded.before_departure.tolist() == [True] * 4 + [False] * 2
    assert np.array_equal(loaded.crops[1], crop(view(2).frame))
    assert set(loaded.columns) == set(COLUMNS) and loaded.specs == [{"episode_id": "e1"}]
    assert [path.name for path in tmp_path.iterdir()] == ["e1.npz"]


def test_a_shard_of_an_earlier_collection_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    path = stored(tmp_path / "old.npz", range(4))
    with np.load(path) as shard:
        kept = {name: shard[name] for name in shard.files if name != "lane_margin_m"}
    np.savez(path, **kept)
    with pytest.raises(NoDataError, match=r"old\.npz was collected without lane_margin_m"):
        load_frames([path])


def test_shards_are_joined_in_order(tmp_path: Path) -> None:
    paths = [stored(tmp_path / "a.npz", range(4)), stored(tmp_path / "b.npz", range(4, 10))]
    loaded = load_frames(paths)
    assert loaded.episode.tolist() == [0, 0, 1, 1, 1] and len(loaded) == 5
    assert loaded.columns["swa_label_deg"].tolist() == [30.0, 32.0, 34.0, 36.0, 38.0]
    assert np.array_equal(loaded.crops[2], crop(view(4).frame))
    digest = hashlib.sha256()
    for part in (slice(0, 2), slice(2, 5)):
        digest.update(loaded.crops[part].tobytes() + loaded.columns["swa_label_deg"][part].tobytes())
    assert loaded.data_hash == digest.hexdigest()
    assert load_frames(paths[::-1]).data_hash != loaded.data_hash


def test_an_episode_that_comes_twice_is_refused_or_it_could_validate_what_it_fitted(tmp_path: Path) -> None:
    first, other = stored(tmp_path / "a.npz", range(4)), stored(tmp_path / "b.npz", range(4))
    (tmp_path / "again").mkdir()
    again = stored(tmp_path / "again" / "a.npz", range(6))
    with pytest.raises(RepeatedEpisodeError, match="are both episode a"):
        load_frames([first, other, again])


def test_the_card_names_the_scene_version_that_every_shard_names(tmp_path: Path) -> None:
    three = [stored(tmp_path / f"{name}.npz", range(4), scene_version=3) for name in "ab"]
    four, silent = (stored(tmp_path / f"{version}.npz", range(4), scene_version=version) for version in (4, None))
    with np.load(three[0]) as shard:
        earlier = {key: shard[key] for key in shard if key != "simulator"}
    np.savez(tmp_path / "earlier.npz", **{**earlier, "spec": np.array('{"episode_id": "earlier"}')})
    assert trained_on(load_frames(three)) == {"simulator": "embedded_carla", "scene_version": 3}
    for other in (four, silent, tmp_path / "earlier.npz"):
        assert trained_on(load_frames([*three, other]))["scene_version"] is None
    assert trained_on(load_frames([tmp_path / "earlier.npz"]))["scene_version"] is None


def test_implausible_and_empty_episodes_leave_no_shard(tmp_path: Path) -> None:
    assert not stored(tmp_path / "invalid.npz", range(10), outcome="invalid").exists()
    assert not stored(tmp_path / "empty.npz", range(0)).exists()
    with pytest.raises(NoDataError, match=r"agents\.training\.build"):
        load_frames([])


def test_the_split_is_by_whole_episodes_and_only_of_usable_rows() -> None:
    recorded = frames([20] * 40)
    usable = np.arange(len(recorded)) % 20 < 15
    fit, validation = recorded.holdout(usable, share=0.25, seed=3)
    fit_episodes, held_episodes = set(recorded.episode[fit]), set(recorded.episode[validation])
    assert not fit_episodes & held_episodes
    assert 4 <= len(held_episodes) <= 16
    assert sorted([*fit, *validation]) == np.flatnonzero(usable).tolist()
    again = recorded.holdout(usable, share=0.25, seed=3)
    assert np.array_equal(again[0], fit) and np.array_equal(again[1], validation)
    assert not np.array_equal(recorded.holdout(usable, share=0.25, seed=4)[1], validation)


@pytest.mark.parametrize("seed", range(5))
def test_few_episodes_still_leave_one_to_validate_on(seed: int) -> None:
    recorded = frames([10, 10])
    fit, validation = recorded.holdout(recorded.before_departure, share=0.01, seed=seed)
    assert len(fit) == len(validation) == 10


def test_a_single_episode_cannot_be_split() -> None:
    recorded = frames([10])
    with pytest.raises(NoDataError, match="10 frames of 1 episodes cannot be split"):
        recorded.holdout(recorded.before_departure, share=0.5, seed=0)
