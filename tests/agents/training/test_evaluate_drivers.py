"""Driving networks of different kinds, side by side on one folder of driving."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.netvf import NetVF, NetVFConfig
from agents.network_file import load_network, save_network
from agents.pilotnet import PilotNet
from agents.preprocessing import Preprocessing
from agents.steering_network import SteeringNetwork
from agents.training import evaluate_drivers
from agents.training.paper_inputs import driver_answers
from agents.training.real_driving import read_crops, read_driving
from tests.agents.training.folder_of_driving import write_folder

CARD = {
    "data": {"frames": 7},
    "epochs_reached": 2,
    "history": {"seconds": 3.0},
    "scores": {"validation_mae_deg_by_swa_range": {"0-30": 1.0}},
    "settings": {
        "optimiser": "sgd",
        "loss": "mse",
        "learning_rate": 0.01,
        "momentum": 0.9,
        "batch_size": 64,
        "epochs": 32,
        "seed": 0,
    },
}


def test_each_network_sees_the_frames_as_it_was_trained_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(1)
    write_folder(tmp_path / "drive", blocks=3)
    networks: dict[str, tuple[SteeringNetwork, Preprocessing]] = {
        "wide": (PilotNet(), Preprocessing()),
        "grey": (NetVF(NetVFConfig(width=125)), Preprocessing(1.0, 125, 125, "grey")),
    }
    files = [tmp_path / f"{name}.safetensors" for name in networks]
    for path, (network, seen) in zip(files, networks.values(), strict=True):
        save_network(path, network, seen, "driver", CARD)
    out = tmp_path / "drivers.json"
    arguments = [*map(str, files), "--data", str(tmp_path / "drive"), "--json", str(out)]
    monkeypatch.setattr(sys, "argv", ["evaluate_drivers", *arguments])
    evaluate_drivers.main()
    assert "wide: MAE in degrees by |SWA| 0-30: " in capsys.readouterr().out
    saved = json.loads(out.read_text())
    assert saved["test"]["frames"] == 36 and saved["test"]["runs"] == 3
    driving = read_driving(tmp_path / "drive")
    for path, (_, seen) in zip(files, networks.values(), strict=True):
        answers = driver_answers(load_network(path, "driver"), read_crops(driving, seen), "cpu")
        in_range = np.abs(driving.swa_deg) < 30.0
        expected = float(np.abs(answers - driving.swa_deg)[in_range].mean())
        found = saved["networks"][path.stem]
        row = found["driver_mae_deg"][0]
        assert row["range_deg"] == "0-30" and row["mae"]["n"] == in_range.sum()
        assert row["mae"]["value"] == pytest.approx(expected, abs=1e-4)
        assert (found["epochs"], found["seconds"], found["recipe"]["epochs_planned"]) == (2, 3.0, 32)
    assert saved["networks"]["grey"]["architecture"] == "netvf"


def test_fewer_frames_are_spread_over_all_of_them(tmp_path: Path) -> None:
    write_folder(tmp_path / "drive", blocks=3)
    driving = read_driving(tmp_path / "drive")
    some = driving.evenly(6)
    assert [driving.pictures.index(path) for path in some.pictures] == [0, 7, 14, 21, 28, 35]
    assert some.swa_deg.tolist() == driving.swa_deg[[0, 7, 14, 21, 28, 35]].tolist() and driving.evenly(99) is driving
