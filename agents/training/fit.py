"""One training loop for every network here: pictures, maps or features in, degrees out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agents.steering_network import SteeringNetwork
from agents.training.checkpoint import FitState, fingerprint, load_checkpoint, save_checkpoint
from agents.training.dataset import NoDataError

FloatArray = npt.NDArray[np.float32]
BatchMaker = Callable[[npt.NDArray[np.int64]], torch.Tensor]
LOSS_KNEE_DEG = 5.0


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted.

    Attributes:
        optimiser: "one_cycle" (AdamW, its rate follows one cycle that peaks at ``learning_rate``), or "adam" or "sgd"
            at a constant rate.
        loss: "smooth_l1" (knee 5°) or "mse", in units of the network's last layer.
        momentum: of "sgd" alone.
    """

    epochs: int
    learning_rate: float
    batch_size: int = 128
    weight_decay: float = 1e-5
    seed: int = 0
    optimiser: Literal["one_cycle", "adam", "sgd"] = "one_cycle"
    loss: Literal["smooth_l1", "mse"] = "smooth_l1"
    momentum: float = 0.0


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
    checkpoint: Path | None = None,
    time_limit_s: float | None = None,
) -> FitHistory:
    """Fit in place.

    Args:
        network: fitted in place. batch: indices (B,) -> network input (B, C, H, W) float32, 0..255.
        target_deg: (N,). validate: network -> MAE in degrees, called after each epoch.
        sample_weight: (N,) probability weight of being drawn; None = every sample once per epoch.
        device: where the network is trained. report: gets one line per epoch.
        checkpoint: file of the state after each epoch; where it is there already, the fit goes on from it as if it had
            never stopped. What ``batch`` draws itself is not in it. It stays: deleting it is the caller's.
        time_limit_s: no epoch but the first begins once the fit has taken this long; the history says how many.

    Returns:
        What was reached. The network is left in evaluation mode.

    Raises:
        NoDataError: no sample.
        CheckpointError: the checkpoint is damaged or of another fit.
    """
    # Drop-out draws from torch's global generator: seeded here, and given back as it was.
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        return _fit(
            network, batch, target_deg, settings, device, validate, sample_weight, report, checkpoint, time_limit_s
        )


def _fit(
    network: SteeringNetwork,
    batch: BatchMaker,
    target_deg: FloatArray,
    settings: FitSettings,
    device: str,
    validate: Callable[[SteeringNetwork], float] | None,
    sample_weight: FloatArray | None,
    report: Callable[[str], None],
    checkpoint: Path | None,
    time_limit_s: float | None,
) -> FitHistory:
    if len(target_deg) == 0:
        raise NoDataError("there is no sample to fit on")
    size = min(settings.batch_size, len(target_deg))
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = _fresh_state(network, settings, steps=settings.epochs * (len(target_deg) // size))
    history, of = FitHistory(), fingerprint(settings, target_deg)
    if checkpoint is not None and checkpoint.exists():
        history = FitHistory(**load_checkpoint(checkpoint, state, of))
        report(f"  goes on after epoch {len(history.train_loss)} of {checkpoint.name}")
    began, before_s = time.monotonic(), history.seconds
    for epoch in range(len(history.train_loss), settings.epochs):
        over = time_limit_s is not None and before_s + time.monotonic() - began >= time_limit_s
        if over and epoch > 0:
            report(f"  {time_limit_s:g} s are over: stopped after epoch {epoch} of {settings.epochs}")
            break
        network.train()
        order = _draw(state.rng, len(target_deg), sample_weight)
        losses = []
        for start in range(0, len(order) - size + 1, size):
            index = order[start : start + size]
            inputs = batch(index).to(device=device, memory_format=torch.channels_last)
            wanted = torch.from_numpy(target_deg[index]).to(device)
            loss = _loss(network, network(inputs), wanted, settings)
            state.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            state.optimiser.step()
            if state.schedule is not None:
                state.schedule.step()
            losses.append(float(loss.detach()))
        history.train_loss.append(round(float(np.mean(losses)), 4))
        if validate is not None:
            history.validation_mae_deg.append(round(validate(network), 3))
        history.seconds = round(before_s + time.monotonic() - began, 1)
        shown = history.validation_mae_deg[-1] if history.validation_mae_deg else None
        report(
            f"  epoch {epoch + 1}/{settings.epochs}: loss {history.train_loss[-1]:.3f}, validation MAE {shown} deg, "
            f"{history.seconds / (epoch + 1):.0f} s an epoch"
        )
        if checkpoint is not None:
            save_checkpoint(checkpoint, state, of, asdict(history))
    network.eval()
    return history


def _fresh_state(network: SteeringNetwork, settings: FitSettings, steps: int) -> FitState:
    parameters, rate = network.parameters(), settings.learning_rate
    rng = np.random.default_rng(settings.seed)
    if settings.optimiser == "one_cycle":
        adamw = torch.optim.AdamW(parameters, lr=rate, weight_decay=settings.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(adamw, rate, total_steps=max(steps, 2))
        return FitState(network, adamw, schedule, rng)
    if settings.optimiser == "adam":
        return FitState(network, torch.optim.Adam(parameters, lr=rate, weight_decay=settings.weight_decay), None, rng)
    sgd = torch.optim.SGD(parameters, lr=rate, momentum=settings.momentum, weight_decay=settings.weight_decay)
    return FitState(network, sgd, None, rng)


def _loss(network: SteeringNetwork, answer: torch.Tensor, wanted: torch.Tensor, settings: FitSettings) -> torch.Tensor:
    if settings.loss == "mse":
        scale = network.config.output_scale_deg
        return functional.mse_loss(answer / scale, wanted / scale)
    return functional.smooth_l1_loss(answer, wanted, beta=LOSS_KNEE_DEG)


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
