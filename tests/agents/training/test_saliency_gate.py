"""The gate on five stored pictures: what it flags, that it goes on where it stopped, and its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.netvf import NetVF, NetVFConfig
from agents.network_file import LoadedNetwork, load_network, save_network
from agents.pilotnet import PilotNet
from agents.preprocessing import Preprocessing
from agents.saliency.methods import METHODS
from agents.saliency.quality.label_randomisation import LabelTwins
from agents.training.degraded_frames import degraded_frames, single_frame_effects
from agents.training.saliency_gate import GateSettings, flags, gate
from agents.training.saliency_page import render_page
from agents.weights_io import WEIGHTS_FOLDER
from tests.agents.saliency.stored_frames import stored_frames

SETTINGS = GateSettings(sanity_pictures=2)
WEIGHTS = WEIGHTS_FOLDER / "pilotnet.safetensors"


@pytest.fixture(scope="module")
def loaded() -> LoadedNetwork:
    return load_network(WEIGHTS, "driver")


@pytest.fixture(scope="module")
def figures(loaded: LoadedNetwork) -> dict[str, Any]:
    frames = stored_frames().take([0, 2])
    itself = LabelTwins(loaded.network, loaded.network)
    return list(gate(loaded, frames, [METHODS["visualbackprop"]], SETTINGS, itself, report=lambda line: None))[-1]


def test_visualbackprop_is_flagged_blind_to_the_head(figures: dict[str, Any]) -> None:
    found = figures["methods"]["visualbackprop"]
    assert found["blind_to_head"] is True and "blind to the head" in found["flags"]
    assert [step["layer"] for step in found["cascading"]][:5] == [
        "dense_3",
        "dense_2",
        "dense_1",
        "dense_0",
        "convolution_4",
    ]
    assert found["validity"] == {"zero": 0, "not_finite": 0, "n": 2}
    assert found["labels"]["true"]["value"] == pytest.approx(1.0)  # compared with itself here
    assert found["labels"]["nearer_true"]["value"] == 0.0
    assert "no nearer to true than to shuffled labels" in found["flags"]
    assert set(found["stability"]) == set(single_frame_effects()) >= {"blur", "noise", "gamma", "chromatic_aberration"}
    assert figures["references"]["random_order"]["deletion"]["mean"]["deletion_above_random_deg"]["value"] == 0.0


def test_known_methods_are_not_measured_again(loaded: LoadedNetwork, figures: dict[str, Any]) -> None:
    known = {**figures, "methods": {"visualbackprop": {**figures["methods"]["visualbackprop"], "cpu_ms": -1.0}}}
    (again,) = gate(
        loaded, stored_frames().take([0]), [METHODS["visualbackprop"]], SETTINGS, None, known, lambda line: None
    )
    assert again["methods"]["visualbackprop"]["cpu_ms"] == -1.0 and again["references"] == figures["references"]


def test_labels_that_an_earlier_run_lacks_are_measured_into_it(loaded: LoadedNetwork, figures: dict[str, Any]) -> None:
    lacking = {**figures["methods"]["visualbackprop"], "labels": None, "cpu_ms": -1.0}
    known = {**figures, "methods": {"visualbackprop": lacking}}
    frames, methods = stored_frames().take([0, 2]), [METHODS["visualbackprop"]]
    twins = LabelTwins(loaded.network, PilotNet(seed=3).eval())
    (again,) = gate(loaded, frames, methods, SETTINGS, twins, known, lambda line: None)
    found = again["methods"]["visualbackprop"]
    assert found["cpu_ms"] == -1.0 and found["labels"]["true"]["value"] == pytest.approx(1.0)
    assert found["labels"]["nearer_true"]["value"] > 0.0
    assert "no nearer to true than to shuffled labels" not in found["flags"]


def test_a_network_of_another_architecture_and_size_goes_through_it(tmp_path: Path) -> None:
    path = tmp_path / "net_vf.safetensors"
    seen = Preprocessing(0.62, 125, 139, "grey")
    save_network(path, NetVF(NetVFConfig(width=139), seed=1), seen, "driver", {})
    frames = stored_frames().take([0])
    methods = [METHODS["visualbackprop"]]
    (figures,) = gate(load_network(path, "driver"), frames, methods, SETTINGS, report=lambda line: None)
    found = figures["methods"]["visualbackprop"]
    layers = [step["layer"] for step in found["cascading"]]
    assert layers == [*(f"dense_{k}" for k in (2, 1, 0)), *(f"convolution_{k}" for k in range(9, -1, -1))]
    assert found["blind_to_head"] is True and found["labels"] is None
    result = {
        "frames": {"n": 1, "data_hash": frames.data_hash, "source": dict(frames.source)},
        "settings": {"sanity_pictures": 2, "severity": 3},
        "networks": {"net_vf": figures, "not on this page": {}},
    }
    page = render_page(result, frames, [path])
    assert "net_vf" in page and "not on this page" not in page


def test_flags_say_what_speaks_against_a_method() -> None:
    def mean(low: float | None, high: float | None) -> dict[str, Any]:
        return {"value": low, "low": low, "high": high, "n": 5, "undefined": 0}

    good: dict[str, Any] = {
        "blind_to_head": False,
        "cascading": [{"layer": "convolution_0", **mean(0.1, 0.2)}],
        "unrelated_pictures": mean(0.2, 0.3),
        "labels": {"nearer_true": mean(0.1, 0.2)},
        "deletion": {"mean": {"deletion_above_random_deg": mean(1, 2), "insertion_below_random_deg": mean(1, 2)}},
        "localisation": {"road": {"concentration": mean(1.1, 1.5)}},
        "validity": {"zero": 0, "not_finite": 0, "n": 5},
    }
    assert flags(good) == flags({**good, "labels": None}) == []
    bad = {
        **good,
        "cascading": [{"layer": "convolution_0", **mean(0.8, 0.9)}],
        "labels": {"nearer_true": mean(-0.1, 0.2)},
        "deletion": {
            "mean": {"deletion_above_random_deg": mean(-1, 2), "insertion_below_random_deg": mean(None, None)}
        },
        "localisation": {"road": {"concentration": mean(0.9, 1.5)}},
        "validity": {"zero": 2, "not_finite": 1, "n": 5},
    }
    assert flags(bad) == [
        "keeps its map with random weights",
        "no nearer to true than to shuffled labels",
        "deletion (mean) no better than random",
        "insertion (mean) no better than random",
        "no more on road than its area",
        "2 of 5 maps empty",
        "1 of 5 maps not finite",
    ]


def test_artifacts_change_every_picture_and_are_the_same_again() -> None:
    pictures = stored_frames().pictures[:2]
    for effect in ("noise", "blur", "motion_blur"):
        first, second = degraded_frames(pictures, effect, 3), degraded_frames(pictures, effect, 3)
        np.testing.assert_array_equal(first, second)
        assert all((a != b).any() for a, b in zip(first, pictures, strict=True))


def test_the_page_is_whole_and_fetches_nothing(figures: dict[str, Any], tmp_path: Path) -> None:
    frames = stored_frames()
    result = {
        "frames": {"n": len(frames), "data_hash": frames.data_hash, "source": dict(frames.source)},
        "settings": {"sanity_pictures": 2, "severity": 3},
        "networks": {"pilotnet": figures},
    }
    page = render_page(result, frames, [WEIGHTS])
    assert "blind to the head" in page and page.count("data:image/jpeg;base64,") == 6
    assert "http" not in page.replace("http-equiv", "") and "<script" not in page
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page
