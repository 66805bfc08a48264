"""Collected frames as monitors see them, so that what is fitted reads exactly what will be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.crop_monitor import CropMonitor, Stretch
from agents.monitors.watched_driver import flat_features, pooled_features
from agents.protocol import EpisodeContext
from agents.steering_network import SteeringNetwork
from agents.training.baselines import episode_rows
from agents.training.dataset import Frames

STRETCH_FRAMES = 64
_NOTHING = np.zeros(0, dtype=np.float32)
Array = npt.NDArray[np.float32]


def episode_stretches(frames: Frames, driver: SteeringNetwork) -> Iterator[tuple[bool, Stretch]]:
    """(does an episode begin here, the next ticks) over all frames, in their order, with the driver's maps."""
    for rows in episode_rows(frames):
        for start in range(0, len(rows), STRETCH_FRAMES):
            piece = rows[start : start + STRETCH_FRAMES]
            unseen = Stretch(frames.crops[piece], _NOTHING, frames.columns["speed_mps"][piece])
            with torch.inference_mode():
                swa_deg, activations = driver.forward_with_activations(unseen.network_input("yuv"))
            yield start == 0, replace(unseen, swa_deg=swa_deg.numpy(), activations=activations)


def driver_features(frames: Frames, driver: SteeringNetwork) -> tuple[Array, Array]:
    """(last maps flattened (N, F), all maps pooled (N, channels)) of every frame, kept as float16."""

    def features(stretch: Stretch) -> tuple[torch.Tensor, torch.Tensor]:
        assert stretch.activations is not None
        return flat_features(stretch.activations), pooled_features(stretch.activations)

    flat, pooled = features_of(frames, driver, features)
    return flat, pooled


def features_of(
    frames: Frames, driver: SteeringNetwork, features: Callable[[Stretch], tuple[torch.Tensor, ...]]
) -> list[Array]:
    """What ``features`` gives of every frame, joined over all stretches, float16."""
    return joined_features((stretch for _, stretch in episode_stretches(frames, driver)), features)


def joined_features(
    stretches: Iterable[Stretch], features: Callable[[Stretch], tuple[torch.Tensor, ...]]
) -> list[Array]:
    """What ``features`` gives of these stretches, one after another, joined, float16."""
    parts: list[list[Array]] = []
    for stretch in stretches:
        found = features(stretch)
        parts = parts or [[] for _ in found]
        for part, one in zip(parts, found, strict=True):
            part.append(one.numpy().astype(np.float16))
    return [np.concatenate(part) for part in parts]


class Memory(Protocol):
    """Turns consecutive stretches of an episode into features; what came before is carried along."""

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""

    def next(self, stretch: Stretch) -> torch.Tensor:
        """Features of the next ticks, (T, F) float32."""


def remembered(frames: Frames, driver: SteeringNetwork, memory: Memory, frame_s: float) -> Array:
    """What a memory makes of every frame, (N, F); ``frame_s``: from frame to frame."""
    parts = []
    for begins, stretch in episode_stretches(frames, driver):
        if begins:
            memory.reset(EpisodeContext("", 0, frame_s, 0, 0, 0.0))
        parts.append(memory.next(stretch).numpy())
    return np.concatenate(parts)


def scores_of(frames: Frames, driver: SteeringNetwork, monitors: list[CropMonitor], tick_s: float) -> dict[str, Array]:
    """Scores of every frame by each monitor, (N,); ``tick_s``: from frame to frame."""
    found: dict[str, list[Array]] = {monitor.name: [] for monitor in monitors}
    for begins, stretch in episode_stretches(frames, driver):
        for monitor in monitors:
            if begins:
                monitor.reset(EpisodeContext("", 0, tick_s, 0, 0, 0.0))
            found[monitor.name].append(monitor.judge_once(stretch).score)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def thinned(frames: Frames, every: int) -> Frames:
    """Every n-th frame of each episode: neighbours at 10 Hz are nearly the same picture."""
    keep = np.concatenate([rows[::every] for rows in episode_rows(frames)])
    columns = {name: values[keep] for name, values in frames.columns.items()}
    episode = frames.episode[keep]
    return Frames(frames.crops[keep], columns, episode, frames.specs, frames.data_hash, frames.scene_version)


def cached(path: Path, rests_on: list[str], make: Callable[[], dict[str, Array]]) -> dict[str, Array]:
    """Arrays from a file beside the data, made again when what they rest on (hashes) has changed."""
    key = " ".join(rests_on)
    if path.exists():
        with np.load(path) as stored:
            if str(stored["rests_on"]) == key:
                return {name: stored[name] for name in stored.files if name != "rests_on"}
    arrays = make()
    temporary = path.with_name(f".{path.name}")
    with temporary.open("wb") as file:
        np.savez(file, rests_on=np.array(key), **arrays)  # type: ignore[arg-type]
    temporary.replace(path)
    return arrays
