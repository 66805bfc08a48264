"""A heat map laid over its picture, for people."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agents.protocol import Frame

RED = np.array([255.0, 40.0, 30.0])
STRONGEST_COVER = 0.85


def overlay(crop: Frame, attention_map: npt.NDArray[np.floating], enlarge: int = 2) -> Frame:
    """The crop dimmed to grey with the map in red over it.

    Args:
        crop: uint8 RGB (H, W, 3). attention_map: (H, W), [0, 1]. enlarge: factor of the result's size.

    Returns:
        uint8 RGB (H · enlarge, W · enlarge, 3).

    Raises:
        ValueError: the sizes differ.
    """
    if attention_map.shape != crop.shape[:2]:
        raise ValueError(f"a map of {attention_map.shape} does not fit a picture of {crop.shape[:2]}")
    grey = np.repeat(crop.mean(axis=2, keepdims=True), 3, axis=2)
    cover = STRONGEST_COVER * np.asarray(attention_map, dtype=np.float64)[..., None]
    mixed = np.rint(grey * (1.0 - cover) + RED * cover).astype(np.uint8)
    size = (crop.shape[1] * enlarge, crop.shape[0] * enlarge)
    return np.asarray(cv2.resize(mixed, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
