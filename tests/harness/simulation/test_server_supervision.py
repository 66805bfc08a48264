"""Supervision of server processes, on real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.simulation.errors import InfrastructureError
from harness.simulation.launch import Launch
from harness.simulation.ports import NoFreePortsError, lease_port_block
from harness.simulation.server import REPOSITORY, ServerStartError, SimulatorServer
from harness.simulation.simulator import SimulatorNameError, parse_simulator

LISTENER = """
import socket, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    listener.accept()[0].close()
"""


def listener(port: int) -> Launch:
    return Launch((sys.executable, "-c", LISTENER, str(port)))


def running(pid: int) -> bool:
    """True for a live process; a zombie has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_starts_answers_and_leaves_no_process_of_its_group(tmp_path: Path) -> None:
    server = SimulatorServer(log_dir=tmp_path, launch=listener)
    host, port = server.start()
    socket.create_connection((host, port), timeout=1).close()
    leader = server.pid
    child = int(server.log_text().split()[1])
    assert leader is not None and running(leader) and running(child) and server.alive()
    server.stop()
    assert not server.alive()
    assert wait_until(lambda: not running(leader) and not running(child))


def test_notices_a_killed_server_and_restarts_it_with_a_new_log(tmp_path: Path) -> None:
    with SimulatorServer(log_dir=tmp_path, launch=listener) as server:
        first_log, first_pid = server.log_path, server.pid
        assert first_pid is not None
        os.kill(first_pid, signal.SIGKILL)
        assert wait_until(lambda: not server.alive())
        server.restart()
        assert server.alive()
        assert server.log_path != first_log and first_log.exists()


def test_gives_up_at_once_when_the_process_exits_and_shows_its_log(tmp_path: Path) -> None:
    crash = Launch((sys.executable, "-c", "import sys; print('no room for textures'); sys.exit(7)"))
    server = SimulatorServer(log_dir=tmp_path, start_timeout_s=60, launch=lambda port: crash)
    began = time.monotonic()
    with pytest.raises(ServerStartError, match=r"(?s)status 7.*no room for textures"):
        server.start()
    assert time.monotonic() - began < 20
    assert issubclass(ServerStartError, InfrastructureError)
    assert len(list(tmp_path.glob("server_*.log"))) == 3


def test_a_silent_server_is_given_up_after_the_time_limit_and_killed(tmp_path: Path) -> None:
    silent = Launch((sys.executable, "-c", "import time; print('loading'); time.sleep(600)"))
    server = SimulatorServer(log_dir=tmp_path, start_timeout_s=0.5, launch=lambda port: silent)
    with pytest.raises(ServerStartError, match=r"no connection within 0.5 s"):
        server.start()
    assert server.pid is None


def test_the_server_dies_with_a_killed_owner(tmp_path: Path) -> None:
    owner_code = textwrap.dedent(
        f"""
        import pathlib, sys, time
        from harness.simulation.launch import Launch
        from harness.simulation.server import SimulatorServer
        launch = lambda port: Launch((sys.executable, "-c", {LISTENER!r}, str(port)))
        server = SimulatorServer(log_dir=pathlib.Path({str(tmp_path)!r}), launch=launch)
        server.start()
        print(server.pid, flush=True)
        time.sleep(600)
        """
    )
    owner = subprocess.Popen([sys.executable, "-c", owner_code], stdout=subprocess.PIPE, cwd=REPOSITORY)
    assert owner.stdout is not None
    server_pid = int(owner.stdout.readline())
    child = int(next(tmp_path.glob("*.log")).read_text().split()[1])
    try:
        assert running(server_pid)
        owner.kill()
        owner.wait()
        assert wait_until(lambda: not running(server_pid))
    finally:
        os.kill(child, signal.SIGKILL)  # grandchildren of a killed owner are the server's own affair
        owner.stdout.close()


def test_attach_uses_the_given_endpoint_of_each_worker_and_never_stops_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        port = endpoint.getsockname()[1]
        simulator = parse_simulator(f"attach:127.0.0.1:1,127.0.0.1:{port}")
        server = SimulatorServer(simulator, log_dir=tmp_path, worker_index=1)
        assert server.start() == ("127.0.0.1", port)
        server.stop()
        assert server.alive()
    with pytest.raises(ServerStartError, match="nothing answers"):
        SimulatorServer(simulator, log_dir=tmp_path, worker_index=1).start()


@pytest.mark.parametrize(
    "text", ["", "unreal", "attach:", "attach:host", "attach:host:0", "attach:host:x", "binary:", "docker"]
)
def test_malformed_simulators_are_refused(text: str) -> None:
    with pytest.raises(SimulatorNameError, match="not understood"):
        parse_simulator(text)


def test_known_simulators_are_parsed_and_printed_alike() -> None:
    for text in (
        "embedded",
        "attach:gpu1:2000,gpu2:2000",
        "binary:/opt/carla/CarlaUE4.sh",
        "docker:carlasim/carla:0.9.16",
        "podman:carlasim/carla:0.9.16",
        "apptainer:carla_0.9.16.sif",
    ):
        assert str(parse_simulator(text)) == text


def test_port_blocks_of_two_leases_never_overlap_and_come_back() -> None:
    first, last = 31700, 31707
    with lease_port_block(first, last) as one, lease_port_block(first, last) as two:
        assert {one.port, two.port} == {31700, 31704}
        with pytest.raises(NoFreePortsError, match="31700 and 31707"):
            lease_port_block(first, last)
    with lease_port_block(first, last) as again:
        assert again.port == 31700


def test_a_stranger_that_answers_on_the_port_is_not_taken_for_the_server(tmp_path: Path) -> None:
    thieves: list[socket.socket] = []

    def robbed_once(port: int) -> Launch:
        if not thieves:
            thieves.append(socket.create_server(("127.0.0.1", port)))
        return Launch((sys.executable, "-c", f"import time; time.sleep(0.5)\n{LISTENER}", str(port)))

    with SimulatorServer(log_dir=tmp_path, launch=robbed_once) as server, thieves[0] as thief:
        assert server.starts == 2 and server.port != thief.getsockname()[1]
        assert server.alive()
    assert "Address already in use" in (tmp_path / "server_001.log").read_text()


def test_a_block_with_a_port_in_use_is_skipped() -> None:
    with socket.create_server(("127.0.0.1", 31801)), lease_port_block(31800, 31807) as lease:
        assert lease.port == 31804
        assert lease.traffic_manager_port == 31807
