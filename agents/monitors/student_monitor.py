"""What the failure predictor and its control share: a one-channel network that predicts the driver's SWA error."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from agents.monitors.crop_monitor import CropMonitor, Judgements, Stretch
from agents.monitors.student_network import check_one_channel, student_pass
from agents.network_file import LoadedNetwork, load_network
from agents.weights_io import WEIGHTS_FOLDER


class StudentMonitor(CropMonitor):
    """Scores |predicted SWA error|, degrees; a subclass says what picture its network reads.

    Args:
        weights: weights file; the shipped one of this role by default.
        device: "cpu" (one thread), "cuda" or "auto".
        name: column name, if not the usual one.

    Raises:
        WeightsError: the file is missing, damaged, for another role, or not of one channel.
    """

    role: ClassVar[str]
    unit = "deg"
    declared_latency_s = 0.02

    def __init__(self, weights: Path | None = None, device: str = "cpu", name: str | None = None) -> None:
        self.name = name or self.name
        self._loaded = load_network(weights or WEIGHTS_FOLDER / f"{self.role}.safetensors", self.role, device)
        self.weights_path = self._loaded.path
        self.preprocessing = self._loaded.preprocessing
        check_one_channel(self._loaded)
        if self._loaded.device.type == "cpu":
            torch.set_num_threads(1)

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the weights file (a saliency student's names its teacher by hash)."""
        return self._loaded.sha256

    def pictures(self, stretch: Stretch) -> torch.Tensor:
        """What the network reads of each tick, (T, 1, H, W), 0..255."""
        raise NotImplementedError

    @property
    def loaded(self) -> LoadedNetwork:
        """The student's network."""
        return self._loaded

    def student_pass(self, stretch: Stretch) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Predicted errors and maps of each convolution; computed once for all who read them."""
        return stretch.once(
            f"student {self._loaded.sha256}", lambda: student_pass(self._loaded, self.pictures(stretch))
        )

    def judge(self, stretch: Stretch) -> Judgements:
        """Predicted error of the driver at each tick; the score is its size."""
        error_deg = self.student_pass(stretch)[0].cpu().numpy().astype(np.float32)
        return Judgements(score=np.abs(error_deg), swa_error_deg=error_deg)
