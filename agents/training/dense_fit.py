"""Fit small dense networks on cached features, several members side by side in one batched product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.dense_heads import DenseHeads

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_SMALLEST_SCALE = 1e-3


@dataclass(frozen=True)
class DenseSettings:
    """How the members are fitted: AdamW, one cycle that peaks at ``learning_rate``."""

    hidden: tuple[int, ...]
    members: int = 1
    epochs: int = 10
    learning_rate: float = 2e-3
    batch_size: int = 256
    weight_decay: float = 1e-3
    dropout: float = 0.0
    input_dropout: float = 0.0
    seed: int = 0


def fit_heads(
    features: npt.NDArray[np.floating],
    target: npt.NDArray[np.floating],
    taught: npt.NDArray[np.floating],
    loss: Loss,
    settings: DenseSettings,
    first_bias: float = 0.0,
) -> dict[str, torch.Tensor]:
    """Tensors of `DenseHeads`.

    Args:
        features: (N, F). target: (N, outputs).
        taught: (M, N), weight of each sample for each member, 0 = not seen by it.
        loss: (answers (M, B, outputs), target (B, outputs)) -> (M, B).
        first_bias: where the last layer's bias starts.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        tensors = _first_tensors(features, target.shape[1], taught, settings, first_bias)
        learned = [value.requires_grad_() for name, value in tensors.items() if name not in ("mean", "scale")]
        heads = DenseHeads(tensors)
        optimiser = torch.optim.AdamW(learned, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        size = min(settings.batch_size, len(features))
        steps = max(2, settings.epochs * (len(features) // size))
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=steps)
        rng = np.random.default_rng(settings.seed)
        for _ in range(settings.epochs):
            order = rng.permutation(len(features))
            for start in range(0, len(order) - size + 1, size):
                index = order[start : start + size]
                weight = torch.from_numpy(taught[:, index].astype(np.float32))
                x = torch.from_numpy(features[index].astype(np.float32))
                answers = _with_dropout(heads, x, settings)
                value = (loss(answers, torch.from_numpy(target[index].astype(np.float32))) * weight).sum()
                optimiser.zero_grad(set_to_none=True)
                (value / weight.sum().clamp_min(1.0) * settings.members).backward()
                optimiser.step()
                schedule.step()
    return {name: value.detach() for name, value in tensors.items()}


def answers_of(tensors: dict[str, torch.Tensor], features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Answers of every member as its file will hold it (float16), (M, N, outputs)."""
    heads = DenseHeads({name: value.half().float() for name, value in tensors.items()})
    with torch.inference_mode():
        parts = [
            heads(torch.from_numpy(features[start : start + 1024].astype(np.float32))).numpy()
            for start in range(0, len(features), 1024)
        ]
    return np.concatenate(parts, axis=1)


def _first_tensors(
    features: npt.NDArray[np.floating],
    outputs: int,
    taught: npt.NDArray[np.floating],
    settings: DenseSettings,
    first_bias: float,
) -> dict[str, torch.Tensor]:
    seen = features[taught.max(axis=0) > 0].astype(np.float32)
    tensors = {
        "mean": torch.from_numpy(seen.mean(axis=0)),
        "scale": torch.from_numpy(np.maximum(seen.std(axis=0), _SMALLEST_SCALE)),
    }
    sizes = (features.shape[1], *settings.hidden, outputs)
    for k, (before, after) in enumerate(pairwise(sizes)):
        last = k == len(sizes) - 2
        spread = (0.1 if last else 1.0) * (2.0 / before) ** 0.5
        tensors[f"weight{k}"] = torch.randn((settings.members, before, after)) * spread
        tensors[f"bias{k}"] = torch.full((settings.members, 1, after), first_bias if last else 0.0)
    return tensors


def _with_dropout(heads: DenseHeads, x: torch.Tensor, settings: DenseSettings) -> torch.Tensor:
    if settings.input_dropout > 0.0:
        x = torch.nn.functional.dropout(x - heads.mean, settings.input_dropout) + heads.mean
    if settings.dropout == 0.0:
        return heads(x)
    keep = [
        torch.nn.functional.dropout(torch.ones((settings.members, len(x), weight.shape[-1])), settings.dropout)
        for weight, _ in heads.layers[:-1]
    ]
    return heads(x, keep)
