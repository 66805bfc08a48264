"""Networks from ONNX files at the wheel of the real loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from agents.onnx_export import export
from agents.weights_io import WEIGHTS_FOLDER
from examples.own_onnx_network import make_network
from harness.simulation.session import CarlaSession
from tests.harness.simulation.episodes import STRAIGHT, column, drive, episode

CAMERA = {"width_px": 320, "height_px": 180}


def test_the_example_network_keeps_a_straight_lane(
    session: CarlaSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save_model(make_network(), "own.onnx")
    record = drive(session, episode(agent="own.onnx", segments=STRAIGHT, camera=CAMERA, duration_s=4.0))
    assert record.outcome == "completed" and record.events["departures"] == []
    assert np.abs(column(record, "lateral_offset_m")).max() < 0.6
    assert np.ptp(column(record, "swa_agent_deg")) > 1.0  # it does steer


def test_the_exported_driver_drives_as_the_one_it_came_from(
    session: CarlaSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    export(WEIGHTS_FOLDER / "pilotnet.safetensors", Path("exported.onnx"))
    ours, theirs = (
        drive(session, episode(agent=name, camera=CAMERA, duration_s=3.0)) for name in ("pilotnet", "exported.onnx")
    )
    assert np.abs(column(ours, "swa_agent_deg") - column(theirs, "swa_agent_deg")).max() < 0.05
    assert column(ours, "lateral_offset_m") == pytest.approx(column(theirs, "lateral_offset_m"), abs=1e-3)
