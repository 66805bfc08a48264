"""Fit the autoencoders on undisturbed driving: what they cannot draw again is unusual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agents.monitors.reconstruction import PictureAutoencoder, small_grey
from agents.preprocessing import to_network_input


@dataclass(frozen=True)
class ReconstructionSettings:
    """How an autoencoder is fitted (Adam, one cycle); ``prior_weight``: of the KL term of a VAE."""

    code: int
    variational: bool
    epochs: int = 12
    learning_rate: float = 3e-3
    batch_size: int = 64
    prior_weight: float = 1e-4
    seed: int = 0


AUTOENCODER = ReconstructionSettings(code=32, variational=False)
VAE = ReconstructionSettings(code=16, variational=True)


def small_pictures(crops: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Grey pictures as the autoencoders read them, (N, 1, 32, 96)."""
    return torch.cat([small_grey(to_network_input(crops[k : k + 512], "grey")) for k in range(0, len(crops), 512)])


def fit_autoencoder(pictures: torch.Tensor, settings: ReconstructionSettings) -> PictureAutoencoder:
    """Fit on pictures (N, 1, 32, 96) in [0, 1]; in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = PictureAutoencoder(settings.code, settings.variational).train()
        optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
        size = min(settings.batch_size, len(pictures))
        steps = max(2, settings.epochs * (len(pictures) // size))
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=steps)
        for _ in range(settings.epochs):
            order = torch.randperm(len(pictures))
            for start in range(0, len(order) - size + 1, size):
                x = pictures[order[start : start + size]]
                mean, log_variance = network.encode(x)
                code = mean
                loss = torch.zeros(())
                if log_variance is not None:
                    code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
                    prior = -0.5 * (1.0 + log_variance - mean.square() - log_variance.exp()).sum(dim=1).mean()
                    loss = settings.prior_weight * prior
                loss = loss + functional.mse_loss(network.decode(code), x)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                schedule.step()
    return network.eval()


def reconstruction_error(network: PictureAutoencoder, pictures: torch.Tensor) -> float:
    """Mean squared error, grey levels² (0..255)."""
    with torch.inference_mode():
        again = network.decode(network.encode(pictures)[0])
        return float((pictures - again).mul(255.0).square().mean())
