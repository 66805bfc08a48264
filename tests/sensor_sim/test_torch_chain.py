"""The batched chain equals the chain of the loop: codes within one grey level, noise in distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.presets import load_preset
from sensor_sim.schedule import SensorSchedule
from sensor_sim.torch_chain import BATCHED_EFFECTS, TorchChain
from tests.sensor_sim.frames import chain, context, effect, smooth_frame

WIDTH, HEIGHT = 160, 90
FRAMES = np.stack([smooth_frame(WIDTH, HEIGHT, seed) for seed in range(3)])
CASES: dict[str, list[dict[str, Any]]] = {
    "blur": [effect("blur", width_px=4.0)],
    "fractional blur": [effect("blur", width_px=2.37)],
    "wide blur": [effect("blur", width_px=41.5)],
    "chromatic aberration": [effect("chromatic_aberration", k1=0.05)],
    "aberration the other way": [effect("chromatic_aberration", k1=-0.03)],
    "gain": [effect("gain", factor=0.4)],
    "exposure": [effect("exposure", saturation_percent=3.0)],
    "gamma": [effect("gamma", gamma=0.7)],
    "printed curve": [effect("gamma", gamma=0.8, curve="book", quantise="book")],
    "all": [
        effect("blur", width_px=2.5),
        effect("chromatic_aberration", k1=0.04),
        effect("exposure", saturation_percent=2.0),
        effect("gamma", gamma=0.8, curve="book"),
    ],
}


def batched(entries: list[dict[str, Any]], frames: np.ndarray, tick: int = 0, seeds: list[int] | None = None) -> Any:
    height, width = frames.shape[1:3]
    made = TorchChain(SensorSchedule.from_spec(entries), width, height, 90.0, 0.05)
    return made.apply(torch.from_numpy(frames), seeds or list(range(len(frames))), tick).numpy()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("tick", [7, 30])
def test_without_noise_every_code_is_within_one_grey_level(name: str, tick: int) -> None:
    entries = [{**entry, "ramp_s": 1.0} for entry in CASES[name]]
    loop = chain(entries, FRAMES[0])
    expected = np.stack([loop.apply(frame, context(tick)) for frame in FRAMES]).astype(int)
    found = batched(entries, FRAMES, tick)
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 0.02
    assert (expected != FRAMES).mean() > 0.05


@pytest.mark.parametrize("size", [(33, 21), (64, 2)])
def test_odd_sizes_are_shifted_as_in_the_loop(size: tuple[int, int]) -> None:
    frames = smooth_frame(*size)[None]
    found = batched(CASES["all"], frames).astype(int)
    assert np.abs(found[0] - chain(CASES["all"], frames[0]).apply(frames[0], context(0))).max() <= 1


def test_noise_has_the_distribution_of_the_loop() -> None:
    flat = np.full((1, 180, 320, 3), 128, np.uint8)
    entries = [effect("noise", sigma_dn=3.0)]
    found = batched(entries, flat)[0].astype(float)
    expected = chain(entries, flat[0]).apply(flat[0], context(0)).astype(float)
    assert found.var() == pytest.approx(9.0 + 1.0 / 12.0, rel=0.015)
    assert found.mean() == pytest.approx(128.0, abs=0.03)
    assert ks_2samp(found.ravel(), expected.ravel()).pvalue > 1e-3
    neighbours = {"red-green": (found[..., 0], found[..., 1]), "columns": (found[:, 1:], found[:, :-1])}
    for name, (first, second) in neighbours.items():
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.01, name


def test_a_whole_preset_differs_from_the_loop_by_its_noise_alone() -> None:
    frames = np.stack([smooth_frame(640, 360, seed) for seed in range(2)])
    schedule = load_preset("cityscapes_like", 640, 90.0)
    entries = schedule.to_spec()
    quiet = batched([entry for entry in entries if entry["effect"] != "noise"], frames).astype(float)
    noisy = batched(entries, frames).astype(float)
    loop = chain(entries, frames[0])
    expected = np.stack([loop.apply(frame, context(n)) for n, frame in enumerate(frames)]).astype(float)
    assert (noisy - quiet).std() == pytest.approx((expected - quiet).std(), rel=0.01)


def test_a_pictures_noise_belongs_to_its_seed_and_tick_not_to_its_batch() -> None:
    entries = [effect("noise", sigma_dn=6.0)]
    same = np.repeat(FRAMES[:1], 3, axis=0)
    batch = batched(entries, same, tick=4, seeds=[5, 9, 2**64 - 1])
    assert np.array_equal(batch[1], batched(entries, same[:1], tick=4, seeds=[9])[0])
    assert not np.array_equal(batch[0], batch[1])
    assert not np.array_equal(batch[1], batched(entries, same[:1], tick=5, seeds=[9])[0])


def test_before_the_onset_the_very_batch_comes_back_and_the_batch_is_never_modified() -> None:
    late = TorchChain(SensorSchedule.from_spec([{**CASES["blur"][0], "onset_s": 1.0}]), WIDTH, HEIGHT, 90.0, 0.05)
    frames = torch.from_numpy(FRAMES)
    before = frames.clone()
    assert late.apply(frames, [0, 1, 2], 3) is frames
    assert not torch.equal(late.apply(frames, [0, 1, 2], 20), before)
    assert torch.equal(frames, before)


def test_every_effect_named_is_one_it_does() -> None:
    tried = {entry["effect"] for entries in CASES.values() for entry in entries} | {"noise"}
    assert tried == set(BATCHED_EFFECTS)


@pytest.mark.parametrize(
    ("frames", "seeds", "message"),
    [
        (torch.zeros((1, HEIGHT, WIDTH, 3)), [1], r"batch is torch\.float32 \(1, 90, 160, 3\); this chain takes"),
        (torch.zeros((HEIGHT, WIDTH, 3), dtype=torch.uint8), [1], r"takes torch\.uint8 RGB \(N, 90, 160, 3\)"),
        (FRAMES, [1, 2, 3], "batch is ndarray"),
        (torch.from_numpy(FRAMES), [1], "1 seeds for 3 pictures; give one each"),
        (torch.from_numpy(FRAMES).to("meta"), [1, 2, 3], "batch is on meta; this chain works on cpu"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(frames: Any, seeds: list[int], message: str) -> None:
    with pytest.raises(SensorFrameError, match=message):
        TorchChain(SensorSchedule.from_spec(CASES["all"]), WIDTH, HEIGHT, 90.0, 0.05).apply(frames, seeds)


def test_effects_that_need_the_loop_are_named() -> None:
    with pytest.raises(SensorSpecError, match="'latency' does not run on batches; give some of blur, "):
        TorchChain(SensorSchedule.from_spec([effect("latency", delay_s=0.1)]), WIDTH, HEIGHT, 90.0, 0.05)
