"""Faults around whole campaigns: the disk, the terminal, the neighbour. ``make soak``.

After each of them no episode is lost or doubled, no process, port or temporary folder is left.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.results.store import verify
from tests.campaign_process import REPOSITORY, Campaign, scenario_file, start_campaign, wait_until
from tests.soak.outcomes import left_over, planned_ids, settle, stored_ids

SMALL = ("--set", "duration_s=2", "--set", "modes=[shadow]", "--set", "monitors=[random]")
TIMEOUT_S = 900.0
pytestmark = pytest.mark.timeout(2 * TIMEOUT_S)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """For temporary files of campaigns. Not in pytest's folder: Ray's sockets need a short path."""
    with tempfile.TemporaryDirectory(prefix="soak-", dir="/tmp") as folder:
        yield Path(folder)


def start(folder: Path, temporary: Path) -> Campaign:
    scenario = str(scenario_file(folder.parent))
    return start_campaign(folder, scenario, *SMALL, "--workers", "1", "--out", str(folder), temporary=temporary)


def stands_as_complete(folder: Path) -> bool:
    return json.loads((folder / "campaign.json").read_text())["status"] == "complete" and verify(folder) == []


def test_two_campaigns_on_one_host_do_not_disturb_each_other(tmp_path: Path, temporary: Path) -> None:
    began = time.monotonic()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    campaigns = [start(tmp_path / name / "results", temporary) for name in ("one", "two")]
    for campaign in campaigns:
        assert campaign.wait(TIMEOUT_S) == 0, campaign.text()
        assert stands_as_complete(campaign.folder)
    folders = [campaign.folder for campaign in campaigns]
    settle(
        "two campaigns on one host",
        "both complete",
        [f"{folder.parent.name} {episode}" for folder in folders for episode in planned_ids(folder)],
        [f"{folder.parent.name} {episode}" for folder in folders for episode in stored_ids(folder / "index.jsonl")],
        left_over(temporary),
        began,
    )


def test_ctrl_c_twice_leaves_no_process_and_a_campaign_that_goes_on(tmp_path: Path, temporary: Path) -> None:
    began = time.monotonic()
    campaign = start(tmp_path / "results", temporary)
    wait_until(lambda: bool(campaign.servers()), campaign)
    os.killpg(campaign.process.pid, signal.SIGINT)
    os.killpg(campaign.process.pid, signal.SIGINT)
    code = campaign.wait(120)
    left = left_over(temporary)
    again = start_campaign(campaign.folder, "--resume", str(campaign.folder), "--workers", "1", temporary=temporary)
    assert again.wait(TIMEOUT_S) == 0, again.text()
    assert stands_as_complete(campaign.folder)
    settle(
        "Ctrl-C twice",
        f"ended with exit code {code}, complete after --resume",
        planned_ids(campaign.folder),
        stored_ids(campaign.folder / "index.jsonl"),
        [*left, *left_over(temporary)],
        began,
    )


# In a namespace of its own a test may mount a small or a read-only disk without being root.
MOUNT = ["unshare", "--user", "--map-root-user", "--mount"]
CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run([*MOUNT, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
)
# The folder is $1, the kind of disk $2, the one it becomes $3; everything is kept outside, because the disk goes with
# its namespace.
ON_A_BAD_DISK = f"""
python={sys.executable}
campaign={REPOSITORY}/run_campaign.py
results=$1/disk/results
mount -t tmpfs -o "$2" none "$1/disk"
$python $campaign "$1/tiny.yaml" {" ".join(map(repr, SMALL))} --workers 1 --out $results 2> "$1/first.txt"
echo $? > "$1/first_code"
ls -A $results/episodes > "$1/first_episodes" 2> /dev/null
cp $results/index.jsonl "$1/first_index.jsonl" 2> /dev/null || touch "$1/first_index.jsonl"
mount -o remount,"$3" "$1/disk"
if [ -e $results/campaign.json ]; then set -- "$1" --resume $results; else set -- "$1" --out $results; fi
$python $campaign "$1/tiny.yaml" {" ".join(map(repr, SMALL))} --workers 1 "$2" "$3" > "$1/second.txt" 2>&1
echo $? > "$1/second_code"
cp -a $results "$1/kept"
"""


@pytest.mark.skipif(not CAN_MOUNT, reason="this kernel does not let users mount")
@pytest.mark.parametrize(
    ("fault", "options", "mended", "message"),
    [
        ("disk full in the middle of a campaign", "size=2500k", "size=200m", "No space left on device"),
        ("disk read-only", "ro", "rw", "Read-only file system"),
    ],
)
def test_a_disk_that_takes_nothing_stops_the_campaign_with_the_reason_and_a_better_one_ends_it(
    fault: str, options: str, mended: str, message: str, tmp_path: Path, temporary: Path
) -> None:
    began = time.monotonic()
    (tmp_path / "disk").mkdir()
    scenario_file(tmp_path)
    command = [*MOUNT, "bash", "-c", ON_A_BAD_DISK, "bash", str(tmp_path), options, mended]
    subprocess.run(command, cwd=tmp_path, timeout=TIMEOUT_S, env={**os.environ, "TMPDIR": str(temporary)}, check=True)
    said = (tmp_path / "first.txt").read_text()
    assert (tmp_path / "first_code").read_text() == "3\n", said
    assert message in said and "Traceback" not in said
    assert not (tmp_path / "first_episodes").read_text().startswith("."), "no half-written episode"
    before = stored_ids(tmp_path / "first_index.jsonl")
    planned, stored = planned_ids(tmp_path / "kept"), stored_ids(tmp_path / "kept/index.jsonl")
    if options != "ro":
        assert 0 < len(before) < len(planned), "the disk was to fill up in the middle"
    assert (tmp_path / "second_code").read_text() == "0\n", (tmp_path / "second.txt").read_text()
    assert stands_as_complete(tmp_path / "kept") and stored[: len(before)] == before
    settle(
        fault,
        f"stopped with the reason and exit code 3 after {len(before)} of {len(planned)} episodes, complete once the "
        "disk took more",
        planned,
        stored,
        left_over(temporary),
        began,
    )
