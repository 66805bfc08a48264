"""Monitors that judge the road crop: what each figure is, what it remembers, and whose maps it accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.errors import MonitorError, WeightsError
from agents.monitors.attention_change import AttentionChangeMonitor
from agents.monitors.attention_mean import AttentionMeanMonitor
from agents.monitors.attention_strength import AttentionStrengthMonitor
from agents.monitors.clock import ClockMonitor
from agents.monitors.crop_monitor import Stretch
from agents.monitors.fusion import fused
from agents.monitors.head_disagreement import HeadEnsembleMonitor, McDropoutMonitor
from agents.monitors.mahalanobis import PenultimateMahalanobisMonitor, PooledMahalanobisMonitor
from agents.monitors.mirror_consistency import MirrorConsistencyMonitor
from agents.monitors.reconstruction import AutoencoderMonitor, PictureAutoencoder, small_grey
from agents.monitors.watched_driver import dense_outputs, flat_features, pooled_features
from agents.network_file import load_network, save_network
from agents.pilotnet import PILOTNET_CONVOLUTIONS, PilotNet
from agents.preprocessing import Preprocessing, to_network_input
from agents.protocol import EpisodeContext
from agents.saliency.visualbackprop import visualbackprop_mask
from agents.weights_io import save_weights

CROPS = np.random.default_rng(2).integers(0, 256, (5, 66, 200, 3), dtype=np.uint8)
CONTEXT = EpisodeContext("pair", 1, 0.05, 320, 180, 90.0)
FEATURES = 64 * 18


def driver_file(folder: Path, seed: int = 3) -> dict[str, str]:
    """A driver, and how weights files name it."""
    sha256 = save_network(folder / "driver.safetensors", PilotNet(seed=seed), Preprocessing(), "driver", {})
    return {"driver_weights": "driver.safetensors", "driver_sha256": sha256}


def stretch(folder: Path, crops: np.ndarray = CROPS) -> Stretch:
    driver = load_network(folder / "driver.safetensors", "driver")
    with torch.inference_mode():
        swa_deg, activations = driver.network.forward_with_activations(to_network_input(crops, "yuv"))
    return Stretch(crops, swa_deg.numpy(), np.full(len(crops), 10.0, np.float32), activations)


def heads(members: int, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "mean": torch.zeros(FEATURES),
        "scale": torch.ones(FEATURES),
        "weight0": torch.randn((members, FEATURES, 8), generator=generator),
        "bias0": torch.zeros((members, 1, 8)),
        "weight1": torch.randn((members, 8, 1), generator=generator),
        "bias1": torch.zeros((members, 1, 1)),
    }


def test_the_clock_goes_on_over_stretches_and_starts_again_with_the_episode() -> None:
    seen = Stretch(CROPS, np.zeros(5, np.float32), np.zeros(5, np.float32))
    monitor = ClockMonitor()
    for _ in range(2):
        monitor.reset(CONTEXT)
        seconds = np.concatenate([monitor.judge(seen).score, monitor.judge(seen).score])
        assert seconds == pytest.approx(0.05 * np.arange(10))


def test_attention_figures_are_those_of_the_drivers_map(tmp_path: Path) -> None:
    driver_file(tmp_path)
    seen = stretch(tmp_path)
    assert seen.activations is not None
    raw = visualbackprop_mask(seen.activations, PILOTNET_CONVOLUTIONS, (66, 200))
    low, high = raw.amin((1, 2, 3)), raw.amax((1, 2, 3))
    maps = (raw - low[:, None, None, None]) / (high - low)[:, None, None, None]
    assert AttentionMeanMonitor().judge(seen).score == pytest.approx(maps.mean((1, 2, 3)).numpy(), rel=1e-4)
    assert AttentionStrengthMonitor().judge(seen).score == pytest.approx(-np.log(high.numpy()), rel=1e-4)
    monitor = AttentionChangeMonitor()
    monitor.reset(CONTEXT)
    change = monitor.judge(seen).score
    assert change[0] == 0.0 and np.all(change[1:] > 0.0)
    assert change[1:] == pytest.approx((maps[1:] - maps[:-1]).abs().mean((1, 2, 3)).numpy(), rel=1e-4)
    assert monitor.judge(seen).score[0] > 0.0, "the map of the tick before is remembered"
    monitor.reset(CONTEXT)
    assert monitor.judge(seen).score[0] == 0.0, "and forgotten with the episode"
    with pytest.raises(MonitorError, match="activations"):
        AttentionMeanMonitor().judge(Stretch(CROPS, seen.swa_deg, seen.speed_mps))


def test_a_picture_and_its_mirror_get_the_same_consistency(tmp_path: Path) -> None:
    driver_file(tmp_path)
    monitor = MirrorConsistencyMonitor(tmp_path / "driver.safetensors")
    mirrored = np.ascontiguousarray(CROPS[:, :, ::-1])
    here, there = stretch(tmp_path), stretch(tmp_path, mirrored)
    score = monitor.judge(here).score
    assert score == pytest.approx(np.abs(here.swa_deg + there.swa_deg), abs=1e-3)
    assert score == pytest.approx(monitor.judge(there).score, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "size"), [(PenultimateMahalanobisMonitor, 10), (PooledMahalanobisMonitor, 24 + 36 + 48 + 64 + 64)]
)
def test_distance_is_that_of_the_whitened_features(tmp_path: Path, kind: Any, size: int) -> None:
    config = {"role": kind.role, **driver_file(tmp_path)}
    tensors = {"mean": torch.zeros(size), "scale": torch.full((size,), 0.5), "whitening": torch.eye(size) * 2.0}
    save_weights(tmp_path / "m.safetensors", tensors, config, {})
    seen = stretch(tmp_path)
    assert seen.activations is not None
    network = load_network(tmp_path / "driver.safetensors", "driver").network
    features = (
        dense_outputs(network, flat_features(seen.activations))[-1] if size == 10 else pooled_features(seen.activations)
    )
    expected = np.sqrt((4.0 * features.detach().numpy()) ** 2 @ np.full(size, 1.0 / size))
    assert kind(tmp_path / "m.safetensors").judge(seen).score == pytest.approx(expected, rel=1e-4)


def test_maps_of_another_network_are_refused_not_scored(tmp_path: Path) -> None:
    config = {"role": "head_ensemble", **driver_file(tmp_path)}
    save_weights(tmp_path / "h.safetensors", heads(3), config, {})
    monitor = HeadEnsembleMonitor(tmp_path / "h.safetensors")
    right = stretch(tmp_path)
    monitor.reset(CONTEXT)
    assert np.all(monitor.judge(right).score > 0.0)
    driver_file(tmp_path, seed=4)
    monitor.reset(CONTEXT)
    wrong = stretch(tmp_path)
    with pytest.raises(MonitorError, match="another network drives"):
        monitor.judge(Stretch(CROPS, right.swa_deg + 30.0, wrong.speed_mps, wrong.activations))
    with pytest.raises(WeightsError, match="not the driver"):
        HeadEnsembleMonitor(tmp_path / "h.safetensors")


def test_disagreement_is_the_spread_of_the_answers_and_repeats_itself(tmp_path: Path) -> None:
    config = driver_file(tmp_path)
    tensors = heads(3)
    save_weights(tmp_path / "e.safetensors", tensors, {"role": "head_ensemble", **config}, {})
    save_weights(tmp_path / "d.safetensors", heads(1), {"role": "mc_dropout", "dropout": 0.5, **config}, {})
    save_weights(tmp_path / "z.safetensors", heads(1), {"role": "mc_dropout", "dropout": 0.0, **config}, {})
    seen = stretch(tmp_path)
    assert seen.activations is not None
    x = flat_features(seen.activations)
    half = {name: value.half().float() for name, value in tensors.items()}
    answers = [(x @ half["weight0"][k]).relu() @ half["weight1"][k] for k in range(3)]
    expected = np.std([answer.numpy()[:, 0] for answer in answers], axis=0)
    assert HeadEnsembleMonitor(tmp_path / "e.safetensors").judge(seen).score == pytest.approx(expected, rel=1e-3)
    dropout = McDropoutMonitor(tmp_path / "d.safetensors")
    first = dropout.judge(seen).score
    assert np.all(first > 0.0) and np.array_equal(first, dropout.judge(seen).score)
    assert McDropoutMonitor(tmp_path / "z.safetensors").judge(seen).score == pytest.approx(0.0, abs=1e-3)


def test_reconstruction_error_is_in_grey_levels(tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = PictureAutoencoder(8, variational=False)
    config = {"role": "autoencoder", "code": 8, "variational": False}
    save_weights(tmp_path / "a.safetensors", network.state_dict(), config, {})
    monitor = AutoencoderMonitor(tmp_path / "a.safetensors")
    zeros = np.zeros(len(CROPS), np.float32)
    score = monitor.judge(Stretch(CROPS, zeros, zeros)).score
    half = PictureAutoencoder(8, variational=False)
    half.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    with torch.inference_mode():
        pictures = small_grey(to_network_input(CROPS, "grey"))
        again = half.decode(half.encode(pictures)[0])
    difference = (pictures - again).numpy() * 255.0
    assert score == pytest.approx((difference**2).mean((1, 2, 3)), rel=1e-3)
    assert np.all(score > 1.0), "grey levels, not shares"


def test_fusion_is_a_logistic_sum_of_clipped_standardised_scores() -> None:
    parts = [
        {"low": 0.0, "high": 10.0, "mean": 5.0, "scale": 2.0, "weight": 1.5},
        {"low": -1.0, "high": 1.0, "mean": 0.0, "scale": 1.0, "weight": -1.0},
    ]
    scores = [np.array([7.0, 99.0], np.float32), np.array([0.5, -3.0], np.float32)]
    assert fused(scores, parts, -2.0) == pytest.approx([1.5 * 1.0 - 0.5 - 2.0, 1.5 * 2.5 + 1.0 - 2.0])
