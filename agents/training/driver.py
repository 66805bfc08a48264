"""Fit the driving network: crops to the label expert's SWA."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from agents.pilotnet import PilotNet, PilotNetConfig
from agents.preprocessing import to_network_input
from agents.steering_network import SteeringNetwork
from agents.training.dataset import Frames, Rows
from agents.training.fit import BatchMaker, FitHistory, FitSettings, fit, predict

SHARP_CURVE_DEG = 30.0
SHARP_CURVE_WEIGHT = 1.7
BRIGHTNESS_RANGE = 0.15
NOISE_SIGMA_DN = 4.0


def crop_batches(crops: npt.NDArray[np.uint8], rows: Rows) -> BatchMaker:
    """These rows of the crops as YUV batches, unchanged."""
    return lambda index: to_network_input(crops[rows[index]], "yuv")


def augmented_batches(crops: npt.NDArray[np.uint8], rows: Rows, seed: int) -> BatchMaker:
    """The same with random brightness (±15 %) and weak sensor noise, as between two mornings."""
    generator = torch.Generator().manual_seed(seed)

    def make(index: npt.NDArray[np.int64]) -> torch.Tensor:
        inputs = to_network_input(crops[rows[index]], "yuv")
        gain = 1.0 + BRIGHTNESS_RANGE * (2.0 * torch.rand((len(index), 1, 1, 1), generator=generator) - 1.0)
        sigma = NOISE_SIGMA_DN * torch.rand((len(index), 1, 1, 1), generator=generator)
        luma = inputs[:, :1] * gain + sigma * torch.randn(inputs[:, :1].shape, generator=generator)
        return torch.cat([luma.clamp(0.0, 255.0), inputs[:, 1:]], dim=1)

    return make


def fit_driver(
    frames: Frames, settings: FitSettings, device: str, start_from: SteeringNetwork | None = None
) -> tuple[PilotNet, FitHistory, dict[str, float | None]]:
    """Fit a PilotNet 66×200 YUV.

    Args:
        start_from: network whose weights the fit starts from; None = fresh ones from the seed.

    Returns:
        (network, history, validation MAE in degrees by |reference SWA| range).

    Raises:
        NoDataError: too few episodes.
    """
    train, held_out = frames.holdout(frames.before_departure, share=0.1, seed=settings.seed)
    network = PilotNet(PilotNetConfig(), seed=settings.seed)
    if start_from is not None:
        network.load_state_dict(start_from.state_dict())
    label = frames.columns["swa_label_deg"][train]
    weight = np.where(np.abs(label) > SHARP_CURVE_DEG, SHARP_CURVE_WEIGHT, 1.0).astype(np.float32)
    wanted = frames.columns["swa_label_deg"][held_out]
    batches = crop_batches(frames.crops, held_out)

    def validate(candidate: SteeringNetwork) -> float:
        return float(np.abs(predict(candidate, batches, len(held_out), device) - wanted).mean())

    history = fit(
        network,
        augmented_batches(frames.crops, train, settings.seed),
        label,
        settings,
        device,
        validate,
        sample_weight=weight,
    )
    return network, history, mae_by_range(predict(network, batches, len(held_out), device), wanted, wanted)


def mae_by_range(
    predicted_deg: npt.NDArray[np.float32],
    true_deg: npt.NDArray[np.float32],
    reference_deg: npt.NDArray[np.float32],
) -> dict[str, float | None]:
    """Mean absolute error by |reference SWA| 0-30, 30-60, 60-90° (None where there is no frame) and overall."""
    error, size = np.abs(predicted_deg - true_deg), np.abs(reference_deg)
    ranges = {f"{low}-{low + 30}": (size >= low) & (size < low + 30) for low in (0, 30, 60)}
    result = {name: round(float(error[keep].mean()), 3) if keep.any() else None for name, keep in ranges.items()}
    return {**result, "all": round(float(error.mean()), 3)}
