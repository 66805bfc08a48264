"""Profiles beside their null, and networks stopped on the way."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from agents.network_file import load_network
from agents.saliency.gradsum import gradsum, labels_of_crop
from agents.saliency.methods import METHODS
from agents.saliency.quality.randomisation import shown_maps
from agents.training.attention_profiles import attention_profiles, per_picture_table
from agents.training.checkpoints import SHUFFLED, TRUE, Subset, checkpoint_name, spread_over, train
from agents.training.dataset import NoDataError
from agents.training.profile_chart import profile_chart
from agents.training.saliency_gate import network_inputs
from agents.weights_io import WEIGHTS_FOLDER, load_json
from tests.agents.saliency.stored_frames import stored_frames


def test_profiles_and_null_are_means_over_pictures_that_have_the_class() -> None:
    frames = stored_frames().take([0, 2])
    loaded = load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver")
    method = METHODS["visualbackprop"]
    result = attention_profiles({"driver": loaded}, frames, [method], random_networks=2, report=lambda line: None)
    labels = np.stack([labels_of_crop(one, loaded.preprocessing) for one in frames.labels])
    expected = gradsum(shown_maps(method, loaded.network, network_inputs(frames.pictures, loaded)), labels)
    found = result["networks"]["driver"]["visualbackprop"]["one_map"]
    assert found["mean"]["lane_marking"] == pytest.approx(expected["lane_marking"].mean(), rel=1e-6)
    assert found["per_picture"]["road"] == pytest.approx(expected["road"], abs=1e-3)
    assert found["mean"]["person"] is None and np.isnan(found["per_picture"]["person"]).all()
    table = per_picture_table(result)
    assert len(table) == 2 * 2 and table["person"].isna().all()
    assert table[table.reading == "one_map"]["road"].tolist() == pytest.approx(expected["road"], abs=1e-3)
    band = result["null"]["visualbackprop"]["one_map"]
    assert band["road"]["n"] == 2 and band["road"]["low"] <= band["road"]["mean"] <= band["road"]["high"]
    assert band["person"] == {"mean": None, "low": None, "high": None, "n": 0}
    assert result["null"]["visualbackprop"]["masked_input"]["road"] != band["road"]
    chart = ElementTree.fromstring(profile_chart(result))
    words = [element.text for element in chart.iter("{http://www.w3.org/2000/svg}text")]
    assert "lane marking" in words and "person" not in words and "driver" in words


def shards(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    for number in range(3):
        crops = rng.integers(0, 256, (30, 66, 200, 3), dtype=np.uint8)
        departed = np.r_[np.zeros(20), np.ones(10)].astype(np.float32)
        label = (crops[:, 40:, :100].mean(axis=(1, 2, 3)) - 127.5).astype(np.float32)
        np.savez(folder / f"{number}.npz", crops=crops, swa_label_deg=label, departed=departed)
    return sorted(folder.glob("*.npz"))


def test_a_subset_takes_the_same_of_every_shard_and_nothing_after_a_departure(tmp_path: Path) -> None:
    subset = spread_over(shards(tmp_path), frames=30)
    assert len(subset.crops) == 30 and subset.held_out.tolist() == [True] * 10 + [False] * 20
    assert spread_over(shards(tmp_path), frames=30).data_hash == subset.data_hash
    with np.load(tmp_path / "0.npz") as shard:
        np.testing.assert_array_equal(subset.swa_deg[:10], shard["swa_label_deg"][np.linspace(0, 19, 10).astype(int)])
    with pytest.raises(NoDataError, match="agent_fit"):
        spread_over([], 30)


def test_networks_are_left_where_training_passed(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    crops, label = rng.integers(0, 256, (68, 66, 200, 3), dtype=np.uint8), rng.normal(0, 20, 68).astype(np.float32)
    subset = Subset(crops, label, np.arange(68) >= 64, "hash")
    paths = train(subset, {epoch: checkpoint_name(epoch) for epoch in (0.0, 0.5)}, tmp_path)
    assert [path.name for path in paths] == ["epoch_0.safetensors", "epoch_0.5.safetensors"]
    weights = [load_network(path, "driver").network.state_dict()["dense.3.weight"] for path in paths]
    assert not np.array_equal(weights[0], weights[1])
    card = load_json(paths[-1].with_suffix(".json"))
    assert card["epochs"] == 0.5 and card["frames"] == 64 and card["scores"]["validation_mae_deg"] > 0.0


def test_twins_differ_in_their_labels_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    crops, label = rng.integers(0, 256, (24, 66, 200, 3), dtype=np.uint8), rng.normal(0, 20, 24).astype(np.float32)
    subset = Subset(crops, label, np.arange(24) >= 20, "hash")
    found = {}
    for name in (TRUE, SHUFFLED):
        stops = {0.0: f"first_{name}", 2.0: name}
        found[name] = train(subset, stops, tmp_path, shuffle_labels=name == SHUFFLED, seed=5)
    weights = {name: [path.read_bytes() for path in paths] for name, paths in found.items()}
    assert weights[TRUE][0] == weights[SHUFFLED][0] and weights[TRUE][1] != weights[SHUFFLED][1]
    cards = [load_json(found[name][1].with_suffix(".json")) for name in (TRUE, SHUFFLED)]
    assert [card["labels"] for card in cards] == ["true", "shuffled"]
    of_constants = [card["scores"]["training_mae_of_a_constant_deg"] for card in cards]
    assert of_constants[0] == of_constants[1], "the same labels, in another order"
