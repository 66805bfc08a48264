"""What every saliency method gives: maps in [0, 1] per picture, and what normalisation took away from them."""

from __future__ import annotations

from typing import NamedTuple

import torch

_SMALLEST_RANGE = torch.finfo(torch.float32).tiny


class SaliencyMaps(NamedTuple):
    """Maps of a batch and what normalisation took away from them.

    Attributes:
        maps: (B, 1, H, W) float32, [0, 1] per picture; zeros where ``zero`` is set.
        zero: (B,) bool, the map had no contrast (usually: a dead last layer) and could not be normalised.
        low, high: (B,) value of the map that became 0 and 1: global dimming shows here, not in ``maps``.
    """

    maps: torch.Tensor
    zero: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor


def normalised(raw: torch.Tensor) -> SaliencyMaps:
    """Min-max to [0, 1] per picture; a map without contrast becomes zeros with its status set.

    Args:
        raw: (B, 1, H, W), what a method found; take the size of signed maps first.
    """
    low = raw.amin(dim=(1, 2, 3))
    high = raw.amax(dim=(1, 2, 3))
    spread = high - low
    zero = spread < _SMALLEST_RANGE
    scale = torch.where(zero, torch.zeros_like(spread), 1.0 / torch.where(zero, 1.0, spread))
    maps = (raw - low[:, None, None, None]) * scale[:, None, None, None]
    return SaliencyMaps(maps, zero, low, high)
