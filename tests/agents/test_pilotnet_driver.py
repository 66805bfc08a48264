"""The PilotNet driver: what the network says goes out, and nonsense is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agents.errors import AgentError
from agents.network_file import save_network
from agents.pilotnet import PilotNet
from agents.pilotnet_driver import PilotNetDriver
from agents.preprocessing import Preprocessing
from agents.protocol import Agent, DrivingState, EpisodeContext, Observation
from tests.agents.car_on_a_road import Car, road

STATE: DrivingState = Car(road([(50, 0.0)]), 5.0).state()
FRAME = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)


def driver(tmp_path: Path, network: PilotNet | None = None) -> PilotNetDriver:
    path = tmp_path / "pilotnet.safetensors"
    save_network(path, network or PilotNet(seed=3), Preprocessing(), "driver", {})
    agent = PilotNetDriver(path)
    agent.reset(EpisodeContext("pair", 1, 0.05, 640, 360, 90.0))
    return agent


def test_output_is_the_networks_answer_with_its_activations(tmp_path: Path) -> None:
    agent = driver(tmp_path)
    assert isinstance(agent, Agent) and agent.name == "pilotnet" and not agent.privileged
    output = agent.act(Observation(FRAME, STATE))
    network = PilotNet(seed=3)
    network.load_state_dict({k: v.half().float() for k, v in network.state_dict().items()})
    with torch.inference_mode():
        expected, maps = network.eval().forward_with_activations(Preprocessing().network_input(FRAME))
    assert output.swa_deg == pytest.approx(float(expected[0]), abs=1e-3)
    assert output.activations is not None and output.network_input is not None
    assert [a.shape for a in output.activations] == [a.shape for a in maps]
    assert tuple(output.network_input.shape) == (1, 3, 66, 200)


def test_same_frame_same_bits(tmp_path: Path) -> None:
    agent = driver(tmp_path)
    first = agent.act(Observation(FRAME, STATE)).swa_deg
    agent.act(Observation(np.zeros_like(FRAME), STATE))
    assert agent.act(Observation(FRAME, STATE)).swa_deg == first


def test_large_answers_are_not_clipped(tmp_path: Path) -> None:
    network = PilotNet(seed=3)
    with torch.no_grad():
        network.get_submodule("dense.3").get_parameter("bias").fill_(40.0)
    assert driver(tmp_path, network).act(Observation(FRAME, STATE)).swa_deg > 1000


def test_an_answer_that_is_not_finite_is_an_agent_error(tmp_path: Path) -> None:
    network = PilotNet(seed=3)
    with torch.no_grad():
        for layer in (*network.convolutions, network.get_submodule("dense.0")):
            layer.get_parameter("weight").fill_(6e4)
    with pytest.raises(AgentError, match="tick 0"):
        driver(tmp_path, network).act(Observation(np.full_like(FRAME, 255), STATE))


def test_a_frame_of_the_wrong_kind_is_an_agent_error(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="cannot read the picture"):
        driver(tmp_path).act(Observation(FRAME[:, :, 0], STATE))
