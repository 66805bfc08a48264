"""Failure predictors of equal budget for any one-channel picture: same frames, same epochs, same network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.watched_driver import flat_features
from agents.pilotnet import PilotNet, PilotNetConfig, transfer_convolutions
from agents.steering_network import SteeringNetwork
from agents.training.dataset import Rows
from agents.training.dense_fit import DenseSettings, answers_of, fit_heads
from agents.training.fit import LOSS_KNEE_DEG, FitSettings, fit, predict

EPOCHS = 12
HEAD = DenseSettings(hidden=(100,), epochs=EPOCHS, dropout=0.2, members=3)
NETWORK = FitSettings(epochs=EPOCHS, learning_rate=1e-3, batch_size=32)
"""Rate of the shipped students; the batch is small because so few frames of a large one would give too few steps."""
RANDOM_SEED = 12
BATCH = 32

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Tensors = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class StudentKind:
    """Where the convolutions come from (the weak teacher, or chance), and whether they are fitted with the rest.

    Kept convolutions carry the mean of three small heads, fitted ones the dense layers of PilotNet.
    """

    name: str
    transferred: bool
    fitted: bool

    def network(self, seed: int, teacher: SteeringNetwork) -> PilotNet:
        """What is fitted, or what the heads are put on."""
        network = PilotNet(PilotNetConfig(channels=1), seed=RANDOM_SEED + seed)
        if self.transferred:
            transfer_convolutions(teacher, network)
        return network.eval()


KINDS = (
    StudentKind("transferred_kept", transferred=True, fitted=False),
    StudentKind("random_kept", transferred=False, fitted=False),
    StudentKind("from_scratch", transferred=False, fitted=True),
    StudentKind("transferred_fitted", transferred=True, fitted=True),
)


def fit_student(
    kind: StudentKind, seed: int, pictures: Pictures, error_deg: Floats, train: Rows, teacher: SteeringNetwork
) -> Tensors:
    """Fit one student to the driver's signed error; what it learned, by name.

    Args:
        seed: of the fit, and of what is drawn at random.
        pictures, error_deg: of all frames, (N, H, W) and degrees (N,).
        train: rows of them to fit on. teacher: whose convolutions are transferred.
    """
    network = kind.network(seed, teacher)
    if kind.fitted:
        seen, wanted = pictures[train], error_deg[train].astype(np.float32)
        fit(network, _batches(seen), wanted, replace(NETWORK, seed=seed), "cpu", report=lambda _: None)
        return {name: value.contiguous().numpy() for name, value in network.state_dict().items()}
    return {name: value.numpy() for name, value in _heads(network, seed, pictures, error_deg, train).items()}


def answers(kind: StudentKind, seed: int, learned: Tensors, pictures: Pictures, teacher: SteeringNetwork) -> Floats:
    """The error that a student predicts of each picture, degrees, (N,); ``learned``: what `fit_student` gave."""
    network = kind.network(seed, teacher)
    tensors = {name: torch.from_numpy(value) for name, value in learned.items()}
    if kind.fitted:
        network.load_state_dict(tensors)
        return predict(network, _batches(pictures), len(pictures), "cpu").astype(np.float64)
    of_members = answers_of(tensors, _features(pictures, network))[..., 0]
    return of_members.mean(axis=0).astype(np.float64) * LOSS_KNEE_DEG


def _batches(pictures: Pictures) -> Callable[[npt.NDArray[np.int64]], torch.Tensor]:
    return lambda index: torch.from_numpy(pictures[index]).unsqueeze(1).float()


def _heads(
    network: PilotNet, seed: int, pictures: Pictures, error_deg: Floats, train: Rows
) -> Mapping[str, torch.Tensor]:
    taught = np.zeros((HEAD.members, len(pictures)), dtype=np.float32)
    taught[:, train] = 1.0

    def loss(answered: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        wanted = target[:, 0].expand(answered.shape[:2])
        return torch.nn.functional.smooth_l1_loss(answered[..., 0], wanted, reduction="none")

    target = np.nan_to_num(error_deg)[:, None] / LOSS_KNEE_DEG
    return fit_heads(_features(pictures, network), target, taught, loss, replace(HEAD, seed=seed))


def _features(pictures: Pictures, network: PilotNet) -> npt.NDArray[np.float32]:
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            x = torch.from_numpy(pictures[start : start + BATCH]).unsqueeze(1).float()
            parts.append(flat_features(network.forward_with_activations(x)[1]).numpy())
    return np.concatenate(parts)
