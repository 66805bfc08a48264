"""Faults around whole campaigns: the disk, the terminal, the neighbour, the network. ``make soak``.

After each of them no episode is lost or doubled, no process and no temporary folder is left.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
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
from harness.results.store import verify
from harness.simulation.simulator import Simulator
from tests.campaign_process import REPOSITORY, Campaign, scenario_file, start_campaign, wait_until
from tests.harness.cluster.conftest import listening
from tests.harness.cluster.executors import ArithmeticExecutor, Task
from tests.harness.cluster.test_scheduler import Collector
from tests.soak.soak_campaign import remains

__all__ = ["listening"]

SMALL = ("--set", "duration_s=2", "--set", "modes=[shadow]", "--set", "monitors=[random]")
EPISODES = 4


def start(folder: Path, *arguments: str) -> Campaign:
    return start_campaign(folder, str(scenario_file(folder.parent)), *SMALL, "--out", str(folder), *arguments)


def complete(folder: Path) -> bool:
    lines = (folder / "index.jsonl").read_text().splitlines()
    status = json.loads((folder / "campaign.json").read_text())["status"]
    return status == "complete" and len(lines) == len(read_index(folder / "index.jsonl")) == EPISODES


def test_two_campaigns_on_one_host_do_not_disturb_each_other(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    campaigns = [start(tmp_path / name / "results", "--workers", "1") for name in ("one", "two")]
    started: dict[int, str] = {}
    while any(campaign.process.poll() is None for campaign in campaigns):
        for campaign in campaigns:
            started |= campaign.descendants()
        time.sleep(0.5)
    for campaign in campaigns:
        assert campaign.process.returncode == 0, campaign.text()
        assert complete(campaign.folder) and verify(campaign.folder) == []
    assert not remains(started)


def test_ctrl_c_twice_leaves_no_process_and_a_campaign_that_goes_on(tmp_path: Path) -> None:
    campaign = start(tmp_path / "results", "--workers", "1")
    wait_until(lambda: bool(campaign.servers()), campaign)
    started = campaign.descendants()
    os.killpg(campaign.process.pid, signal.SIGINT)
    os.killpg(campaign.process.pid, signal.SIGINT)
    campaign.wait(120)
    assert not remains(started)
    again = start_campaign(campaign.folder, "--resume", str(campaign.folder), "--workers", "1")
    assert again.wait(400) == 0, again.text()
    assert complete(campaign.folder)


# In a namespace of its own a test may mount a small or a read-only disk without being root.
MOUNT = ["unshare", "--user", "--map-root-user", "--mount"]
CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run([*MOUNT, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
)


@pytest.mark.skipif(not CAN_MOUNT, reason="this kernel does not let users mount")
@pytest.mark.parametrize(
    ("options", "message"), [("size=256k", "No space left on device"), ("ro", "Read-only file system")]
)
def test_a_disk_that_takes_nothing_stops_the_campaign_with_the_reason(
    options: str, message: str, tmp_path: Path
) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    scenario = scenario_file(tmp_path)
    script = (
        f"mount -t tmpfs -o {options} none {disk} && {sys.executable} {REPOSITORY}/run_campaign.py {scenario} "
        f"{' '.join(repr(part) for part in SMALL)} --set seeds=40 --workers 1 --out {disk}/results; "
        f"code=$?; cp -a {disk}/results {kept} 2>/dev/null; ls -A {disk}/results/episodes 2>/dev/null; exit $code"
    )
    done = subprocess.run([*MOUNT, "bash", "-c", script], capture_output=True, text=True, timeout=400, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr
    assert not [line for line in done.stdout.splitlines() if line.startswith(".")], "no half-written episode"
    if kept.exists():
        assert verify(kept) == [], "what was stored before is whole"


SILENCE_S = 30.0


@pytest.fixture
def two_nodes() -> Iterator[Cluster]:
    """A head without work and two nodes with one core each, with Ray's own health checks."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for name in ("steady", "cut_off"):
        cluster.add_node(num_cpus=1, resources={name: 1})
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_a_node_that_is_cut_off_for_half_a_minute_costs_no_episode(
    two_nodes: Cluster, listening: Simulator, tmp_path: Path
) -> None:
    """Everything of the node is stopped: connections stay open and nothing answers, as when its network is gone."""
    node = next(node for node in two_nodes.worker_nodes if "cut_off" in node.get_resource_and_label_spec().resources)
    raylet = node.all_processes["raylet"][0].process.pid
    silent: list[int] = []

    def silence() -> None:
        silent.extend([raylet, *descendants(raylet)])
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in silent:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            if number == signal.SIGSTOP:
                time.sleep(SILENCE_S)

    class CutOff(Collector):
        thread: threading.Thread | None = None

        def finished(self, record: object, server_version: str | None) -> None:
            super().finished(record, server_version)  # type: ignore[arg-type]
            if len(self.records) == 4 and self.thread is None:
                self.thread = threading.Thread(target=silence)
                self.thread.start()

    observer = CutOff()
    tasks = [Task(f"e{number}") for number in range(150)]
    simulator = Simulator("attach", endpoints=listening.endpoints * 2)
    settings = WorkerSettings(simulator, ArithmeticExecutor(str(tmp_path), task_s=0.5), str(tmp_path / "logs"))
    Scheduler(settings, 2, observer, placing_timeout_s=120).run(tasks)
    assert observer.thread is not None
    observer.thread.join()
    assert observer.records.keys() == {task.episode_id for task in tasks}
    assert {record.outcome for record in observer.records.values()} == {"completed"}
