"""The failure predictor of Mohseni et al. 2019: where a network looked, read by a student, tells its error.

The maps are VisualBackProp maps of one of two networks, fixed when the student was trained and stored in its
file: ``"driver"`` (the maps of the very pass that steered, from its stored activations) or ``"teacher"`` (a
weakly trained network of its own, as in the paper, which looks at the same picture).
"""

from __future__ import annotations

from pathlib import Path

import torch

from agents.errors import MonitorError, WeightsError
from agents.monitors.student_monitor import StudentMonitor
from agents.network_file import LoadedNetwork, load_network
from agents.pilotnet import PILOTNET_CONVOLUTIONS
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput
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

    def __init__(self, weights: Path | None = None, device: str = "cpu", name: str | None = None) -> None:
        super().__init__(weights, device, name)
        self._teacher = _teacher_of(self._loaded, device)

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Predicted error of the driver on this frame.

        Raises:
            MonitorError: the student needs the driver's activations and the agent has none.
        """
        activations = self._activations(frame, agent_output)
        size = (self._loaded.network.config.height, self._loaded.network.config.width)
        with torch.inference_mode():
            maps = visualbackprop(activations, PILOTNET_CONVOLUTIONS, size).maps
        return self._judge(maps * 255.0)

    def _activations(self, frame: Frame, agent_output: AgentOutput) -> tuple[torch.Tensor, ...]:
        if self._teacher is None:
            if agent_output.activations is None:
                raise MonitorError(
                    f"monitor {self.name!r} reads the driver's activations, but this agent has none: "
                    "use a student trained on a teacher's maps"
                )
            return agent_output.activations
        # The teacher looks at the frame itself: what another agent calls its input may be scaled otherwise.
        x = self._teacher.preprocessing.network_input(frame, self._teacher.device)
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
