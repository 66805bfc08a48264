"""Control of the failure predictor: the same student on the camera picture instead of a saliency map."""

from __future__ import annotations

from pathlib import Path

import torch

from agents.monitors.base import MonitorBase
from agents.monitors.student_network import check_one_channel, judgement, predicted_errors_deg
from agents.network_file import load_network
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput
from agents.weights_io import WEIGHTS_FOLDER

ROLE = "camera_student"


class CameraStudentMonitor(MonitorBase):
    """Scores |SWA error predicted from the grey camera picture|, degrees.

    Args:
        weights: weights file; the shipped one by default.
        device: "cpu" (one thread), "cuda" or "auto".
        name: column name, if not the usual one.
    """

    name = "camera_student"
    unit = "deg"
    declared_latency_s = 0.02

    def __init__(self, weights: Path | None = None, device: str = "cpu", name: str | None = None) -> None:
        self.name = name or self.name
        self._loaded = load_network(weights or WEIGHTS_FOLDER / "camera_student.safetensors", ROLE, device)
        self.weights_path = self._loaded.path
        check_one_channel(self._loaded)
        if self._loaded.device.type == "cpu":
            torch.set_num_threads(1)

    @property
    def weights_sha256(self) -> str | None:
        """Hash of the weights file."""
        return self._loaded.sha256

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Predicted error of the driver on this frame."""
        picture = self._loaded.preprocessing.network_input(frame, self._loaded.device)
        return judgement(float(predicted_errors_deg(self._loaded, picture)[0]))
