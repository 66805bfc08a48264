"""Fit failure predictors: what the driver saw, or a map of where it looked, to the driver's signed error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from agents.pilotnet import PilotNet, PilotNetConfig, transfer_convolutions
from agents.preprocessing import to_network_input
from agents.saliency.visualbackprop import visualbackprop
from agents.steering_network import SteeringNetwork
from agents.training.dataset import Frames, Rows
from agents.training.driver import mae_by_range
from agents.training.fit import BatchMaker, FitHistory, FitSettings, fit, predict

FAILURE_DEG = 5.0


def saliency_inputs(network: SteeringNetwork, crops: npt.NDArray[np.uint8], device: str) -> npt.NDArray[np.uint8]:
    """VisualBackProp maps of every crop as uint8 (N, H, W), 0..255."""
    network.to(device)
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(crops), 256):
            inputs = to_network_input(crops[start : start + 256], "yuv").to(device)
            _, activations = network.forward_with_activations(inputs)
            maps = visualbackprop(activations, network.layers, (inputs.shape[2], inputs.shape[3])).maps
            parts.append((maps[:, 0] * 255.0).round().to(torch.uint8).cpu().numpy())
    return np.concatenate(parts)


def grey_inputs(crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Luma of every crop as uint8 (N, H, W)."""
    parts = [
        to_network_input(crops[k : k + 512], "grey")[:, 0].round().clamp(0, 255) for k in range(0, len(crops), 512)
    ]
    return torch.cat(parts).to(torch.uint8).numpy()


@dataclass(frozen=True)
class StudentScores:
    """Validation scores of a student, for its card."""

    mae_deg: dict[str, float | None]
    tpr_at_5deg: float | None
    fpr_at_5deg: float | None
    failure_share: float


def fit_student(
    frames: Frames,
    inputs: npt.NDArray[np.uint8],
    transfer_from: SteeringNetwork | None,
    settings: FitSettings,
    device: str,
) -> tuple[PilotNet, FitHistory, StudentScores]:
    """Fit a one-channel PilotNet on (N, H, W) uint8 pictures; target = prediction − reference, signed, degrees.

    Args:
        frames: supplies the target and the split by episode; rows match ``inputs``.
        transfer_from: teacher whose convolutions start the student (the paper's 4.3), None = from scratch.

    Returns:
        (network, history, validation scores).

    Raises:
        NoDataError: too few episodes with an agent at the wheel.
    """
    target = frames.columns["swa_agent_deg"] - frames.columns["swa_label_deg"]
    usable = frames.before_departure & np.isfinite(target)
    train, validation = frames.holdout(usable, share=0.15, seed=settings.seed)
    network = PilotNet(PilotNetConfig(channels=1), seed=settings.seed)
    if transfer_from is not None:
        transfer_convolutions(transfer_from.cpu(), network)

    def batches(rows: Rows) -> BatchMaker:
        return lambda index: torch.from_numpy(inputs[rows[index]]).unsqueeze(1).to(torch.float32)

    def validate(candidate: SteeringNetwork) -> float:
        return float(
            np.abs(predict(candidate, batches(validation), len(validation), device) - target[validation]).mean()
        )

    history = fit(network, batches(train), target[train], settings, device, validate)
    predicted = predict(network, batches(validation), len(validation), device)
    true, label = target[validation], frames.columns["swa_label_deg"][validation]
    failed, flagged = np.abs(true) > FAILURE_DEG, np.abs(predicted) > FAILURE_DEG
    scores = StudentScores(
        mae_deg=mae_by_range(predicted, true, label),
        tpr_at_5deg=_share(flagged[failed]),
        fpr_at_5deg=_share(flagged[~failed]),
        failure_share=round(float(failed.mean()), 4),
    )
    return network, history, scores


def _share(flags: npt.NDArray[np.bool_]) -> float | None:
    return round(float(flags.mean()), 4) if flags.size else None
