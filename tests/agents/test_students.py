"""Failure predictors: saliency of the driver or of a teacher, and the camera control."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agents.errors import MonitorError, WeightsError
from agents.monitors.camera_student import CameraStudentMonitor
from agents.monitors.saliency_student import SaliencyStudentMonitor
from agents.network_file import save_network
from agents.pilotnet import PILOTNET_CONVOLUTIONS, PilotNet, PilotNetConfig
from agents.pilotnet_driver import PilotNetDriver
from agents.preprocessing import Preprocessing
from agents.protocol import AgentOutput, DrivingState, Observation
from agents.saliency.visualbackprop import visualbackprop
from tests.agents.car_on_a_road import Car, road

STATE: DrivingState = Car(road([(50, 0.0)]), 5.0).state()
FRAME = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
GREY = Preprocessing(colour="grey")


def half(network: PilotNet) -> PilotNet:
    """The network as its file holds it."""
    network.load_state_dict({name: tensor.half().float() for name, tensor in network.state_dict().items()})
    return network.eval()


def student_file(path: Path, role: str, **extra: str) -> Path:
    student = PilotNet(PilotNetConfig(channels=1), seed=8)
    save_network(path, student, GREY, role, {}, extra)
    return path


def expected_error(picture: torch.Tensor) -> float:
    with torch.inference_mode():
        return float(half(PilotNet(PilotNetConfig(channels=1), seed=8))(picture.round())[0])


def maps_of(seed: int) -> torch.Tensor:
    with torch.inference_mode():
        x = Preprocessing().network_input(FRAME)
        activations = half(PilotNet(seed=seed)).forward_with_activations(x)[1]
        return visualbackprop(activations, PILOTNET_CONVOLUTIONS, (66, 200)).maps * 255


def driver_output(tmp_path: Path) -> AgentOutput:
    save_network(tmp_path / "driver.safetensors", PilotNet(seed=3), Preprocessing(), "driver", {})
    return PilotNetDriver(tmp_path / "driver.safetensors").act(Observation(FRAME, STATE))


def test_driver_maps_come_from_the_stored_activations(tmp_path: Path) -> None:
    monitor = SaliencyStudentMonitor(student_file(tmp_path / "s.safetensors", "saliency_student", map_source="driver"))
    output = monitor.score(np.zeros_like(FRAME), driver_output(tmp_path), STATE)  # the frame is not looked at
    assert output.swa_error_deg == pytest.approx(expected_error(maps_of(3)), abs=0.05)
    assert output.swa_error_deg is not None and output.score == abs(output.swa_error_deg)
    with pytest.raises(MonitorError, match="activations"):
        monitor.score(FRAME, AgentOutput(swa_deg=0.0), STATE)


def test_teacher_maps_come_from_the_frame_whoever_drives(tmp_path: Path) -> None:
    sha256 = save_network(tmp_path / "teacher.safetensors", PilotNet(seed=5), Preprocessing(), "driver", {})
    path = student_file(
        tmp_path / "s.safetensors",
        "saliency_student",
        map_source="teacher",
        teacher_weights="teacher.safetensors",
        teacher_sha256=sha256,
    )
    monitor = SaliencyStudentMonitor(path)
    alone = monitor.score(FRAME, AgentOutput(swa_deg=0.0), STATE)
    assert alone.swa_error_deg == pytest.approx(expected_error(maps_of(5)), abs=0.05)
    assert monitor.score(FRAME, driver_output(tmp_path), STATE) == alone
    save_network(tmp_path / "teacher.safetensors", PilotNet(seed=6), Preprocessing(), "driver", {})
    with pytest.raises(WeightsError, match="hash differs"):
        SaliencyStudentMonitor(path)


def test_camera_student_sees_the_grey_crop(tmp_path: Path) -> None:
    monitor = CameraStudentMonitor(student_file(tmp_path / "c.safetensors", "camera_student"))
    output = monitor.score(FRAME, AgentOutput(swa_deg=0.0), STATE)
    assert output.swa_error_deg == pytest.approx(expected_error(GREY.network_input(FRAME)), abs=0.05)
    assert output == monitor.score(FRAME, AgentOutput(swa_deg=99.0), STATE)


def test_unfit_student_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="map_source is None"):
        SaliencyStudentMonitor(student_file(tmp_path / "s.safetensors", "saliency_student"))
    save_network(tmp_path / "c.safetensors", PilotNet(), Preprocessing(), "camera_student", {})
    with pytest.raises(WeightsError, match="one input channel"):
        CameraStudentMonitor(tmp_path / "c.safetensors")
    with pytest.raises(WeightsError, match=r"python -m agents\.training\.build"):
        CameraStudentMonitor(tmp_path / "none.safetensors")


def test_a_driver_of_another_size_is_a_monitor_error(tmp_path: Path) -> None:
    monitor = SaliencyStudentMonitor(student_file(tmp_path / "s.safetensors", "saliency_student", map_source="driver"))
    with torch.inference_mode():
        activations = PilotNet(PilotNetConfig(102, 364, 1)).forward_with_activations(torch.zeros((1, 1, 102, 364)))[1]
    with pytest.raises(ValueError, match="cannot have turned"):
        monitor.score(FRAME, AgentOutput(swa_deg=0.0, activations=activations), STATE)
