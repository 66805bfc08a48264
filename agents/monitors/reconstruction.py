"""Reconstruction of the picture by an autoencoder that knows undisturbed driving only (SelfOracle 2020)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from agents.monitors.crop_monitor import CropMonitor, Judgements, Stretch
from agents.monitors.fitted_file import FittedFileMonitor

SIZE = (32, 96)
_BOTTOM = (32, 4, 12)
"""Channels, height and width of the smallest maps."""


class PictureAutoencoder(nn.Module):
    """Grey 32×96 pictures in [0, 1] through a few numbers and back.

    Args:
        code: how many numbers. variational: the encoder also gives log variances (VAE).
    """

    def __init__(self, code: int, variational: bool) -> None:
        super().__init__()
        self.variational = variational
        flat = _BOTTOM[0] * _BOTTOM[1] * _BOTTOM[2]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in ((1, 12), (12, 24), (24, 32)))
        self.to_code = nn.Linear(flat, 2 * code if variational else code)
        self.from_code = nn.Linear(code, flat)
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in ((32, 24), (24, 12), (12, 1)))

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(mean (B, code), log variance or None) of pictures (B, 1, 32, 96)."""
        for layer in self.down:
            x = functional.relu(layer(x))
        code = self.to_code(torch.flatten(x.contiguous(), 1))
        if not self.variational:
            return code, None
        mean, log_variance = code.chunk(2, dim=1)
        return mean, log_variance

    def decode(self, code: torch.Tensor) -> torch.Tensor:
        """Pictures (B, 1, 32, 96) in [0, 1] of codes (B, code)."""
        x = functional.relu(self.from_code(code)).reshape(-1, *_BOTTOM)
        for layer in list(self.up)[:-1]:
            x = functional.relu(layer(x))
        return torch.sigmoid(self.up[-1](x))


def small_grey(crops: torch.Tensor) -> torch.Tensor:
    """Grey crops (B, 1, H, W), 0..255, as the autoencoders read them: (B, 1, 32, 96) in [0, 1]."""
    return functional.interpolate(crops / 255.0, SIZE, mode="area").clamp(0.0, 1.0)


class ReconstructionMonitor(FittedFileMonitor, CropMonitor):
    """Scores the mean squared error of the reconstruction, grey levels² (0..255).

    Args:
        weights: file of the autoencoder; the shipped one of this role by default.
    """

    unit = "grey levels²"
    declared_latency_s = 0.01

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        config = self._weights.config
        self._network = PictureAutoencoder(int(config["code"]), bool(config["variational"]))
        self._network.load_state_dict(self._weights.tensors)
        self._network.eval()

    def judge(self, stretch: Stretch) -> Judgements:
        """Error of the reconstruction at each tick; a VAE decodes the mean, so nothing is drawn."""
        with torch.inference_mode():
            pictures = small_grey(stretch.network_input("grey"))
            again = self._network.decode(self._network.encode(pictures)[0])
            error = (pictures - again).mul(255.0).square().mean(dim=(1, 2, 3))
        return Judgements(score=error.numpy())


class AutoencoderMonitor(ReconstructionMonitor):
    """Scores the mean squared error of an autoencoder's reconstruction from 32 numbers."""

    name = role = "autoencoder"


class VaeMonitor(ReconstructionMonitor):
    """Scores the mean squared error of a variational autoencoder's reconstruction from 16 numbers."""

    name = role = "vae"
