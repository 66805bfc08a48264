"""CARLA's own launch kinds, up to and including the last line of ours: behind them stands the embedded server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.simulation.gpu_check import WrongGpuError, gpus_of
from harness.simulation.launch import LaunchError, launch_for
from harness.simulation.ports import lease_port_block, reap_abandoned
from harness.simulation.processes import tree
from harness.simulation.server import REPOSITORY, SimulatorServer
from harness.simulation.session import CarlaSession
from harness.simulation.simulator import Simulator, parse_simulator
from tests.harness.simulation.stand_ins import NVIDIA_SMI, calls, install, script
from tests.harness.simulation.test_server_supervision import running, wait_until

FLAGS = "-RenderOffScreen -nosound -carla-rpc-port={port} -quality-level=Epic"


def simulator_of(kind: str, binary: Path) -> Simulator:
    return parse_simulator(f"{kind}:{binary if kind == 'binary' else 'carlasim/carla:0.9.16'}")


@pytest.mark.parametrize("kind", ["binary", "docker", "podman", "apptainer"])
def test_each_kind_starts_answers_and_leaves_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = simulator_of(kind, install(tmp_path, monkeypatch))
    server = SimulatorServer(simulator, log_dir=tmp_path / "logs")
    host, port = server.start()
    session = CarlaSession(host, port)
    assert session.server_version.startswith("0.9.16")
    session.close()
    assert FLAGS.format(port=port) in calls(tmp_path)[0]
    memory_mb = server.resident_mb()
    assert memory_mb is not None and memory_mb > 100, "the simulator's memory, not only the client's of the engine"
    root = server._root_pid()
    assert root is not None
    processes = [process.pid for process in tree(root)]
    server.stop()
    assert wait_until(lambda: not any(map(running, processes)))
    assert not list(tmp_path.glob("*.pid")), "no container is left"
    with lease_port_block(port, port + 3) as lease:
        assert lease.port == port, "its ports are free again"


OWNER = """
    import pathlib, time
    from harness.simulation.server import SimulatorServer
    from harness.simulation.simulator import parse_simulator
    server = SimulatorServer(parse_simulator({simulator!r}), log_dir=pathlib.Path({logs!r}))
    server.start()
    print(server.pid, server._root_pid(), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("kind", ["binary", "docker"])
def test_a_killed_worker_takes_simulator_and_container_with_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = simulator_of(kind, install(tmp_path, monkeypatch))
    code = textwrap.dedent(OWNER.format(simulator=str(simulator), logs=str(tmp_path / "logs")))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=REPOSITORY) as owner:
        assert owner.stdout is not None
        pids = {int(pid) for pid in owner.stdout.readline().split()}
        pids |= {process.pid for pid in pids for process in tree(pid)}
        owner.kill()
    assert wait_until(lambda: not any(map(running, pids)))
    assert not list(tmp_path.glob("*.pid"))


@pytest.mark.parametrize("looked_after", [False, True])
def test_what_a_killed_keeper_leaves_is_removed_at_the_campaigns_end_or_by_the_next_holder_of_the_block(
    looked_after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worker and keeper killed at once, as by the kernel when memory is short: only the note on the lease is left."""
    simulator = simulator_of("docker", install(tmp_path, monkeypatch))
    code = textwrap.dedent(OWNER.format(simulator=str(simulator), logs=str(tmp_path / "logs")))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=REPOSITORY) as owner:
        assert owner.stdout is not None
        keeper, container = map(int, owner.stdout.readline().split())
        port = int(next(part for part in calls(tmp_path)[0].split() if "rpc-port" in part).partition("=")[2])
        os.kill(owner.pid, signal.SIGSTOP)
        os.killpg(keeper, signal.SIGKILL)
        owner.kill()
    assert running(container)
    if looked_after:
        with lease_port_block(31600, 31699) as live, subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
            live.note(other.pid)
            reap_abandoned()
            assert other.poll() is None and live._note.exists(), "what a living holder started is left alone"
            other.kill()
        assert not live._note.with_name(f"{port}.{os.getuid()}.json").exists()
        assert wait_until(lambda: not running(container))
    else:
        with lease_port_block(port, port + 3):
            assert wait_until(lambda: not running(container))
    assert not list(tmp_path.glob("*.pid"))


def test_gpu_flags_of_each_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = install(tmp_path, monkeypatch)
    commands = {kind: launch_for(simulator_of(kind, binary), 2000, 3, "name").command
                for kind in ("binary", "docker", "podman", "apptainer")}  # fmt: skip
    assert "-graphicsadapter=3" in commands["binary"] and "-graphicsadapter=3" in commands["apptainer"]
    assert "device=3" in commands["docker"] and "-graphicsadapter=0" in commands["docker"]
    assert "nvidia.com/gpu=3" in commands["podman"]
    assert "docker://carlasim/carla:0.9.16" in commands["apptainer"]


def test_a_simulator_on_another_gpu_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = install(tmp_path, monkeypatch)
    script(tmp_path / "nvidia-smi", NVIDIA_SMI.format(gpu=1))
    assert gpus_of([1]) == set()
    with SimulatorServer(simulator_of("binary", binary), log_dir=tmp_path / "logs", gpu=1) as server:
        assert server.alive()
    other = SimulatorServer(simulator_of("binary", binary), log_dir=tmp_path / "logs", gpu=0)
    with pytest.raises(WrongGpuError, match="was given GPU 0 but uses GPU 1"):
        other.start()
    assert other.pid is None


def test_a_port_stolen_between_test_and_launch_costs_another_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first start finds the port taken, as the embedded server says with status 3; the second gets another."""
    binary = install(tmp_path, monkeypatch)
    thief = 'port=${3#*=}; [ -f "$0.once" ] || { touch "$0.once"; echo "port $port cannot be used" >&2; exit 3; }\n'
    binary.write_text(binary.read_text().replace("#!/bin/bash\n", "#!/bin/bash\n" + thief))
    with SimulatorServer(parse_simulator(f"binary:{binary}"), log_dir=tmp_path / "logs") as server:
        assert server.starts == 2 and server.alive()
    assert "cannot be used" in (tmp_path / "logs/server_001.log").read_text()


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LaunchError, match=r"no simulator at /nowhere/CarlaUE4\.sh"):
        launch_for(parse_simulator("binary:/nowhere/CarlaUE4.sh"), 2000, None, "name")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LaunchError, match="podman is not installed"):
        launch_for(parse_simulator("podman:carlasim/carla:0.9.16"), 2000, None, "name")
