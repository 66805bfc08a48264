"""A shadow run keeps what learned monitors look at: scored again from disk, they give the very scores of the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from agents.monitors.student_network import predicted_errors_deg
from agents.network_file import load_network
from agents.preprocessing import to_network_input
from agents.registry import make_agent, make_monitor
from agents.weights_io import WEIGHTS_FOLDER
from harness.cluster.driving import DrivingExecutor
from harness.cluster.pulse import Pulse
from harness.results.reader import read_monitor_inputs
from harness.results.store import CampaignStore
from harness.simulation.monitor_inputs import crops_of
from harness.simulation.server import SimulatorServer
from tests.harness.simulation.episodes import NOISE, column, episode


def test_a_stored_run_is_scored_offline_as_it_was_in_the_loop(simulator: SimulatorServer, tmp_path: Path) -> None:
    hashes = {
        "pilotnet": make_agent("pilotnet").weights_sha256,
        "camera_student": make_monitor("camera_student").weights_sha256,
    }
    spec = episode(agent="pilotnet", monitors=["camera_student"], conditions=[NOISE], duration_s=2.0, hashes=hashes)
    executor = DrivingExecutor(timeout_s=120.0, keep_monitor_inputs=True)
    executor.prepare(Pulse(), tmp_path)
    executor.open(simulator.host, simulator.port)
    record = executor.run(spec)
    with CampaignStore.create(tmp_path / "campaign") as store:
        entry = store.add_episode(record)
    table = read_monitor_inputs(tmp_path / "campaign", entry)
    assert table["tick"].to_pylist() == column(record, "tick").tolist()
    student = load_network(WEIGHTS_FOLDER / "camera_student.safetensors", "camera_student")
    inputs = to_network_input(crops_of(table), "grey")
    with torch.inference_mode():
        scores = [abs(float(predicted_errors_deg(student, one[None])[0])) for one in inputs]
    assert np.array_equal(np.asarray(scores, dtype=np.float32), column(record, "score__camera_student"))


def test_log_runs_keep_what_monitors_look_at_and_expert_runs_nothing(
    simulator: SimulatorServer, tmp_path: Path
) -> None:
    executor = DrivingExecutor(timeout_s=120.0, keep_monitor_inputs=True)
    executor.prepare(Pulse(), tmp_path)
    executor.open(simulator.host, simulator.port)
    assert executor.run(episode("expert", duration_s=0.5)).monitor_inputs is None
    watched = executor.run(episode("log", duration_s=0.5))
    assert watched.monitor_inputs is not None
    assert watched.monitor_inputs["tick"].to_pylist() == column(watched, "tick").tolist()
