"""A cluster goes with its driver, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cluster.guardian import clear_folder
from harness.cluster.local_ray import ClusterError, local_cluster
from tests.campaign_process import REPOSITORY, started_by, still_running

DRIVER = """
import time
from harness.cluster.local_ray import local_cluster
with local_cluster(1) as folder:
    print(folder, flush=True)
    time.sleep(3)
    print("running", flush=True)
    time.sleep(600)
"""


def test_a_killed_driver_leaves_no_process_and_no_folder() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=REPOSITORY, text=True
    ) as driver:
        assert driver.stdout is not None
        folder = Path(driver.stdout.readline().strip())
        assert driver.stdout.readline() == "running\n"
        assert folder.is_dir()
        started = started_by(driver.pid)
        assert any("raylet" in seen.command for seen in started.values())
        driver.kill()
        driver.wait()
        assert not still_running(started, timeout_s=10)
        assert not folder.exists()


def test_ctrl_c_twice_leaves_no_process_and_no_folder() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=REPOSITORY, text=True,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as driver:  # fmt: skip
        assert driver.stdout is not None
        folder = Path(driver.stdout.readline().strip())
        assert driver.stdout.readline() == "running\n"
        started = started_by(driver.pid)
        for _ in range(2):
            os.killpg(driver.pid, signal.SIGINT)
            time.sleep(0.1)
        assert driver.wait(30) != 0
        assert not still_running(started, timeout_s=10)
        assert not folder.exists()


LOST = """
import os, signal, time
from harness.cluster.guardian import descendants
from harness.cluster.local_ray import ClusterLostError, _first_word, cluster_watch, local_cluster
try:
    with local_cluster(1):
        require_cluster = cluster_watch()
        require_cluster()
        os.kill(next(pid for pid in descendants(os.getpid()) if _first_word(pid).endswith("/raylet")), signal.SIGKILL)
        time.sleep(0.2)
        require_cluster()
except ClusterLostError as error:
    print(error)
"""


def test_a_driver_whose_raylet_was_killed_says_so_before_ray_ends_it() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, cwd=REPOSITORY, timeout=300)
    assert done.returncode == 0 and "Ray's own process raylet has ended" in done.stdout, done.stderr


def test_ray_that_does_not_come_up_is_tried_again_then_named_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folders = []

    def too_busy(**options: object) -> None:
        folders.append(Path(str(options["_temp_dir"])))
        (folders[-1] / "session").mkdir()
        raise Exception("The current node timed out during startup")

    monkeypatch.setattr("ray.init", too_busy)
    with pytest.raises(ClusterError, match=r"3 tries \(The current node timed out"), local_cluster(1):
        pass
    assert len(folders) == 3 and not any(folder.exists() for folder in folders)


SCRIBBLER = """
import sys, time
from pathlib import Path
folder = Path(sys.argv[1])
with (folder / "log").open("w") as log:
    print("open", flush=True)
    while True:
        folder.mkdir(exist_ok=True)
        (folder / "again").write_text("x")
"""


def test_a_helper_that_writes_to_the_end_does_not_bring_the_folder_back(tmp_path: Path) -> None:
    folder, bystander = tmp_path / "clh-x", tmp_path / "clh-xy"
    folder.mkdir(), bystander.mkdir()
    commands = [[sys.executable, "-c", SCRIBBLER, str(path)] for path in (folder, bystander)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for command in commands]
    try:
        for process in processes:
            assert process.stdout is not None and process.stdout.readline() == b"open\n"
        clear_folder(str(folder))
        assert processes[0].wait(5) != 0 and not folder.exists()
        assert processes[1].poll() is None, "others are left alone"
    finally:
        for process in processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
