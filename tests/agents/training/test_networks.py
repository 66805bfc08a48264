"""One command trains any of the networks on a folder of driving."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest
import torch

from agents.netvf import NETHVF, NETSVF, NetVF, NetVFConfig
from agents.network_file import load_network
from agents.preprocessing import Preprocessing
from agents.training import networks
from agents.training.networks import RECIPES, Recipe, train
from agents.training.real_driving import read_driving
from tests.agents.training.folder_of_driving import write_folder


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_recipes_of_the_visualbackprop_paper() -> None:
    for name, config in (("netsvf", NETSVF), ("nethvf", NETHVF)):
        recipe = RECIPES[name]
        assert recipe.make(0).config == config and recipe.min_speed_mps == 5.0
        assert (recipe.settings.optimiser, recipe.settings.loss, recipe.settings.epochs) == ("sgd", "mse", 32)


def test_every_recipe_sees_what_its_network_takes() -> None:
    for recipe in RECIPES.values():
        network, seen = recipe.make(0), recipe.preprocessing
        assert network.input_size == (seen.height, seen.width) and network.config.channels == seen.channels


def small_recipe(epochs: int) -> Recipe:
    return dataclasses.replace(
        RECIPES["nethvf"],
        make=lambda seed: NetVF(NetVFConfig(width=125), seed),
        preprocessing=Preprocessing(1.0, 125, 125, "grey"),
        settings=dataclasses.replace(RECIPES["nethvf"].settings, epochs=epochs, batch_size=8),
    )


def test_a_network_with_batch_normalisation_is_fitted_and_saved(tmp_path: Path) -> None:
    write_folder(tmp_path / "drive", blocks=2)
    recipe = small_recipe(epochs=1)
    out = tmp_path / "net.safetensors"
    sha256 = train(recipe, read_driving(tmp_path / "drive"), out, "cpu")
    loaded = load_network(out, "driver")
    assert loaded.sha256 == sha256 and isinstance(loaded.network, NetVF)
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["epochs_reached"] == 1 and card["data"]["frames"] == 24
    assert {path.name for path in tmp_path.iterdir()} == {"drive", "cache", "net.safetensors", "net.json"}


def test_a_fit_that_its_time_ended_goes_on_with_more_of_it(tmp_path: Path) -> None:
    write_folder(tmp_path / "drive", blocks=2)
    driving, recipe = read_driving(tmp_path / "drive"), small_recipe(epochs=2)
    whole = train(recipe, driving, tmp_path / "whole.safetensors", "cpu")
    out = tmp_path / "net.safetensors"
    first = train(recipe, driving, out, "cpu", time_limit_s=1e-9)
    assert json.loads(out.with_suffix(".json").read_text())["epochs_reached"] == 1
    assert train(recipe, driving, out, "cpu") == whole != first
    assert json.loads(out.with_suffix(".json").read_text())["epochs_reached"] == 2
    assert not list(tmp_path.glob("*.checkpoint"))


def test_the_command_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["networks", "--network", "netsvf", "--data", str(tmp_path)])
    with pytest.raises(SystemExit):
        networks.main()
    assert "holds no driving_log.csv" in capsys.readouterr().err
