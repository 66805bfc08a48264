"""Control of the failure predictor: the same student on the camera picture instead of a saliency map."""

from __future__ import annotations

import torch

from agents.monitors.crop_monitor import Stretch
from agents.monitors.student_monitor import StudentMonitor


class CameraStudentMonitor(StudentMonitor):
    """Scores |SWA error predicted from the grey camera picture|, degrees."""

    name = "camera_student"
    role = "camera_student"

    def pictures(self, stretch: Stretch) -> torch.Tensor:
        """The grey crops."""
        return stretch.network_input("grey")
