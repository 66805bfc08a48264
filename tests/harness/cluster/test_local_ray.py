"""A cluster goes with its driver, however that ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.cluster.guardian import descendants
from tests.campaign_process import REPOSITORY, command_line, still_running

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
        started = {pid: command_line(pid) for pid in descendants(driver.pid)}
        assert any("raylet" in command for command in started.values())
        driver.kill()
        driver.wait()
        assert not still_running(started, timeout_s=10)
        assert not folder.exists()
