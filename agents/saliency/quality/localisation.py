"""Does attention lie where it should: on lane markings, on the road? By the simulator's own labels.

*Attention mass* is the share of a map's sum inside a mask; over the mask's share of the area it is 1 for a map that
does not look at anything in particular. The *pointing game* asks whether the strongest pixel lies inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from agents.saliency.quality.likeness import Maps

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Target:
    """A place to look at.

    Attributes:
        tags: semantic tags that belong to it. margin_share: how far beyond them still counts, as a share of the width
            of what the network sees: markings are a pixel or two wide there, and edges lie beside them.
    """

    tags: tuple[int, ...]
    margin_share: float = 0.0

    def masks(self, labels: npt.NDArray[np.integer]) -> Mask:
        """Where it lies in pictures labelled (B, H, W)."""
        return mask_of(labels, self.tags, round(self.margin_share * labels.shape[2]))


TARGETS: Mapping[str, Target] = {
    "lane_marking": Target((24,), margin_share=0.01),
    "road": Target((1, 24)),
}


@dataclass(frozen=True)
class Localisation:
    """Per picture, NaN where the picture has nothing of the target or the map is empty.

    Attributes:
        mass: (B,) share of the map inside. area: (B,) share of the pixels inside. hit: (B,) 1 if the strongest pixel
            lies inside, else 0.
    """

    mass: npt.NDArray[np.float64]
    area: npt.NDArray[np.float64]
    hit: npt.NDArray[np.float64]

    @property
    def concentration(self) -> npt.NDArray[np.float64]:
        """Mass over area: 1 = no preference."""
        return self.mass / self.area


def localisation(maps: Maps, masks: Mask) -> Localisation:
    """How much of each map lies inside.

    Args:
        maps: (B, H, W), ≥ 0. masks: (B, H, W).

    Raises:
        ValueError: the shapes differ.
    """
    if maps.shape != masks.shape or maps.ndim != 3:
        raise ValueError(f"maps and masks need one shape (B, H, W), got {maps.shape} and {masks.shape}")
    total = maps.sum(axis=(1, 2), dtype=np.float64)
    area = masks.mean(axis=(1, 2))
    defined = (total > 0) & (area > 0)
    inside = (maps * masks).sum(axis=(1, 2), dtype=np.float64)
    mass = np.divide(inside, total, out=np.full(len(maps), np.nan), where=defined)
    flat = maps.reshape(len(maps), -1)
    strongest = masks.reshape(len(maps), -1)[np.arange(len(maps)), flat.argmax(axis=1)]
    hit = np.where(defined, strongest.astype(np.float64), np.nan)
    return Localisation(mass, np.where(area > 0, area, np.nan), hit)


def mask_of(labels: npt.NDArray[np.integer], tags: Sequence[int], margin_px: int = 0) -> Mask:
    """Pixels of these tags and up to ``margin_px`` around them, (B, H, W)."""
    inside = np.isin(labels, list(tags))
    if margin_px == 0:
        return inside
    kernel = np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)
    return np.stack([cv2.dilate(mask.astype(np.uint8), kernel) > 0 for mask in inside])
