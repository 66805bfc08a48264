"""A real Ray cluster of several nodes on this host: nodes that die, nodes that keep failing, source that is shipped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from harness.cluster.campaign_run import RunOptions, Status, run_campaign
from harness.cluster.scheduler import Scheduler
from harness.cluster.worker import Place, WorkerSettings
from harness.results.reader import read_campaign
from harness.simulation.server import REPOSITORY, SimulatorServer
from harness.simulation.simulator import Simulator
from tests.campaign_process import scenario_file
from tests.harness.cluster.executors import ArithmeticExecutor, Task
from tests.harness.cluster.test_scheduler import Collector

# A dead node is noticed within two seconds instead of half a minute.
QUICK_HEALTH_CHECKS = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 1000,
    "health_check_failure_threshold": 2,
}
TOKEN = "a" * 64


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    """A head without work and two nodes with one core each; every process of it needs the token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", TOKEN)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray._raylet.Config.initialize("")
        ray._raylet.AuthenticationTokenLoader.instance().reset_cache()
        head = {"num_cpus": 0, "include_dashboard": False, "_system_config": QUICK_HEALTH_CHECKS}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        for name in ("steady", "shaky"):
            cluster.add_node(num_cpus=1, resources={name: 1}, env_vars={"TEST_NODE": name})
        yield cluster
        cluster.shutdown()
    ray._raylet.AuthenticationTokenLoader.instance().reset_cache()


@pytest.fixture
def connected(nodes: Cluster) -> Iterator[Cluster]:
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    yield nodes
    ray.shutdown()


class Watcher(Collector):
    def __init__(self) -> None:
        super().__init__()
        self.drained: list[Place] = []

    def node_drained(self, place: Place) -> None:
        self.drained.append(place)


def settings(folder: Path, simulator: Simulator, **changes: object) -> WorkerSettings:
    return WorkerSettings(simulator, ArithmeticExecutor(str(folder), **changes), str(folder / "logs"))  # type: ignore[arg-type]


def test_a_node_that_keeps_failing_is_drained_and_named(
    connected: Cluster, listening: Simulator, tmp_path: Path
) -> None:
    watcher = Watcher()
    tasks = [Task(f"e{number}") for number in range(16)]
    two_cores = Simulator("attach", endpoints=listening.endpoints * 2)
    chosen = settings(tmp_path, two_cores, task_s=0.2, bad_node="shaky")
    Scheduler(chosen, 2, watcher, placing_timeout_s=60).run(tasks)
    assert {record.outcome for record in watcher.records.values()} == {"completed"}
    assert len(watcher.records) == 16
    (place,) = watcher.drained
    bad = next(node["NodeID"] for node in ray.nodes() if "shaky" in node["Resources"])
    assert place.node_id == bad and place.host


PROBE = """
import harness
from agents.monitors.base import MonitorBase

class Probe(MonitorBase):
    name = "probe"
    unit = "1"

    def score(self, frame, agent_output, state):
        raise RuntimeError(f"source at {harness.__path__[0]}, I am at {__file__}")
"""


def test_nodes_need_no_checkout_and_no_copy_of_a_plug_in(
    nodes: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_probe.py").write_text(PROBE)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(Path("/tmp").glob("clh-run-*"))
    with SimulatorServer(log_dir=tmp_path / "server") as server:
        options = RunOptions(
            scenario=scenario_file(tmp_path),
            out=tmp_path / "results",
            limit=1,
            ray_address=nodes.address,
            simulator=f"attach:{server.host}:{server.port}",
            overrides=("duration_s=1", "monitors=[my_probe:Probe]", "modes=[shadow]"),
        )
        result = run_campaign(options)
    assert result.status is Status.COMPLETE, result.message
    (episode,) = read_campaign(tmp_path / "results")[1]
    message = episode.events["monitor_faults"]["probe"]["message"]
    assert "runtime_resources" in message and str(tmp_path) not in message and f"{REPOSITORY}/" not in message
    campaign = json.loads((tmp_path / "results/campaign.json").read_text())
    assert campaign["runs"][0]["workers"] == 1
    assert set(Path("/tmp").glob("clh-run-*")) <= before


def test_without_the_clusters_token_nobody_gets_in(nodes: Cluster, tmp_path: Path) -> None:
    command = [sys.executable, "run_campaign.py", str(scenario_file(tmp_path)), "--ray-address", nodes.address]
    stranger = {**os.environ, "RAY_AUTH_TOKEN": "b" * 64}
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "results")],
        cwd=REPOSITORY, env=stranger, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert done.returncode == 3 and "RAY_AUTH_TOKEN" in done.stderr, done.stderr[-2000:]
    assert time.monotonic() - began < 150


def test_a_node_that_dies_in_the_middle_costs_no_episode_a_try(
    connected: Cluster, listening: Simulator, tmp_path: Path
) -> None:
    """The last of this file: it leaves the cluster with one node."""
    doomed = next(node for node in connected.worker_nodes if "shaky" in node.get_resource_and_label_spec().resources)

    class Killer(Watcher):
        killed = False

        def finished(self, record: object, server_version: str | None) -> None:
            super().finished(record, server_version)  # type: ignore[arg-type]
            if len(self.records) == 4 and not self.killed:
                self.killed = True
                doomed.kill_raylet()

    watcher = Killer()
    tasks = [Task(f"e{number}") for number in range(12)]
    two_cores = Simulator("attach", endpoints=listening.endpoints * 2)
    Scheduler(settings(tmp_path, two_cores, task_s=0.4), 2, watcher, placing_timeout_s=60).run(tasks)
    assert watcher.killed and watcher.records.keys() == {task.episode_id for task in tasks}
    assert {record.outcome for record in watcher.records.values()} == {"completed"}
    blamed = [attempt.get("blame") for record in watcher.records.values() for attempt in record.attempts]
    assert set(blamed) <= {None, "node"}
