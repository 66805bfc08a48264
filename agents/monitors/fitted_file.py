"""Monitors whose fitted numbers lie in one safetensors file, with what they rest on named by hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from agents.errors import WeightsError
from agents.weights_io import WEIGHTS_FOLDER, Weights, load_weights


def load_fitted(path: Path | None, role: str) -> Weights:
    """The file of a role; the shipped one by default.

    Raises:
        WeightsError: missing, damaged or of another role.
    """
    weights = load_weights(path or WEIGHTS_FOLDER / f"{role}.safetensors")
    found: Any = weights.config.get("role")
    if found != role:
        raise WeightsError(f"{weights.path}: these weights are a {found!r}, not a {role!r}; name another file")
    torch.set_num_threads(1)
    return weights
