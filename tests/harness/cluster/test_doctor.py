"""The doctor names what is wrong and what to do; nothing it says is a guess."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.cluster.doctor import examine, finding_text, is_fit
from harness.cluster.doctor_finding import Finding, Level
from harness.cluster.doctor_machine import disk, gpus, packages, simulator_reachable, steady_clock
from harness.simulation.simulator import EMBEDDED, parse_simulator
from run_campaign import EXIT_INFRASTRUCTURE, EXIT_USAGE, main


def test_a_missing_and_an_other_version_are_told_apart(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("# a comment with pytest==0.0\npytest==0.0.1\n")
    assert packages(pins).level is Level.WARNING
    assert "pinned 0.0.1" in packages(pins).found
    pins.write_text("no-such-package-here==1.0\n")
    assert packages(pins).level is Level.PROBLEM


@pytest.mark.parametrize(
    ("device", "names", "torch", "level"),
    [
        ("auto", [], "2.13.0+cpu", Level.OK),
        ("auto", ["A100"], "2.13.0", Level.OK),
        ("auto", ["A100"], "2.13.0+cpu", Level.WARNING),
        ("cpu", ["A100"], "2.13.0+cpu", Level.OK),
        ("cuda", [], "2.13.0", Level.PROBLEM),
        ("cuda", ["A100"], "2.13.0+cpu", Level.PROBLEM),
    ],
)
def test_a_gpu_that_networks_cannot_use_is_named(device: str, names: list[str], torch: str, level: Level) -> None:
    assert gpus(device, names, torch).level is level


def test_an_attached_simulator_must_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert simulator_reachable(parse_simulator(f"attach:127.0.0.1:{port}"), "0.9.16").level is Level.OK
    closed = simulator_reachable(parse_simulator(f"attach:127.0.0.1:{port}"), "0.9.16")
    assert closed.level is Level.PROBLEM
    assert f"127.0.0.1:{port}" in closed.found


def test_a_binary_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert simulator_reachable(parse_simulator(f"binary:{tmp_path}/CarlaUE4.sh"), "0.9.16").level is Level.PROBLEM


def test_a_clock_that_was_set_is_noticed() -> None:
    assert steady_clock(10.1, 10.0).level is Level.OK
    assert steady_clock(-3500.0, 10.0).level is Level.WARNING


def test_a_folder_for_results_need_not_exist_yet(tmp_path: Path) -> None:
    assert disk(tmp_path / "results" / "deep").level is not Level.PROBLEM
    assert not (tmp_path / "results").exists()


def test_only_a_problem_makes_a_machine_unfit_and_it_comes_with_a_remedy() -> None:
    warning, problem = Finding("a", Level.WARNING, "b", "do c"), Finding("a", Level.PROBLEM, "b", "do d")
    assert is_fit([warning])
    assert not is_fit([warning, problem])
    assert finding_text(problem).endswith("-> do d")
    with pytest.raises(ValueError, match="needs a remedy"):
        Finding("a", Level.PROBLEM, "b")


def test_everything_is_looked_at_once(tmp_path: Path) -> None:
    checks = [finding.check for finding in examine(EMBEDDED, tmp_path, worker_count=1, device="cpu")]
    assert len(set(checks)) == len(checks) == 10


def test_the_command_line_asks_the_doctor_without_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--doctor", "--simulator", "attach:127.0.0.1:1"]) == EXIT_INFRASTRUCTURE
    assert "-> start it there" in capsys.readouterr().out
    assert main(["--doctor", "--simulator", "nonsense"]) == EXIT_USAGE
