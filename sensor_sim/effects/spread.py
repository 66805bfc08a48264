"""Shared by effects that spread light: filters that stay fast when they are wide."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from sensor_sim.effects.effect import Light

Plane = npt.NDArray[np.float32]


def filtered(light: Light, size_px: float, fine_px: float, spread: Callable[[Plane, float], Plane]) -> Light:
    """Filter every plane; wide filters work on a smaller picture, where nothing that they leave is lost.

    Args:
        light: float32 (3, H, W), overwritten.
        size_px: size of the filter, px of this picture.
        fine_px: up to this size the filter works at full resolution.
        spread: filters a plane with a size in px of that plane.
    """
    shrink = 1 if size_px <= fine_px else 1 << math.ceil(math.log2(size_px / fine_px))
    height, width = light.shape[1:]
    small_size = (max(width // shrink, 1), max(height // shrink, 1))
    for plane in light:
        if shrink == 1:
            plane[:] = spread(plane, size_px)
        else:
            small = np.asarray(cv2.resize(plane, small_size, interpolation=cv2.INTER_AREA), np.float32)
            cv2.resize(spread(small, size_px / shrink), (width, height), dst=plane, interpolation=cv2.INTER_LINEAR)
    return light


def gaussian(plane: Plane, sigma_px: float) -> Plane:
    """Gaussian filter; borders repeat the edge pixel."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE), np.float32)


def disc(plane: Plane, radius_px: float) -> Plane:
    """Mean over a disc whose edge pixels count by the part inside; borders repeat the edge pixel."""
    return np.asarray(cv2.filter2D(plane, -1, disc_kernel(radius_px), borderType=cv2.BORDER_REPLICATE), np.float32)


def disc_kernel(radius_px: float) -> Plane:
    """Share of each pixel inside a disc, from 16 × 16 samples per pixel, sum 1: float32 (2·⌈r⌉ + 1,) × 2."""
    samples = 16
    reach = math.ceil(radius_px)
    place = (np.arange((2 * reach + 1) * samples) + 0.5) / samples - (reach + 0.5)
    inside = (place[:, None] ** 2 + place[None, :] ** 2 <= radius_px**2).astype(np.float32)
    share = inside.reshape(2 * reach + 1, samples, 2 * reach + 1, samples).mean(axis=(1, 3))
    # Below the sampling's own grain the disc is a point.
    return share / share.sum() if share.sum() > 0.0 else np.ones((1, 1), np.float32)
