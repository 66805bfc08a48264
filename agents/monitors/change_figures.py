"""How the picture, and what the driver makes of it, has changed: figures that new textures shift little."""

from __future__ import annotations

import torch
from torch.nn import functional

from agents.monitors.crop_monitor import Stretch
from agents.saliency.maps import SaliencyMaps

LAGS_S = (0.3, 0.8, 1.5)
"""A figure stands beside its change over each of these times."""
MOTION_S = 0.1
FIGURES = (
    *("attention_mean", "attention_log_strength", "brightness", "coarse_contrast", "log_detail"),
    *("log_motion", "white_share", "black_share", "log_distance"),
)
_BLOCK_PX = 6
_WHITE, _BLACK = 255, 2
_SMALLEST = 1e-12


def small_pictures(stretch: Stretch) -> torch.Tensor:
    """Grey levels averaged over blocks of 6 px, (T, 11, 33)."""
    return functional.avg_pool2d(stretch.network_input("grey"), _BLOCK_PX)[:, 0]


def change_figures(
    stretch: Stretch, attention: SaliencyMaps, distance: torch.Tensor, small: torch.Tensor
) -> torch.Tensor:
    """Figures of each tick, (T, 9) float32, in the order of `FIGURES`.

    Args:
        stretch: the ticks. attention: the driver's maps on them. distance: Mahalanobis of its pooled features, (T,).
        small: `small_pictures`, (M + T, 11, 33); the first M are those of the ticks `MOTION_S` and less before.
    """
    grey = stretch.network_input("grey")
    detail = grey[:, :, 1:-1, 1:-1] * 4.0 - (
        grey[:, :, :-2, 1:-1] + grey[:, :, 2:, 1:-1] + grey[:, :, 1:-1, :-2] + grey[:, :, 1:-1, 2:]
    )
    crops = torch.from_numpy(stretch.crops)
    now = small[len(small) - len(stretch) :]
    figures = (
        attention.maps.mean(dim=(1, 2, 3)),
        torch.log(attention.high.clamp_min(_SMALLEST)).flatten(),
        grey.mean(dim=(1, 2, 3)),
        now.flatten(1).std(dim=1),
        torch.log1p(detail.square().mean(dim=(1, 2, 3))),
        torch.log1p((now - small[: len(stretch)]).abs().mean(dim=(1, 2))),
        (crops == _WHITE).float().mean(dim=(1, 2, 3)),
        (crops <= _BLACK).float().mean(dim=(1, 2, 3)),
        torch.log1p(distance.clamp_min(0.0)),
    )
    return torch.stack(figures, dim=1)


def with_changes(known: torch.Tensor, lags: list[int]) -> torch.Tensor:
    """Each row beside its change over each lag, (N − max lag, F · (1 + lags)); ``known`` (N, F) begins max lag rows
    before the first."""
    first = max(lags)
    now = known[first:]
    return torch.cat([now, *(now - known[first - lag : len(known) - lag] for lag in lags)], dim=1)
