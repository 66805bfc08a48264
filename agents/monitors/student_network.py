"""The failure predictor's network: one-channel PilotNet, output = the driver's signed SWA error, degrees."""

from __future__ import annotations

import torch

from agents.errors import MonitorError, WeightsError
from agents.network_file import LoadedNetwork


def check_one_channel(loaded: LoadedNetwork) -> None:
    """A student sees one channel: a map or a grey picture.

    Raises:
        WeightsError: the file holds another network.
    """
    if loaded.network.config.channels != 1:
        raise WeightsError(
            f"{loaded.path}: a student has one input channel, this one has {loaded.network.config.channels}"
        )


def predicted_errors_deg(loaded: LoadedNetwork, pictures: torch.Tensor) -> torch.Tensor:
    """Predicted signed errors (prediction − reference) of a batch.

    Args:
        loaded: student.
        pictures: (B, 1, H, W), 0..255; rounded to whole grey levels, as the stored training inputs are.

    Returns:
        (B,), degrees.
    """
    wanted = (loaded.network.config.height, loaded.network.config.width)
    if tuple(pictures.shape[1:]) != (1, *wanted):
        raise MonitorError(
            f"{loaded.path.name} wants pictures of {wanted[0]}×{wanted[1]} px with one channel, "
            f"got {tuple(pictures.shape)}"
        )
    return student_pass(loaded, pictures)[0]


def student_pass(loaded: LoadedNetwork, pictures: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Predicted errors (B,), degrees, and the maps of each convolution, (B, C, h, w)."""
    with torch.inference_mode():
        passed: tuple[torch.Tensor, tuple[torch.Tensor, ...]] = loaded.network.forward_with_activations(
            pictures.to(loaded.device).round().clamp(0.0, 255.0)
        )
    return passed
