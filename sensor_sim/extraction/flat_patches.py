"""Noise of flat patches: how much codes vary where the scene does not.

A patch counts as flat when nothing but white noise is left after a plane has been taken out of it: the means of its
16 sub-blocks then vary as noise does. Fine texture passes that test, so of the flat patches of similar brightness only
the least noisy cluster is used: texture can only add variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensor_sim.effects.effect import Frame

PATCH_PX = 16
_SUB_PX = 4
_FLATNESS_LIMIT = 2.0
"""Largest ratio of the sub-block variance to that of white noise; 1 is expected, its 95 % point is about 1.7."""

_CLEARANCE_SIGMAS = 4.0
"""Distance from black and white that a patch keeps, so that clipping does not make it look less noisy."""

_CLUSTER_SPREAD = 0.27
"""Three standard deviations of a variance from 253 degrees of freedom, relative."""


@dataclass(frozen=True)
class FlatPatches:
    """Patches of one frame that are not clipped, all channels.

    Attributes:
        level: mean code, float64 (n,).
        variance: of the codes around a plane, float64 (n,), squared grey levels, rounding included.
        white: nothing but white noise is left around the plane: the patch is flat, bool (n,).
    """

    level: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]
    white: npt.NDArray[np.bool_]


def flat_patches(frame: Frame) -> FlatPatches:
    """Measure the patches of a frame, uint8 (H, W, 3)."""
    blocks = np.concatenate([_blocks(frame[:, :, channel]) for channel in range(3)])
    level = blocks.mean(axis=(1, 2))
    residual = blocks - level[:, None, None]
    place = np.arange(PATCH_PX) - 0.5 * (PATCH_PX - 1)
    norm = PATCH_PX * float((place**2).sum())
    for axis_weights in (place[None, :], place[:, None]):
        slope = (residual * axis_weights).sum(axis=(1, 2)) / norm
        residual = residual - slope[:, None, None] * axis_weights
    count = PATCH_PX**2
    variance = (residual**2).sum(axis=(1, 2)) / (count - 3)
    subs = PATCH_PX // _SUB_PX
    sub_means = residual.reshape(-1, subs, _SUB_PX, subs, _SUB_PX).mean(axis=(2, 4))
    sub_variance = (sub_means**2).sum(axis=(1, 2)) / (subs**2 - 3)
    spread = np.sqrt(variance)
    keep = (variance > 0.0) & (level - _CLEARANCE_SIGMAS * spread > 0.0) & (level + _CLEARANCE_SIGMAS * spread < 255.0)
    white = sub_variance * _SUB_PX**2 < _FLATNESS_LIMIT * variance
    return FlatPatches(level[keep], variance[keep], white[keep])


def _blocks(channel: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Whole patches of one channel, float64 (n, PATCH_PX, PATCH_PX)."""
    rows, columns = channel.shape[0] // PATCH_PX, channel.shape[1] // PATCH_PX
    whole = channel[: rows * PATCH_PX, : columns * PATCH_PX].astype(np.float64)
    return whole.reshape(rows, PATCH_PX, columns, PATCH_PX).swapaxes(1, 2).reshape(-1, PATCH_PX, PATCH_PX)


def least_noisy_cluster(variance: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which of some patches of similar brightness belong to the cluster at the lower end, bool (n,).

    Starts at the lowest tenth and moves to the mean of what lies within sampling error of it, until that stays.
    """
    centre = float(np.quantile(variance, 0.1, method="lower"))
    inside = np.abs(variance - centre) <= _CLUSTER_SPREAD * centre
    for _ in range(20):
        centre = float(variance[inside].mean())
        moved = np.abs(variance - centre) <= _CLUSTER_SPREAD * centre
        if not moved.any() or np.array_equal(moved, inside):
            break
        inside = moved
    return np.asarray(inside)
