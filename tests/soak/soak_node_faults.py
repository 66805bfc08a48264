"""Half a minute without a node: its network is gone, or the whole machine stands still. ``make soak``."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from harness.cluster.guardian import descendants
from harness.cluster.scheduler import Scheduler
from harness.cluster.worker import WorkerSettings
from harness.results.index import read_index
from harness.results.reader import read_attempts
from harness.results.store import verify
from harness.simulation.simulator import Simulator
from tests.campaign_process import Campaign, scenario_file, start_campaign, wait_until
from tests.harness.cluster.conftest import listening
from tests.harness.cluster.executors import ArithmeticExecutor, Task
from tests.harness.cluster.test_scheduler import Collector
from tests.soak.outcomes import planned_ids, settle, stored_ids
from tests.soak.two_hosts import TwoHosts, ray_on, simulators_on, two_hosts

__all__ = ["listening"]

SILENCE_S = 30.0
TIMEOUT_S = 1200.0
OF_A_WORKER = ("client_main", "EpisodeWorker")
HAS_NETWORKS = (
    shutil.which("ip") is not None
    and subprocess.run(["unshare", "--user", "--map-root-user", "--net", "true"], capture_output=True).returncode == 0
)
pytestmark = pytest.mark.timeout(2 * TIMEOUT_S)


@pytest.mark.skipif(not HAS_NETWORKS, reason="this kernel does not let users make networks")
def test_a_network_that_fails_for_half_a_minute_costs_no_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packets between both nodes get lost without a word while both of them drive a campaign."""
    began = time.monotonic()
    for name, value in {"AUTH_MODE": "token", "AUTH_TOKEN": secrets.token_hex(32), "USAGE_STATS_ENABLED": "0"}.items():
        monkeypatch.setenv(f"RAY_{name}", value)
    with two_hosts() as hosts, ray_on(hosts) as address, simulators_on(hosts) as simulators:
        folder = tmp_path / "results"
        campaign = start_campaign(
            folder,
            *(str(scenario_file(tmp_path)), "--ray-address", address, "--simulator", simulators, "--out", str(folder)),
            *("--set", "duration_s=2", "--set", "modes=[shadow]", "--set", "monitors=[random]", "--set", "seeds=60"),
            through=tuple(hosts.on_near()),
        )
        assert hosts.are_connected()
        wait_until(lambda: hosts.drives_on_far() and len(campaign.finished()) >= 10, campaign, TIMEOUT_S)
        hosts.cut()
        before = len(campaign.finished())
        assert not hosts.are_connected()
        time.sleep(SILENCE_S)
        meanwhile = len(campaign.finished()) - before
        hosts.mend()
        code = campaign.wait(TIMEOUT_S)
        left = _workers_left(hosts)
    assert code == 0, campaign.text()
    assert verify(folder) == []
    planned = planned_ids(folder)
    assert before + meanwhile < len(planned), "the network was to come back before the end"
    settle(
        "network of a node lost for 30 s",
        f"{meanwhile} episodes finished on the other node meanwhile, {_tried_again(campaign)} tries were repeated",
        planned,
        stored_ids(folder / "index.jsonl"),
        left,
        began,
    )


def _workers_left(hosts: TwoHosts) -> list[str]:
    """What is left of workers after a while; Ray's own processes stay with their nodes."""
    deadline = time.monotonic() + 60.0
    while True:
        left = [line for line in hosts.processes().values() if any(word in line for word in OF_A_WORKER)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.5)


def _tried_again(campaign: Campaign) -> int:
    entries = read_index(campaign.folder / "index.jsonl").values()
    return sum(len(read_attempts(campaign.folder, entry)) - 1 for entry in entries)


@pytest.fixture
def two_nodes() -> Iterator[Cluster]:
    """A head without work and two nodes with one core each, with Ray's own health checks."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for name in ("steady", "stopped"):
        cluster.add_node(num_cpus=1, resources={name: 1})
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_a_node_that_stands_still_for_half_a_minute_costs_no_episode(
    two_nodes: Cluster, listening: Simulator, tmp_path: Path
) -> None:
    """Every process of the node is stopped: its connections stay open and nothing answers."""
    began = time.monotonic()
    node = next(node for node in two_nodes.worker_nodes if "stopped" in node.get_resource_and_label_spec().resources)
    raylet = node.all_processes["raylet"][0].process.pid

    def stop_and_go_on() -> None:
        stopped = [raylet, *descendants(raylet)]
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in stopped:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            if number == signal.SIGSTOP:
                time.sleep(SILENCE_S)

    class Stopper(Collector):
        thread: threading.Thread | None = None

        def finished(self, record: object, server_version: str | None) -> None:
            super().finished(record, server_version)  # type: ignore[arg-type]
            if len(self.records) == 4 and self.thread is None:
                self.thread = threading.Thread(target=stop_and_go_on)
                self.thread.start()

    observer = Stopper()
    tasks = [Task(f"e{number}") for number in range(150)]
    simulator = Simulator("attach", endpoints=listening.endpoints * 2)
    settings = WorkerSettings(simulator, ArithmeticExecutor(str(tmp_path), task_s=0.5), str(tmp_path / "logs"))
    Scheduler(settings, 2, observer, placing_timeout_s=120).run(tasks)
    assert observer.thread is not None
    observer.thread.join()
    assert {record.outcome for record in observer.records.values()} == {"completed"}
    settle(
        "node stopped for 30 s",
        f"{len(observer.errors)} tries were repeated",
        [task.episode_id for task in tasks],
        list(observer.records),  # the collector refuses an episode that is reported twice
        None,
        began,
    )
