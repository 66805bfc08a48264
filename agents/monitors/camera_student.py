"""Control of the failure predictor: the same student on the camera picture instead of a saliency map."""

from __future__ import annotations

from agents.monitors.student_monitor import StudentMonitor
from agents.protocol import AgentOutput, DrivingState, Frame, MonitorOutput


class CameraStudentMonitor(StudentMonitor):
    """Scores |SWA error predicted from the grey camera picture|, degrees."""

    name = "camera_student"
    role = "camera_student"

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """Predicted error of the driver on this frame."""
        return self._judge(self._loaded.preprocessing.network_input(frame, self._loaded.device))
