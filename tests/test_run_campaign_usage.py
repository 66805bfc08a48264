"""What a person meets who types something wrong, or has not set anything up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import run_campaign
from tests.campaign_process import REPOSITORY, scenario_file


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run_campaign.main(arguments) == 2
    return capsys.readouterr().err


def test_without_the_set_up_one_line_says_what_to_run() -> None:
    bare = [sys.executable, "-I", "-S", str(REPOSITORY / "run_campaign.py"), "scenarios/curves.yaml"]
    done = subprocess.run(bare, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "make campaign" in done.stderr and not done.stdout


def test_help_teaches_with_examples_and_exit_codes() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(REPOSITORY / "run_campaign.py"), "--help"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    for word in ("examples", "--resume", "exit codes", "130", "report.html"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "SCENARIO is needed"),
        (("a.yaml", "--workers", "0"), "whole number above 0"),
        (("a.yaml", "--limit", "some"), "whole number above 0"),
        (("a.yaml", "--device", "tpu"), "invalid choice"),
        (("--resume", "x", "--set", "seeds=2"), "give the SCENARIO too"),
        (("a.yaml", "--out", "x", "--resume", "y"), "not allowed with"),
        (("a.yaml", "--work", "2"), "unrecognized arguments"),
        (("a.yaml", "--verify"), "use it with --resume"),
        (("--resume", "x", "--check"), "look at a scenario"),
        (("--resume", "x", "--filter", "mode=shadow"), "resuming keeps the filters"),
        (("--list", "agent"), "choose from"),
        (("--resume", "x", "--tier", "smoke"), "give the SCENARIO"),
        (("a.yaml", "--disk-budget", "-1"), "gigabytes above 0"),
    ],
)
def test_a_wrong_command_line_is_refused_at_once(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_campaign.main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_scenarios_simulators_and_folders_that_cannot_be_used_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scenario = str(scenario_file(tmp_path))
    out = ("--out", str(tmp_path / "results"))
    assert "missing.yaml" in complaint(capsys, str(tmp_path / "missing.yaml"), *out)
    assert "did you mean 'seeds'" in complaint(capsys, scenario, "--set", "seed=3", *out)
    assert "did you mean 'expert'" in complaint(capsys, scenario, "--set", "agent=exprt", *out)
    assert "unreal" in complaint(capsys, scenario, "--simulator", "unreal", *out)
    assert "no simulator at /x" in complaint(capsys, scenario, "--simulator", "binary:/x/CarlaUE4.sh", *out)
    assert "podman is not installed" in complaint(capsys, scenario, "--simulator", "podman:carlasim/carla", *out)
    assert "holds no campaign" in complaint(capsys, "--resume", str(tmp_path))
    assert not (tmp_path / "results").exists()
