"""The Slurm job starts Ray with one token on every node, then the campaign; and queues again when its time is up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ray.scripts.scripts import cli

REPOSITORY = Path(__file__).resolve().parents[2]
JOB = REPOSITORY / "deploy/slurm/campaign.sbatch"

# Stand-ins on PATH: each notes how it was called; srun runs the command, as Slurm would on the node it chose.
STAND_INS = {
    "srun": 'echo "srun $* TOKEN=$RAY_AUTH_TOKEN MODE=$RAY_AUTH_MODE" >> "$NOTES"\n'
    'while [[ $1 == --* ]]; do shift; done\nexec "$@"\n',
    "scontrol": 'echo "scontrol $*" >> "$NOTES"\n[ "$1" = show ] && printf "node1\\nnode2\\nnode3\\n" || true\n',
    "ray": '[ "$1" = start ] && exec sleep 60 || true\n',
    "python": '[ "$1" = -c ] && { echo 0123abcd; exit; }\necho "python $*" >> "$NOTES"\n'
    'if [ -n "${UNTIL_TERM:-}" ]; then trap "exit 130" TERM; while true; do sleep 0.05; done; fi\nexit "$STATUS"\n',
}


def start_job(tmp_path: Path, status: int, **environment: str) -> subprocess.Popen[str]:
    """The job with stand-ins, running."""
    for name, body in STAND_INS.items():
        path = tmp_path / name
        path.write_text(f"#!/usr/bin/env bash\n{body}")
        path.chmod(0o755)
    (tmp_path / "deploy").symlink_to(REPOSITORY / "deploy")
    notes = tmp_path / "notes"
    slurm = {
        "SLURM_JOB_ID": "1234", "SLURM_JOB_NODELIST": "node[1-3]", "SLURM_NNODES": "3", "SLURM_CPUS_PER_TASK": "16",
    }  # fmt: skip
    return subprocess.Popen(
        ["bash", str(JOB), "scenarios/nightly.yaml", "--tier", "weekly"],
        cwd=tmp_path,
        env={
            **os.environ, **slurm, **environment,
            "PATH": f"{tmp_path}:{os.environ['PATH']}", "NOTES": str(notes), "STATUS": str(status), "POLL_S": "0.05",
        },
        stdin=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip


def run_job(tmp_path: Path, status: int, **environment: str) -> tuple[int, list[str]]:
    """Its exit status and what was noted."""
    with start_job(tmp_path, status, **environment) as job:
        found = job.wait(60)
    return found, (tmp_path / "notes").read_text().splitlines()


def test_every_node_gets_the_token_and_the_first_one_the_driver(tmp_path: Path) -> None:
    status, notes = run_job(tmp_path, status=0)
    assert status == 0
    sruns = [note for note in notes if note.startswith("srun")]
    assert len(sruns) == 3 and all("TOKEN=0123abcd MODE=token" in note for note in sruns)
    assert sum("ray start --head" in note and "--nodelist=node1" in note for note in sruns) == 1
    assert sum("--address=node1:6634" in note and "--nodes=2" in note for note in sruns) == 1
    (driver,) = [note for note in notes if note.startswith("python")]
    arguments = "scenarios/nightly.yaml --tier weekly --ray-address node1:6634 --out results/slurm/1234"
    assert driver == f"python run_campaign.py {arguments}"
    assert not any("requeue" in note for note in notes)


@pytest.mark.parametrize(("status", "queued"), [(130, True), (1, False), (3, False)])
def test_only_an_interrupted_campaign_queues_again(tmp_path: Path, status: int, queued: bool) -> None:
    found, notes = run_job(tmp_path, status=status)
    assert found == status and ("scontrol requeue 1234" in notes) == queued


def test_shortly_before_its_time_is_up_it_stops_the_driver_and_queues_again(tmp_path: Path) -> None:
    with start_job(tmp_path, 0, UNTIL_TERM="1") as job:
        deadline = time.monotonic() + 60
        while "python" not in (tmp_path / "notes").read_text() if (tmp_path / "notes").exists() else True:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.2)  # until the stand-in's trap is set
        job.send_signal(signal.SIGTERM)
        assert job.wait(60) == 130
    assert "scontrol requeue 1234" in (tmp_path / "notes").read_text()


def test_a_requeued_job_goes_on_and_carla_slots_are_announced(tmp_path: Path) -> None:
    (tmp_path / "results/slurm/1234").mkdir(parents=True)
    (tmp_path / "results/slurm/1234/campaign.json").touch()
    _, notes = run_job(tmp_path, status=0, CARLA_SLOTS="2")
    assert any(note.startswith("python") and note.endswith("--resume results/slurm/1234") for note in notes)
    assert sum('--resources={"carla_slot": 2}' in note for note in notes) == 2


def test_the_options_given_to_ray_exist() -> None:
    known = {option for parameter in cli.commands["start"].params for option in parameter.opts}
    lines = JOB.read_text().replace("\\\n", " ").splitlines()
    starts = [
        line.partition("ray start")[2] for line in lines if "ray start" in line and line.startswith(("srun", " "))
    ]
    used = {option for line in starts for option in re.findall(r"--[a-z-]+", line)} | {"--resources"}
    assert len(starts) == 2 and used <= known
    assert "health-check" in cli.commands
