"""GradSUM (Chalom): how much of a heat map falls on each semantic class.

G_k = 100 · Σ(P_k ⊙ M) / N_k: the mean of a map M in [0, 1] over the N_k pixels of class k, in percent. It is
normalised by area, so classes do not add up to 100, and tiny classes are noisy; without a pixel of the class it is
undefined (NaN).

The talk can be read two ways, and both are here by name:

* ``one_map``: one map of the whole picture, summed per class (its pseudo-code);
* ``masked_input``: one map per class, of the picture with every other class taken out (its numbered list).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch

from agents.preprocessing import Preprocessing
from agents.saliency.method import ExplainedNetwork, SaliencyMethod, attention

Reading = Literal["one_map", "masked_input"]
READINGS: tuple[Reading, ...] = ("one_map", "masked_input")
MASKED_OUT = 0.0
"""Network input of a pixel that is taken out: black, as in the talk's masked pictures."""

# CARLA 0.9.16's semantic tags, grouped as a driver would; a class here may join several tags.
CARLA_CLASSES: Mapping[str, tuple[int, ...]] = {
    "road": (1,),
    "lane_marking": (24,),
    "pavement": (2,),
    "verge": (10, 25, 22),
    "vegetation": (9,),
    "sky": (11,),
    "barrier": (4, 5, 28),
    "pole": (6, 7, 8),
    "building": (3,),
    "vehicle": (14, 15, 16, 17, 18, 19),
    "person": (12, 13),
}


def gradsum(
    maps: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    classes: Mapping[str, Sequence[int]] = CARLA_CLASSES,
) -> dict[str, npt.NDArray[np.float64]]:
    """G_k of each picture, reading ``one_map``.

    Args:
        maps: (B, H, W), [0, 1]. labels: (B, H, W), semantic tag of each pixel. classes: name -> tags.

    Returns:
        class -> (B,) percent, NaN where the picture has no pixel of the class.

    Raises:
        ValueError: the shapes differ.
    """
    if maps.shape != labels.shape or maps.ndim != 3:
        raise ValueError(f"gradsum needs maps and labels of one shape (B, H, W), got {maps.shape} and {labels.shape}")
    result = {}
    for name, tags in classes.items():
        inside = np.isin(labels, tags)
        pixels = inside.sum(axis=(1, 2))
        total = (maps * inside).sum(axis=(1, 2), dtype=np.float64)
        result[name] = np.divide(100.0 * total, pixels, out=np.full(len(maps), np.nan), where=pixels > 0)
    return result


def gradsum_of(
    method: SaliencyMethod,
    network: ExplainedNetwork,
    inputs: torch.Tensor,
    labels: npt.NDArray[np.integer],
    reading: Reading = "one_map",
    classes: Mapping[str, Sequence[int]] = CARLA_CLASSES,
) -> dict[str, npt.NDArray[np.float64]]:
    """G_k of network inputs under a saliency method.

    Args:
        inputs: (B, C, H, W), 0..255. labels: (B, H, W), see `labels_of_crop`.

    Returns:
        As `gradsum`.
    """
    if reading == "one_map":
        return gradsum(_maps(method, network, inputs), labels, classes)
    result = {}
    for name, tags in classes.items():
        inside = np.isin(labels, tags)
        result[name] = np.full(len(labels), np.nan)
        # A picture without the class has no value, so its empty picture needs no map.
        rows = np.flatnonzero(inside.any(axis=(1, 2)))
        if not len(rows):
            continue
        kept = torch.from_numpy(inside[rows]).to(inputs.device)[:, None]
        some = inputs[torch.from_numpy(rows).to(inputs.device)]
        alone = torch.where(kept, some, torch.full_like(some, MASKED_OUT))
        result[name][rows] = gradsum(_maps(method, network, alone), labels[rows], {name: tags})[name]
    return result


def labels_of_crop(labels: npt.NDArray[np.integer], preprocessing: Preprocessing) -> npt.NDArray[np.int64]:
    """Semantic tags (H, W) of a camera picture as a network sees them: (height, width), nearest pixel."""
    rows = slice(preprocessing.first_row(labels.shape[0]), preprocessing.end_row(labels.shape[0]))
    kept = np.ascontiguousarray(labels[rows], dtype=np.uint8)
    size = (preprocessing.width, preprocessing.height)
    return np.asarray(cv2.resize(kept, size, interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.int64)


@dataclass(frozen=True)
class Profile:
    """G_k over many pictures.

    Attributes:
        mean: class -> mean over the pictures that have the class; None where none has.
        pictures: class -> number of them.
    """

    mean: dict[str, float | None]
    pictures: dict[str, int]


def profile(values: Mapping[str, npt.NDArray[np.float64]]) -> Profile:
    """Mean per class over the pictures on which it is defined."""
    counts = {name: int(np.isfinite(column).sum()) for name, column in values.items()}
    means = {name: float(np.nanmean(values[name])) if count else None for name, count in counts.items()}
    return Profile(means, counts)


def _maps(method: SaliencyMethod, network: ExplainedNetwork, inputs: torch.Tensor) -> npt.NDArray[np.float32]:
    shown = attention(method, network, inputs).maps[:, 0].cpu().numpy()
    return np.asarray(shown, dtype=np.float32)
