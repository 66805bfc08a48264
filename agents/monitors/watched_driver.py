"""Monitors that look into the driver: its maps, its dense layers, and the proof that it is the driver they know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from agents.errors import MonitorError, WeightsError
from agents.monitors.crop_monitor import CropMonitor, Stretch
from agents.network_file import LoadedNetwork, load_network
from agents.protocol import EpisodeContext
from agents.weights_io import REBUILD_HINT

AGREEMENT_DEG = 0.5
"""Repeating the dense layers on the same maps rounds differently; another network is degrees away."""


def load_watched(extra: Mapping[str, Any], beside: Path, device: str = "cpu") -> LoadedNetwork:
    """The driver that a weights file names by ``driver_weights`` (beside it) and ``driver_sha256``.

    Raises:
        WeightsError: it is not there, or not that driver.
    """
    if "driver_weights" not in extra:
        raise WeightsError(f"{beside}: names no driver_weights; {REBUILD_HINT}")
    loaded = load_network(beside.parent / str(extra["driver_weights"]), "driver", device)
    if loaded.sha256 != extra.get("driver_sha256"):
        raise WeightsError(
            f"{loaded.path}: not the driver that {beside.name} was fitted to (hash differs); {REBUILD_HINT}"
        )
    return loaded


def flat_features(activations: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Maps of the last convolution as the dense layers read them, (T, F)."""
    return torch.flatten(activations[-1].contiguous(), 1)


def pooled_features(activations: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Mean of each map of each convolution, (T, all channels)."""
    return torch.cat([maps.mean(dim=(2, 3)) for maps in activations], dim=1)


def dense_outputs(network: torch.nn.Module, features: torch.Tensor) -> list[torch.Tensor]:
    """Output of each hidden dense layer after its ReLU, first to last, each (T, width)."""
    outputs = []
    for layer in list(network.get_submodule("dense").children())[:-1]:
        features = functional.relu(layer(features))
        outputs.append(features)
    return outputs


class DriverMonitor(CropMonitor):
    """Reads the activations of one driver; a subclass sets ``_driver`` before it judges.

    Once an episode it repeats the dense layers: maps of another network would give scores that mean nothing.
    """

    reads = "driver's maps"
    reads_driver = True
    _driver: LoadedNetwork
    _checked = False

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""
        self._checked = False

    def driver_maps(self, stretch: Stretch) -> tuple[torch.Tensor, ...]:
        """The driver's activations.

        Raises:
            MonitorError: nobody gave them, or they are of another network.
        """
        activations = self.activations_of(stretch)
        if not self._checked:
            self._check(activations, float(stretch.swa_deg[0]))
            self._checked = True
        return activations

    def _check(self, activations: tuple[torch.Tensor, ...], swa_deg: float) -> None:
        layer = next(iter(self._driver.network.get_submodule("dense").children()))
        features = flat_features(tuple(maps[:1] for maps in activations))
        with torch.inference_mode():
            fits = features.shape[1] == layer.in_features
            again_deg = float(self._driver.network.head(features)[0]) if fits else np.inf
        if not abs(again_deg - swa_deg) <= AGREEMENT_DEG:
            raise MonitorError(
                f"monitor {self.name!r} was fitted to {self._driver.path.name}, and another network drives here: "
                "fit it to that one"
            )
