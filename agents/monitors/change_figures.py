"""How the picture, and what the driver makes of it, has changed: figures that new textures shift little."""

from __future__ import annotations

import torch

from agents.monitors.crop_monitor import Stretch
from agents.monitors.picture_figures import log_detail
from agents.saliency.maps import SaliencyMaps

LAGS_S = (0.3, 0.8, 1.5)
"""A figure stands beside its change over each of these times."""
MOTION_S = 0.1
FIGURES = (
    *("attention_mean", "attention_log_strength", "brightness", "coarse_contrast", "log_detail"),
    *("log_motion", "white_share", "black_share", "log_distance"),
)
_WHITE, _BLACK = 255, 2
_SMALLEST = 1e-12


def change_figures(
    stretch: Stretch, attention: SaliencyMaps, distance: torch.Tensor, small: torch.Tensor
) -> torch.Tensor:
    """Figures of each tick, (T, 9) float32, in the order of `FIGURES`.

    Args:
        stretch: the ticks. attention: the driver's maps on them. distance: Mahalanobis of its pooled features, (T,).
        small: `small_pictures`, (M + T, 11, 33); the first M are those of the ticks `MOTION_S` and less before.
    """
    grey = stretch.network_input("grey")
    crops = torch.from_numpy(stretch.crops)
    now = small[len(small) - len(stretch) :]
    figures = (
        attention.maps.mean(dim=(1, 2, 3)),
        torch.log(attention.high.clamp_min(_SMALLEST)).flatten(),
        grey.mean(dim=(1, 2, 3)),
        now.flatten(1).std(dim=1),
        log_detail(grey),
        torch.log1p((now - small[: len(stretch)]).abs().mean(dim=(1, 2))),
        (crops == _WHITE).float().mean(dim=(1, 2, 3)),
        (crops <= _BLACK).float().mean(dim=(1, 2, 3)),
        torch.log1p(distance.clamp_min(0.0)),
    )
    return torch.stack(figures, dim=1)
