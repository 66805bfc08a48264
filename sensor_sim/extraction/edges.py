"""Straight light-dark edges, upright and level, with plateaus on both sides: where blur and colour fringes show.

Position and width come from moments of the edge's derivative, in linear light: its mean is the position, and its
variance that of the blur's box (plus the pixel's own). Both are linear in the profile, so noise adds no bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float64]

REACH_PX = 10
"""Pixels on either side of an edge that are looked at; the outer ``_PLATEAU_PX`` must be even."""

_PLATEAU_PX = 4
_ROW_STEP = 4
_HALF_ROWS = 3
"""An edge is seen in the mean of the rows from −3 to 3 around its own, and its slant between those two."""

_SMALLEST_CONTRAST = 0.12
"""Of linear light, in every channel."""

_LARGEST_SLANT = 0.12
_LARGEST_OFFSET_PX = 2.5
"""The steepest place of a wide ramp may be off its middle; further off, the ramp leaves the window."""

_UNEVEN_SHARE = 0.04
"""Largest deviation within a plateau, as a share of the contrast, beyond what noise explains."""

_RANGE = (0.004, 0.96)
"""Linear light that a plateau may have: not clipped in codes."""


@dataclass(frozen=True)
class Edges:
    """Edges of one frame; distances along their normal, from the picture's middle, px.

    Attributes:
        position: of the green edge, float64 (n,).
        across: of the edge in the other direction, float64 (n,).
        red_shift, blue_shift: position of the edge in that channel minus green's, float64 (n,).
        variance: of the green edge's derivative, px², float64 (n,).
        contrast: of the green edge, linear light, float64 (n,).
    """

    position: Plane
    across: Plane
    red_shift: Plane
    blue_shift: Plane
    variance: Plane
    contrast: Plane


def find_edges(linear: Plane, noise: float) -> Edges:
    """Edges of a frame.

    Args:
        linear: linear light, float64 (H, W, 3), 0..1.
        noise: its standard deviation at mid grey, in linear light.
    """
    parts = [_upright_edges(plane, noise) for plane in (linear, np.ascontiguousarray(linear.swapaxes(0, 1)))]
    names = ("position", "across", "red_shift", "blue_shift", "variance", "contrast")
    return Edges(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _upright_edges(linear: Plane, noise: float) -> Edges:
    height, width = linear.shape[:2]
    rows = np.arange(_HALF_ROWS, height - _HALF_ROWS, _ROW_STEP)
    smooth = np.mean([linear[rows + d] for d in range(-_HALF_ROWS, _HALF_ROWS + 1)], axis=0)
    row, column = _steepest(smooth[:, :, 1])
    offsets = np.arange(-REACH_PX, REACH_PX + 1)
    profiles = smooth[row[:, None], column[:, None] + offsets]
    ends = [linear[(rows[row] + d)[:, None], column[:, None] + offsets, 1] for d in (-_HALF_ROWS, _HALF_ROWS)]
    low, high = profiles[:, :_PLATEAU_PX].mean(axis=1), profiles[:, -_PLATEAU_PX:].mean(axis=1)
    contrast = np.abs(high - low)
    keep = (contrast > _SMALLEST_CONTRAST).all(axis=1)
    keep &= (np.minimum(low, high) > _RANGE[0]).all(axis=1) & (np.maximum(low, high) < _RANGE[1]).all(axis=1)
    allowed = _UNEVEN_SHARE * contrast + 4.0 * noise / np.sqrt(2 * _HALF_ROWS + 1)
    for side, mean in ((profiles[:, :_PLATEAU_PX], low), (profiles[:, -_PLATEAU_PX:], high)):
        keep &= (np.abs(side - mean[:, None]).max(axis=1) < allowed).all(axis=1)
    profiles, low, high, row, column = profiles[keep], low[keep], high[keep], row[keep], column[keep]
    centre, variance = _moments(profiles, low, high)
    slant = [_moments(end[keep][:, :, None], low[:, 1:2], high[:, 1:2])[0][:, 0] for end in ends]
    straight = np.abs(slant[1] - slant[0]) < 2 * _HALF_ROWS * _LARGEST_SLANT
    straight &= np.abs(centre[:, 1]) < _LARGEST_OFFSET_PX
    centre, row, column = centre[straight], row[straight], column[straight]
    return Edges(
        position=column + centre[:, 1] - 0.5 * (width - 1),
        across=rows[row] - 0.5 * (height - 1),
        red_shift=centre[:, 0] - centre[:, 1],
        blue_shift=centre[:, 2] - centre[:, 1],
        variance=variance[straight, 1],
        contrast=contrast[keep][straight, 1],
    )


def _steepest(green: Plane) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns where the slope is the largest within reach."""
    slope = np.zeros_like(green)
    slope[:, 1:-1] = np.abs(green[:, 2:] - green[:, :-2])
    width = green.shape[1]
    highest = np.zeros_like(slope)
    highest[:, REACH_PX : width - REACH_PX] = np.lib.stride_tricks.sliding_window_view(
        slope, 2 * REACH_PX + 1, axis=1
    ).max(axis=2)
    found = (slope == highest) & (slope > _SMALLEST_CONTRAST / REACH_PX)
    row, column = np.nonzero(found)
    return row, column


def _moments(profiles: Plane, low: Plane, high: Plane) -> tuple[Plane, Plane]:
    """Mean and variance of the derivative of edge profiles, px and px².

    Args:
        profiles: float64 (n, 2·REACH_PX + 1, channels).
        low, high: levels of the plateaus, float64 (n, channels).

    Returns:
        Both float64 (n, channels), NaN where there is no edge; the mean counts from the middle of the profile.
    """
    derivative = np.diff((profiles - low[:, None]) / (high - low)[:, None], axis=1)
    inner = slice(_PLATEAU_PX - 1, -(_PLATEAU_PX - 1))
    place = (np.arange(2 * REACH_PX) + 0.5 - REACH_PX)[inner, None]
    weights = derivative[:, inner]
    total = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(total > 0.5, total, np.nan)
    mean = (weights * place).sum(axis=1)
    variance = (weights * place**2).sum(axis=1) - mean**2
    return mean, variance
