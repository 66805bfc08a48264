"""What a stranger's file, spec or log could try, and why it gains nothing."""

from __future__ import annotations

import ast
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agents.errors import WeightsError
from harness.campaign.errors import ScenarioError
from harness.campaign.loader import load_campaign
from harness.cluster.campaign_plan import plan_campaign
from harness.cluster.shipping import unpack
from harness.results.index import IndexCorruptError, read_index
from harness.results.schema import SchemaError
from harness.results.store import CampaignStore
from harness.simulation.processes import tree
from harness.simulation.server import SimulatorServer
from tests.campaign_process import REPOSITORY, scenario_file
from tests.harness.results.records import record

SOURCES = ("agents", "embedded_carla", "harness", "reports", "scenarios", "sensor_sim", "run_campaign.py")
UNSAFE = {
    "yaml": {"load", "load_all", "full_load", "unsafe_load"},
    "pickle": {"load", "loads", "Unpickler"},
    "torch": {"load"},
    "joblib": {"load"},
    "marshal": {"loads"},
    "os": {"system"},
}
LISTENING = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


def test_no_source_reads_yaml_or_weights_in_a_way_that_runs_code() -> None:
    found = []
    for source in SOURCES:
        root = REPOSITORY / source
        for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    if node.attr in UNSAFE.get(node.value.id, ()):
                        found.append(f"{path.relative_to(REPOSITORY)}:{node.lineno}")
                elif (
                    isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec")
                ):
                    found.append(f"{path.relative_to(REPOSITORY)}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir [{mark}]", "!!python/name:os.system"])
def test_a_scenario_cannot_name_python_objects(tmp_path: Path, tag: str) -> None:
    scenario, mark = scenario_file(tmp_path), tmp_path / "mark"
    scenario.write_text(scenario.read_text() + f"description: {tag.format(mark=mark)}\n")
    with pytest.raises(ScenarioError, match="not valid YAML"):
        plan_campaign(scenario)
    with pytest.raises(ScenarioError, match="not valid YAML"):
        plan_campaign(scenario_file(tmp_path), [f"description={tag.format(mark=mark)}"])
    assert not mark.exists()


def test_a_pickle_in_place_of_weights_is_refused_with_the_reason_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mark = tmp_path / "mark"
    (tmp_path / "evil.safetensors").write_bytes(pickle.dumps(Trap(mark)))
    with pytest.raises(WeightsError, match="runs whatever code"):
        plan_campaign(scenario_file(tmp_path), ["agent=evil.safetensors"])
    assert not mark.exists()


@pytest.mark.parametrize("name", ["../elsewhere", "/etc/cron.d/x", "a/b", "..", ".hidden"])
def test_names_in_a_spec_lead_to_no_other_folder(tmp_path: Path, name: str) -> None:
    scenario = scenario_file(tmp_path)
    for key in ("campaign", "roads.0.name", "conditions.0.name"):
        with pytest.raises(ScenarioError, match="pattern"):
            plan_campaign(scenario, [f"{key}={name}"])


def test_no_record_index_or_shipped_file_leads_out_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    with CampaignStore.create(folder) as store, pytest.raises(SchemaError, match="plain file name"):
        store.add_episode(record(clips={"../../evil.mp4": b"x"}))
    line = '{"schema_version":1,"episode_id":"e","outcome":"completed","files":[["episodes/../../x",1,"0"]]}\n'
    (folder / "index.jsonl").write_text(line)
    with pytest.raises(IndexCorruptError, match="leads out of the results folder"):
        read_index(folder / "index.jsonl")
    places = unpack({"/etc/passwd": b"x", "../../up.safetensors": b"y"}, tmp_path / "worker")
    assert all((tmp_path / "worker") in place.resolve().parents for place in places.values())


def test_the_embedded_server_listens_on_the_loopback_interface_alone(tmp_path: Path) -> None:
    with SimulatorServer(log_dir=tmp_path) as server:
        assert server.pid is not None
        ours = {str(fd.readlink()) for process in tree(server.pid) for fd in Path(f"/proc/{process.pid}/fd").iterdir()}
        listening: dict[int, set[str]] = {}
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and f"socket:[{fields[9]}]" in ours:
                    address, _, port = fields[1].partition(":")
                    listening.setdefault(int(port, 16), set()).add(address)
    assert {server.port, server.port + 1} <= set(listening)
    assert set().union(*listening.values()) <= LOOPBACK


def test_code_comes_only_from_modules_that_a_person_names(tmp_path: Path) -> None:
    """Files with the names of libraries, beside the scenario and where the command is given, are left alone."""
    scenario = scenario_file(tmp_path)
    trap = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"
    for name in ("yaml", "numpy", "expert", "random_monitor", "sitecustomize", "named_by_nobody"):
        (tmp_path / f"{name}.py").write_text(trap)
    command = [sys.executable, str(REPOSITORY / "run_campaign.py"), str(scenario), "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.ran")) == []


@pytest.mark.parametrize("name", ["evil.safetensors", "renamed.pt.safetensors"])
def test_a_file_of_torch_save_is_refused_as_weights_whatever_its_name(
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
