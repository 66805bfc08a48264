"""How wrong will the driver be, whichever side: expected size and upper quantile of its error.

A signed error averages to nothing where the driver errs to both sides, so these heads are fitted to its size. They read
the convolutions of a student (saliency or camera) that is there anyway.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
from torch.nn import functional

from agents.monitors.camera_student import CameraStudentMonitor
from agents.monitors.crop_monitor import CropMonitor, Judgements, Stretch
from agents.monitors.dense_heads import DenseHeads
from agents.monitors.fitted_file import FittedFileMonitor
from agents.monitors.saliency_student import SaliencyStudentMonitor
from agents.monitors.student_monitor import StudentMonitor
from agents.monitors.watched_driver import flat_features
from agents.protocol import EpisodeContext

OUTPUTS = ("size", "quantile")
QUANTILE = 0.9


class ErrorHeadMonitor(FittedFileMonitor, CropMonitor):
    """Scores one output of the heads on a student's convolutions, degrees.

    Args:
        weights: file of the heads, its student beside it; the shipped ones by default.

    Raises:
        WeightsError: a file is missing, or the student is not the one that the heads were fitted to.
    """

    unit = "deg"
    declared_latency_s = 0.02
    student: ClassVar[type[StudentMonitor]]
    output: ClassVar[str]

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__(weights)
        self._student = self._beside("student", self.student)
        self._heads = DenseHeads(self._weights.tensors)
        self.preprocessing, self.reads_driver = self._student.preprocessing, self._student.reads_driver

    def reset(self, context: EpisodeContext) -> None:
        """Start a new episode."""
        self._student.reset(context)

    def judge(self, stretch: Stretch) -> Judgements:
        """Predicted size of the error at each tick."""
        with torch.inference_mode():
            features = flat_features(self._student.student_pass(stretch)[1])
            size_deg = error_sizes_deg(self._heads, features)[:, OUTPUTS.index(self.output)]
        return Judgements(score=size_deg.numpy())


def error_sizes_deg(heads: DenseHeads, features: torch.Tensor) -> torch.Tensor:
    """(T, 2): expected |error| and its 90 % quantile, degrees, never below 0; features (T, F)."""
    return functional.softplus(heads(features)[0]) * 10.0


class CameraErrorSizeMonitor(ErrorHeadMonitor):
    """Scores the expected |SWA error|, from the camera student's convolutions."""

    name, role, output = "camera_error_size", "camera_error_heads", "size"
    student = CameraStudentMonitor


class CameraErrorQuantileMonitor(ErrorHeadMonitor):
    """Scores the 90 % quantile of |SWA error|, from the camera student's convolutions."""

    name, role, output = "camera_error_quantile", "camera_error_heads", "quantile"
    student = CameraStudentMonitor


class SaliencyErrorSizeMonitor(ErrorHeadMonitor):
    """Scores the expected |SWA error|, from the saliency student's convolutions."""

    name, role, output = "saliency_error_size", "saliency_error_heads", "size"
    student = SaliencyStudentMonitor


class SaliencyErrorQuantileMonitor(ErrorHeadMonitor):
    """Scores the 90 % quantile of |SWA error|, from the saliency student's convolutions."""

    name, role, output = "saliency_error_quantile", "saliency_error_heads", "quantile"
    student = SaliencyStudentMonitor
