"""The failure predictor of Mohseni et al. 2019: where a network looked, read by a student, tells its error.

The maps are VisualBackProp maps of one of two networks, fixed when the student was trained and stored in its
file: ``"driver"`` (the maps of the very pass that steered, from its stored activations) or ``"teacher"`` (a
weakly trained network of its own, as in the paper, which looks at the same picture).
"""

from __future__ import annotations

from pathlib import Path

import torch

from agents.errors import WeightsError
from agents.monitors.crop_monitor import Stretch
from agents.monitors.student_monitor import StudentMonitor
from agents.network_file import LoadedNetwork, load_network
from agents.pilotnet import PILOTNET_CONVOLUTIONS
from agents.saliency.visualbackprop import visualbackprop

TEACHER_ROLE = "driver"


class SaliencyStudentMonitor(StudentMonitor):
    """Scores |SWA error predicted from the saliency map|, degrees.

    The weights file's ``extra`` configuration says ``map_source`` ("driver" or "teacher"), and for a teacher
    ``teacher_weights`` (file name beside the student's) and ``teacher_sha256``, so the student's own hash
    covers both.
    """

    name = "saliency_student"
    role = "saliency_student"
    reads = "a teacher's map of the road crop"

    def __init__(self, weights: Path | None = None, device: str = "cpu", name: str | None = None) -> None:
        super().__init__(weights, device, name)
        self._teacher = _teacher_of(self._loaded, device)
        self.preprocessing = self._loaded.preprocessing if self._teacher is None else self._teacher.preprocessing
        self.reads_driver = self._teacher is None

    def pictures(self, stretch: Stretch) -> torch.Tensor:
        """The saliency maps.

        Raises:
            MonitorError: the student needs the driver's activations and the agent has none.
        """
        size = (self._loaded.network.config.height, self._loaded.network.config.width)
        with torch.inference_mode():
            return visualbackprop(self._watched_activations(stretch), PILOTNET_CONVOLUTIONS, size).maps * 255.0

    def _watched_activations(self, stretch: Stretch) -> tuple[torch.Tensor, ...]:
        if self._teacher is None:
            return self.activations_of(stretch)
        # The teacher looks at the crop itself: what another agent calls its input may be scaled otherwise.
        x = stretch.network_input(self._teacher.preprocessing.colour).to(self._teacher.device)
        with torch.inference_mode():
            activations: tuple[torch.Tensor, ...] = self._teacher.network.forward_with_activations(x)[1]
        return activations


def _teacher_of(student: LoadedNetwork, device: str) -> LoadedNetwork | None:
    """The network whose maps the student reads, None for the driver at the wheel."""
    source = student.extra.get("map_source")
    if source == "driver":
        return None
    if source != "teacher" or "teacher_weights" not in student.extra:
        raise WeightsError(
            f"{student.path}: map_source is {source!r}; expected 'driver', or 'teacher' with teacher_weights"
        )
    teacher = load_network(student.path.parent / str(student.extra["teacher_weights"]), TEACHER_ROLE, device)
    if teacher.sha256 != student.extra.get("teacher_sha256"):
        raise WeightsError(
            f"{teacher.path}: not the teacher that {student.path.name} was trained with (hash differs); "
            "rebuild both with `python -m agents.training.build`"
        )
    return teacher
