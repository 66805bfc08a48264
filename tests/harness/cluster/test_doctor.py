"""The doctor names what is wrong and what to do; nothing it says is a guess."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from harness.cluster.doctor import examine, finding_text, is_fit, verdict_text
from harness.cluster.doctor_finding import Finding, Level
from harness.cluster.doctor_machine import disk, gpus, packages, simulator_reachable, steady_clock
from harness.cluster.doctor_simulator import simulator_findings, speed_finding
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
    assert verdict_text([warning, warning]) == "fit for campaigns, 2 warnings"
    assert verdict_text([warning, problem]) == "not fit for campaigns, 1 problem, 1 warning"
    with pytest.raises(ValueError, match="needs a remedy"):
        Finding("a", Level.PROBLEM, "b")


def test_everything_is_looked_at_once_and_the_simulator_is_really_driven(tmp_path: Path) -> None:
    findings = {finding.check: finding for finding in examine(EMBEDDED, tmp_path, worker_count=1, device="cpu")}
    assert len(findings) == 12
    assert "server 0.9.16" in findings["versions"].found and "client 0.9.16" in findings["versions"].found
    speed = re.search(r"scene version \d+, ([\d.]+) frames/s at 640x360", findings["renderer"].found)
    assert speed is not None and float(speed[1]) > 0.0


def test_a_server_of_another_kind_is_a_problem_with_its_own_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listening = parse_simulator(f"attach:127.0.0.1:{listener.getsockname()[1]}")
        (finding,) = simulator_findings(listening, tmp_path, timeout_s=1.0)
    assert (finding.check, finding.level) == ("versions", Level.PROBLEM)


@pytest.mark.parametrize(
    ("frames_per_s", "on_gpu", "level", "remedy"),
    [
        (45.0, False, Level.OK, None),
        (8.0, False, Level.WARNING, "fewer workers"),
        (1.5, True, Level.PROBLEM, "draw in software"),
    ],
)
def test_a_slow_renderer_is_noticed(frames_per_s: float, on_gpu: bool, level: Level, remedy: str | None) -> None:
    finding = speed_finding(frames_per_s, "scene version 2", on_gpu)
    assert finding.level is level and (remedy or "") in (finding.remedy or "")


def test_the_command_line_asks_the_doctor_without_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--doctor", "--simulator", "attach:127.0.0.1:1"]) == EXIT_INFRASTRUCTURE
    assert "-> start it there" in capsys.readouterr().out
    assert main(["--doctor", "--simulator", "nonsense"]) == EXIT_USAGE
