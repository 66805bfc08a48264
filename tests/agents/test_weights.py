"""Weights files: what is written is read, the same bytes every time, and nothing dangerous or broken is loaded."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.errors import AgentError, WeightsError
from agents.monitors.condition_only import ConditionOnlyMonitor
from agents.monitors.risk_table import RiskTable
from agents.network_file import load_network, resolve_device, save_network
from agents.pilotnet import PilotNet, PilotNetConfig
from agents.preprocessing import Preprocessing
from agents.weights_io import MissingWeightsError, load_json, load_weights, save_weights, sha256_of, trained_on


def save_driver(path: Path, seed: int = 0, config: PilotNetConfig | None = None) -> str:
    return save_network(path, PilotNet(config, seed), Preprocessing(), "driver", {"command": "a test"})


def test_round_trip_keeps_network_to_half_precision(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    sha256 = save_driver(path)
    loaded = load_network(path, "driver")
    assert loaded.sha256 == sha256 == sha256_of(path)
    assert loaded.preprocessing == Preprocessing() and not loaded.network.training
    original = PilotNet().state_dict()
    for name, tensor in loaded.network.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, original[name].to(torch.float16).to(torch.float32))
    assert path.stat().st_size < 2 * 252_219 + 4096


def test_card_lies_beside_and_names_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    sha256 = save_driver(path)
    card = json.loads((tmp_path / "net.json").read_text())
    assert card["sha256"] == sha256 and card["command"] == "a test" and card["config"]["role"] == "driver"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json", "net.safetensors"]


def test_same_network_same_bytes_and_other_network_other_hash(tmp_path: Path) -> None:
    first, again, other = (save_driver(tmp_path / f"{k}.safetensors", seed) for k, seed in enumerate((1, 1, 2)))
    assert first == again != other


def test_missing_file_says_how_to_rebuild(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"python -m agents\.training\.build"):
        load_network(tmp_path / "none.safetensors", "driver")
    with pytest.raises(MissingWeightsError, match=r"python -m agents\.training\.build"):
        load_json(tmp_path / "none.json")


@pytest.mark.parametrize("keep", [0, 5, 300, -10])
def test_truncated_file_is_refused_by_name(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "net.safetensors"
    save_driver(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"net\.safetensors: damaged"):
        load_network(path, "driver")


def test_pickles_are_refused_with_the_reason_and_never_run(tmp_path: Path) -> None:
    torch.save(PilotNet().state_dict(), tmp_path / "zip.safetensors")
    (tmp_path / "plain.safetensors").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "old.pt").write_bytes(b"anything")
    for name in ("zip.safetensors", "plain.safetensors", "old.pt"):
        with pytest.raises(WeightsError, match="runs whatever code"):
            load_weights(tmp_path / name)


def test_foreign_safetensors_and_wrong_contents_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    with pytest.raises(WeightsError, match="no network configuration"):
        load_weights(tmp_path / "foreign.safetensors")
    save_driver(tmp_path / "driver.safetensors")
    with pytest.raises(WeightsError, match="'driver', not a 'camera_student'"):
        load_network(tmp_path / "driver.safetensors", "camera_student")
    config = load_weights(tmp_path / "driver.safetensors").config
    save_weights(tmp_path / "shape.safetensors", PilotNet(PilotNetConfig(channels=1)).state_dict(), config, {})
    with pytest.raises(WeightsError, match="do not fit"):
        load_network(tmp_path / "shape.safetensors", "driver")
    save_weights(tmp_path / "odd.safetensors", {}, {**config, "network": {"depth": 3}}, {})
    with pytest.raises(WeightsError, match="configuration does not fit"):
        load_network(tmp_path / "odd.safetensors", "driver")


def test_values_that_half_precision_cannot_hold_are_refused(tmp_path: Path) -> None:
    for value in (1e6, float("nan")):
        with pytest.raises(WeightsError, match="not finite"):
            save_weights(tmp_path / "net.safetensors", {"a": torch.tensor([value])}, {}, {})
    with pytest.raises(WeightsError, match="safetensors only"):
        save_weights(tmp_path / "net.pt", {}, {}, {})


def test_devices_are_resolved_by_name() -> None:
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(AgentError, match="unknown device"):
        resolve_device("gpu0")
    if not torch.cuda.is_available():
        with pytest.raises(AgentError, match="no GPU"):
            resolve_device("cuda")


def test_weights_say_what_they_were_trained_on_where_their_own_card_does(tmp_path: Path) -> None:
    path, home = tmp_path / "net.safetensors", {"simulator": "embedded_carla", "scene_version": 7}
    save_weights(path, {"a": torch.ones(1)}, {}, home)
    assert trained_on(path) == home
    save_weights(path, {"a": torch.ones(1)}, {}, {})
    assert trained_on(path) == {"simulator": None, "scene_version": None}
    save_weights(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, {}, home)
    (tmp_path / "other.safetensors").replace(path)
    assert trained_on(path) is None, "the card beside is that of the file before"
    (tmp_path / "net.json").unlink()
    assert trained_on(path) is None


def test_a_table_is_its_own_card(tmp_path: Path) -> None:
    path, home = tmp_path / "table.json", {"simulator": "embedded_carla", "scene_version": 7}
    RiskTable(np.array([1.0]), {"*": np.array([0.5])}).save(path, {"frames": 3, **home})
    monitor = ConditionOnlyMonitor(path)
    assert monitor.weights_path is not None and trained_on(monitor.weights_path) == home


def test_a_header_length_that_looks_like_a_pickle_is_none(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    for padding in range(700):
        save_weights(path, {"a": torch.zeros(1)}, {"padding": "x" * padding}, {})
        if path.read_bytes()[:2] == b"\x80\x02":
            assert load_weights(path).config["padding"] == "x" * padding
            return
    raise AssertionError("no header of that length: the test tests nothing")
