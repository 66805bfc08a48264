"""Finding agents and monitors by name."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from agents import registry
from agents.errors import UnknownNameError
from agents.monitors.constant import ConstantMonitor
from agents.network_file import save_network
from agents.pilotnet import PilotNet, PilotNetConfig
from agents.preprocessing import Preprocessing
from agents.protocol import Agent, Monitor
from agents.registry import agent_names, make_agent, make_monitor, monitor_names

WITHOUT_WEIGHTS = [
    "always_on",
    "clock",
    "constant",
    "current_margin",
    "curvature",
    "periodic",
    "random",
    "true_error",
]


def test_every_name_leads_to_a_class_that_carries_it() -> None:
    for table in (registry._AGENTS, registry._MONITORS):
        for name, target in table.items():
            module, _, class_name = target.partition(":")
            assert getattr(importlib.import_module(module), class_name).name == name
    assert agent_names() == sorted(registry._AGENTS) and monitor_names() == sorted(registry._MONITORS)


@pytest.mark.parametrize("name", WITHOUT_WEIGHTS)
def test_monitors_without_weights_are_made_by_name(name: str) -> None:
    monitor = make_monitor(name)
    assert isinstance(monitor, Monitor) and monitor.name == name and monitor.weights_sha256 is None


def test_expert_is_made_by_name() -> None:
    agent = make_agent("expert")
    assert isinstance(agent, Agent) and agent.name == "expert"


def test_weights_files_name_their_class_by_role(tmp_path: Path) -> None:
    driver, student = tmp_path / "Pilot-2.safetensors", tmp_path / "camera_5.safetensors"
    sha256 = save_network(driver, PilotNet(), Preprocessing(), "driver", {})
    save_network(student, PilotNet(PilotNetConfig(channels=1)), Preprocessing(colour="grey"), "camera_student", {})
    agent = make_agent(str(driver))
    assert agent.name == "pilot_2" and agent.weights_sha256 == sha256
    assert make_monitor(str(student)).name == "camera_5"
    with pytest.raises(UnknownNameError, match="'driver', which is no monitor"):
        make_monitor(str(driver))


def test_classes_from_anywhere_are_found() -> None:
    assert isinstance(make_monitor("agents.monitors.constant:ConstantMonitor"), ConstantMonitor)
    assert make_agent("agents.label_expert:LabelExpertAgent").name == "expert"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("salency_student", "did you mean 'saliency_student'"),
        ("zebra", "known: always_on"),
        ("agents.monitors.constant:ConstantMonitr", "did you mean 'ConstantMonitor'"),
        ("no.such.module:Thing", "no module 'no'"),
        ("agents.label_expert:LabelExpertAgent", "is no monitor"),
    ],
)
def test_unknown_names_get_help(name: str, hint: str) -> None:
    with pytest.raises(UnknownNameError, match=hint):
        make_monitor(name)


def test_unknown_agent_gets_help() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'pilotnet'"):
        make_agent("pilotnett")
    with pytest.raises(UnknownNameError, match="is no agent"):
        make_agent("agents.monitors.constant:ConstantMonitor")


def test_checking_names_does_not_start_pytorch() -> None:
    code = "import sys; from agents.registry import monitor_names; monitor_names(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
