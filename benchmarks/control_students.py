"""Failure predictors of equal budget for any one-channel picture: same frames, same epochs, same network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

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
Seen = npt.NDArray[Any]
Tensors = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class StudentKind:
    """Where the convolutions come from (the weak teacher, or chance), and whether they are fitted with the rest.

    Kept convolutions carry the mean of three small heads, fitted ones the dense layers of PilotNet.
    """

    name: str
    transferred: bool
    fitted: bool

    @property
    def reads_alike(self) -> bool:
        """With every seed the same is read: the picture itself, or what the teacher's convolutions make of it."""
        return self.fitted or self.transferred

    def network(self, seed: int, teacher: SteeringNetwork) -> PilotNet:
        """What is fitted, or what the heads are put on."""
        network = PilotNet(PilotNetConfig(channels=1), seed=RANDOM_SEED + seed)
        if self.transferred:
            transfer_convolutions(teacher, network)
        return network.eval()

    def read(self, seed: int, pictures: Pictures, teacher: SteeringNetwork) -> Seen:
        """What the fitted layers see of pictures (N, H, W): themselves, or features (N, F) of kept convolutions."""
        return pictures if self.fitted else _features(pictures, self.network(seed, teacher))


KINDS = (
    StudentKind("transferred_kept", transferred=True, fitted=False),
    StudentKind("random_kept", transferred=False, fitted=False),
    StudentKind("from_scratch", transferred=False, fitted=True),
    StudentKind("transferred_fitted", transferred=True, fitted=True),
)


def fit_student(
    kind: StudentKind, seed: int, seen: Seen, error_deg: Floats, train: Rows, teacher: SteeringNetwork
) -> Tensors:
    """Fit one student to the driver's signed error; what it learned, by name.

    Args:
        seed: of the fit, and of what is drawn at random.
        seen, error_deg: of all frames, as `StudentKind.read` gives it, and degrees (N,).
        train: rows of them to fit on. teacher: whose convolutions are transferred.
    """
    if not kind.fitted:
        return {name: value.numpy() for name, value in _heads(seed, seen, error_deg, train).items()}
    network, wanted = kind.network(seed, teacher), error_deg[train].astype(np.float32)
    fit(network, _batches(seen[train]), wanted, replace(NETWORK, seed=seed), "cpu", report=lambda _: None)
    return {name: value.contiguous().numpy() for name, value in network.state_dict().items()}


def answers(kind: StudentKind, seed: int, learned: Tensors, seen: Seen, teacher: SteeringNetwork) -> Floats:
    """The error that a student predicts of each frame, degrees, (N,); ``learned``: what `fit_student` gave."""
    tensors = {name: torch.from_numpy(value) for name, value in learned.items()}
    if not kind.fitted:
        return answers_of(tensors, seen)[..., 0].mean(axis=0).astype(np.float64) * LOSS_KNEE_DEG
    network = kind.network(seed, teacher)
    network.load_state_dict(tensors)
    return predict(network, _batches(seen), len(seen), "cpu").astype(np.float64)


def _batches(pictures: Pictures) -> Callable[[npt.NDArray[np.int64]], torch.Tensor]:
    return lambda index: torch.from_numpy(pictures[index]).unsqueeze(1).float()


def _heads(seed: int, features: Seen, error_deg: Floats, train: Rows) -> Mapping[str, torch.Tensor]:
    taught = np.zeros((HEAD.members, len(features)), dtype=np.float32)
    taught[:, train] = 1.0

    def loss(answered: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        wanted = target[:, 0].expand(answered.shape[:2])
        return torch.nn.functional.smooth_l1_loss(answered[..., 0], wanted, reduction="none")

    target = np.nan_to_num(error_deg)[:, None] / LOSS_KNEE_DEG
    return fit_heads(features, target, taught, loss, replace(HEAD, seed=seed))


def _features(pictures: Pictures, network: PilotNet) -> npt.NDArray[np.float32]:
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            x = torch.from_numpy(pictures[start : start + BATCH]).unsqueeze(1).float()
            parts.append(flat_features(network.forward_with_activations(x)[1]).numpy())
    return np.concatenate(parts)
