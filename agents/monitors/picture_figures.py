"""Plain figures of a grey road crop that several monitors read."""

from __future__ import annotations

import torch
from torch.nn import functional

_BLOCK_PX = 6


def small_pictures(grey: torch.Tensor) -> torch.Tensor:
    """Grey levels averaged over blocks of 6 px, (T, H // 6, W // 6); grey (T, 1, H, W)."""
    return functional.avg_pool2d(grey, _BLOCK_PX)[:, 0]


def log_detail(grey: torch.Tensor) -> torch.Tensor:
    """log(1 + mean square of the Laplacian), (T,); grey (T, 1, H, W)."""
    laplacian = grey[:, :, 1:-1, 1:-1] * 4.0 - (
        grey[:, :, :-2, 1:-1] + grey[:, :, 2:, 1:-1] + grey[:, :, 1:-1, :-2] + grey[:, :, 1:-1, 2:]
    )
    return torch.log1p(laplacian.square().mean(dim=(1, 2, 3)))
