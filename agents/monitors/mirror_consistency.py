"""A driver that understands the road steers a mirrored picture the mirrored way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from agents.monitors.crop_monitor import CropMonitor, Judgements, Stretch
from agents.network_file import load_network
from agents.weights_io import WEIGHTS_FOLDER


class MirrorConsistencyMonitor(CropMonitor):
    """Scores |f(picture) + f(mirrored picture)|, degrees.

    Args:
        weights: the driver; it looks a second time, at the mirrored crop. device: "cpu", "cuda" or "auto".
    """

    name = "mirror_consistency"
    unit = "deg"
    declared_latency_s = 0.02

    def __init__(self, weights: Path | None = None, device: str = "cpu") -> None:
        self._driver = load_network(weights or WEIGHTS_FOLDER / "pilotnet.safetensors", "driver", device)
        self.weights_path = self._driver.path
        self.preprocessing = self._driver.preprocessing

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the driver's weights."""
        return self._driver.sha256

    def judge(self, stretch: Stretch) -> Judgements:
        """Disagreement with the mirror at each tick."""
        x = stretch.network_input(self._driver.preprocessing.colour).flip(3)
        with torch.inference_mode():
            other_deg = self._driver.network(x.to(self._driver.device)).cpu().numpy()
        return Judgements(score=np.abs(stretch.swa_deg + other_deg))
