"""What a file from a stranger can make this program do: nothing but be refused."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
import torch

from agents.errors import WeightsError
from harness.campaign.errors import ScenarioError
from harness.campaign.loader import load_campaign
from harness.cluster.campaign_plan import plan_campaign
from harness.results.index import IndexCorruptError, read_index
from harness.simulation.server import REPOSITORY, SimulatorServer
from tests.campaign_process import scenario_file

OURS = ("agents", "embedded_carla", "harness", "reports", "scenarios", "sensor_sim")
FORBIDDEN = {
    ("yaml", "load"), ("yaml", "unsafe_load"), ("yaml", "full_load"), ("torch", "load"), ("pickle", "load"),
    ("pickle", "loads"), ("marshal", "loads"), ("os", "system"),
}  # fmt: skip


def test_no_source_file_reads_yaml_or_pickles_unsafely() -> None:
    found = []
    for package in OURS:
        for path in (REPOSITORY / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                called = node.func
                if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                    if (called.value.id, called.attr) in FORBIDDEN:
                        found.append(f"{path}:{node.lineno}")
                elif isinstance(called, ast.Name) and called.id in ("eval", "exec"):
                    found.append(f"{path}:{node.lineno}")
    assert not found


def test_yaml_that_wants_to_run_code_is_refused(tmp_path: Path) -> None:
    path, trap = tmp_path / "evil.yaml", tmp_path / "trap"
    path.write_text(f"campaign: !!python/object/apply:pathlib.Path.touch [{trap}]\n")
    with pytest.raises(ScenarioError, match="not valid YAML"):
        load_campaign(path)
    with pytest.raises(ScenarioError, match="not valid YAML"):
        load_campaign(scenario_file(tmp_path), [f"description=!!python/object/apply:pathlib.Path.touch [{trap}]"])
    assert not trap.exists()


@pytest.mark.parametrize("name", ["evil.safetensors", "renamed.pt.safetensors"])
def test_a_pickle_is_refused_as_weights_whatever_its_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.zeros(2)}, tmp_path / name)
    with pytest.raises(WeightsError, match=r"this is a pickle .* runs whatever code"):
        plan_campaign(scenario_file(tmp_path), [f"agent={name}"])


@pytest.mark.parametrize("campaign", ["../escape", "/etc/cron.d", "a/b", "..", ".hidden", "con\\dos"])
def test_a_campaigns_name_cannot_lead_out_of_the_results_folder(campaign: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="campaign"):
        load_campaign(scenario_file(tmp_path), [f"campaign={json.dumps(campaign)}"])


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "episodes/../../secret", "campaign.json"])
def test_an_index_cannot_name_files_outside_of_its_episodes(path: str, tmp_path: Path) -> None:
    line = {"schema_version": 1, "episode_id": "e1", "outcome": "completed", "files": [[path, 1, "0" * 64]]}
    (tmp_path / "index.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(IndexCorruptError, match="leads out of the results folder"):
        read_index(tmp_path / "index.jsonl")


def test_only_modules_that_a_person_named_are_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stranger", "friend"):
        source = (
            "from agents.label_expert import LabelExpertAgent\n\nclass Mine(LabelExpertAgent):\n    name = 'mine'\n"
        )
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    scenario = scenario_file(tmp_path)
    plan_campaign(scenario)
    assert not {"stranger", "friend"} & set(sys.modules)
    plan_campaign(scenario, ["agent=friend:Mine"])
    assert "friend" in sys.modules and "stranger" not in sys.modules


def test_the_server_listens_on_the_loopback_interface_only(tmp_path: Path) -> None:
    with SimulatorServer(log_dir=tmp_path) as server:
        tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
        listening = [line.split()[1].rpartition(":") for lines in tables for line in lines if line.split()[3] == "0A"]
        bound = {int(port, 16): address for address, _, port in listening}
        assert bound[server.port] == bound[server.port + 1] == "0100007F"
