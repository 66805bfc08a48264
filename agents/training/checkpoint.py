"""The state of an unfinished fit on disk, so that a killed training goes on where its last epoch ended, bit for bit."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import safetensors
import torch
from safetensors.torch import save as to_safetensors
from torch import nn

if TYPE_CHECKING:
    from agents.training.fit import FitSettings


class CheckpointError(RuntimeError):
    """A checkpoint is damaged or belongs to another fit."""


@dataclass
class FitState:
    """What changes from epoch to epoch.

    Attributes:
        optimiser, schedule, rng: as the fit uses them. schedule: None where the rate is constant.
    """

    network: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler | None
    rng: np.random.Generator


def fingerprint(settings: FitSettings, target_deg: npt.NDArray[np.float32]) -> str:
    """Which fit a checkpoint belongs to: settings and targets."""
    said = json.dumps(asdict(settings), sort_keys=True).encode()
    return hashlib.sha256(said + np.ascontiguousarray(target_deg).tobytes()).hexdigest()


def save_checkpoint(path: Path, state: FitState, of: str, history: Mapping[str, Any]) -> None:
    """Write the state after an epoch, atomically.

    Args:
        of: :func:`fingerprint` of the fit. history: plain values of what was reached so far.
    """
    optimiser = state.optimiser.state_dict()
    tensors = {f"network.{name}": value for name, value in state.network.state_dict().items()}
    for index, slots in optimiser["state"].items():
        for name, value in slots.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimiser.{index}.{name}"] = value
    tensors["torch_rng"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["cuda_rng"] = torch.cuda.get_rng_state()
    plain = {
        "of": of,
        "history": dict(history),
        "groups": optimiser["param_groups"],
        "schedule": None if state.schedule is None else state.schedule.state_dict(),
        "rng": state.rng.bit_generator.state,
    }
    # Copies: a safetensors file takes no tensor that shares memory or is laid out otherwise.
    owned = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    data = to_safetensors(owned, metadata={"state": json.dumps(plain)})
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


def load_checkpoint(path: Path, state: FitState, of: str) -> dict[str, Any]:
    """Put a stored state back, in place.

    Returns:
        The history that was stored.

    Raises:
        CheckpointError: damaged, or of another fit (other settings, data or network).
    """
    try:
        with safetensors.safe_open(str(path), framework="pt", device="cpu") as file:
            plain = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, KeyError, OSError, ValueError) as error:
        raise CheckpointError(f"{path}: damaged checkpoint ({error}); delete it to begin anew") from error
    if plain["of"] != of:
        raise CheckpointError(
            f"{path}: this checkpoint belongs to a fit with other settings or data; delete it or name another"
        )
    network = {name.removeprefix("network."): value for name, value in tensors.items() if name.startswith("network.")}
    try:
        state.network.load_state_dict(network)
    except RuntimeError as error:
        raise CheckpointError(f"{path}: the tensors do not fit this network ({error})") from error
    slots: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimiser."):
            _, index, slot = name.split(".", 2)
            slots.setdefault(int(index), {})[slot] = value
    groups = [{key: tuple(v) if key == "betas" else v for key, v in group.items()} for group in plain["groups"]]
    state.optimiser.load_state_dict({"state": slots, "param_groups": groups})
    if state.schedule is not None:
        state.schedule.load_state_dict(plain["schedule"])
    state.rng.bit_generator.state = plain["rng"]
    torch.set_rng_state(tensors["torch_rng"])
    if "cuda_rng" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["cuda_rng"])
    history: dict[str, Any] = plain["history"]
    return history
