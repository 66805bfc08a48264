"""One training loop for every network here: pictures (or maps) in, degrees out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agents.steering_network import SteeringNetwork
from agents.training.dataset import NoDataError

FloatArray = npt.NDArray[np.float32]
BatchMaker = Callable[[npt.NDArray[np.int64]], torch.Tensor]
LOSS_KNEE_DEG = 5.0


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted. The learning rate follows one cycle that peaks at ``learning_rate``."""

    epochs: int
    learning_rate: float
    batch_size: int = 128
    weight_decay: float = 1e-5
    seed: int = 0


@dataclass
class FitHistory:
    """What a training reached, for the model card."""

    train_loss: list[float] = field(default_factory=list)
    validation_mae_deg: list[float] = field(default_factory=list)
    seconds: float = 0.0


def fit(
    network: SteeringNetwork,
    batch: BatchMaker,
    target_deg: FloatArray,
    settings: FitSettings,
    device: str,
    validate: Callable[[SteeringNetwork], float] | None = None,
    sample_weight: FloatArray | None = None,
    report: Callable[[str], None] = print,
) -> FitHistory:
    """Fit in place with smooth L1 (knee 5°), Adam and a one-cycle rate.

    Args:
        network: fitted in place. batch: indices (B,) -> network input (B, C, H, W) float32, 0..255.
        target_deg: (N,). validate: network -> MAE in degrees, called after each epoch.
        sample_weight: (N,) probability weight of being drawn; None = every sample once per epoch.
        device: where the network is trained. report: gets one line per epoch.

    Returns:
        What was reached. The network is left in evaluation mode.

    Raises:
        NoDataError: no sample.
    """
    # Drop-out draws from torch's global generator: seeded here, and given back as it was.
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        return _fit(network, batch, target_deg, settings, device, validate, sample_weight, report)


def _fit(
    network: SteeringNetwork,
    batch: BatchMaker,
    target_deg: FloatArray,
    settings: FitSettings,
    device: str,
    validate: Callable[[SteeringNetwork], float] | None,
    sample_weight: FloatArray | None,
    report: Callable[[str], None],
) -> FitHistory:
    if len(target_deg) == 0:
        raise NoDataError("there is no sample to fit on")
    rng = np.random.default_rng(settings.seed)
    size = min(settings.batch_size, len(target_deg))
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * (len(target_deg) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=max(steps, 2))
    history, started = FitHistory(), time.monotonic()
    for epoch in range(settings.epochs):
        network.train()
        order = _draw(rng, len(target_deg), sample_weight)
        losses = []
        for start in range(0, len(order) - size + 1, size):
            index = order[start : start + size]
            inputs = batch(index).to(device=device, memory_format=torch.channels_last)
            wanted = torch.from_numpy(target_deg[index]).to(device)
            loss = functional.smooth_l1_loss(network(inputs), wanted, beta=LOSS_KNEE_DEG)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        history.train_loss.append(round(float(np.mean(losses)), 4))
        if validate is not None:
            history.validation_mae_deg.append(round(validate(network), 3))
        shown = history.validation_mae_deg[-1] if history.validation_mae_deg else None
        report(f"  epoch {epoch + 1}/{settings.epochs}: loss {history.train_loss[-1]:.3f}, validation MAE {shown} deg")
    history.seconds = round(time.monotonic() - started, 1)
    network.eval()
    return history


def predict(network: SteeringNetwork, batch: BatchMaker, count: int, device: str, batch_size: int = 256) -> FloatArray:
    """Degrees for samples 0..count-1, (count,) float32."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, count, batch_size):
            index = np.arange(start, min(start + batch_size, count))
            inputs = batch(index).to(device=device, memory_format=torch.channels_last)
            parts.append(network(inputs).float().cpu().numpy())
    return np.concatenate(parts)


def _draw(rng: np.random.Generator, count: int, weight: FloatArray | None) -> npt.NDArray[np.int64]:
    if weight is None:
        return rng.permutation(count)
    share = weight.astype(np.float64) / float(weight.sum(dtype=np.float64))
    return rng.choice(count, size=count, p=share)
