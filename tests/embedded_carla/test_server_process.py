"""The process: start, bad input, end."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import carla
import msgpack
import numpy as np
import pytest

from tests.embedded_carla.conftest import REPOSITORY, RunningServer, fresh_world, start_server

RUBBISH = np.random.default_rng(0).bytes(4096)


def _call(sock: socket.socket, method: str, *arguments: object) -> list[object]:
    sock.sendall(msgpack.packb([0, 1, method, [[False], *arguments]]))
    unpacker = msgpack.Unpacker()
    while True:
        data = sock.recv(65536)
        assert data, "the server closed the connection"
        unpacker.feed(data)
        for message in unpacker:
            return message


def _raw(server: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=5.0)


def test_sigterm_ends_the_server_within_two_seconds() -> None:
    server = start_server("-RenderOffScreen", "-nosound", "-quality-level=Low", "-fps=20")
    client = server.connect()
    assert client.get_server_version() == "0.9.16"
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=2.0) == 0
    assert time.monotonic() - started < 2.0
    server.stop()


def test_server_ends_with_its_parent_when_asked_to() -> None:
    command = [sys.executable, "-m", "embedded_carla", "-carla-rpc-port=0", "--die-with-parent"]
    parent_code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline(), child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code, *command], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert "listening" in parent.stdout.readline()
    child_id = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 2.0
    while _runs(child_id) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child_id)


def _runs(process_id: int) -> bool:
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def test_taken_port_is_named(server: RunningServer) -> None:
    command = [sys.executable, "-m", "embedded_carla", f"-carla-rpc-port={server.port}"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert result.returncode == 3
    assert str(server.port) in result.stderr and "-carla-rpc-port" in result.stderr


@pytest.mark.parametrize("flag", ["-carla-rpc-port=70000", "-carla-rpc-port=http", "-carla-rpc-port=65535"])
def test_impossible_port_is_refused(flag: str) -> None:
    command = [sys.executable, "-m", "embedded_carla", flag]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "port" in result.stderr


def test_help_teaches() -> None:
    command = [sys.executable, "-m", "embedded_carla", "--help"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    assert "-carla-rpc-port" in result.stdout and "carla.Client" in result.stdout


def test_garbage_and_half_messages_do_not_disturb_others(server: RunningServer, client: carla.Client) -> None:
    half = _raw(server)
    half.sendall(msgpack.packb([0, 1, "version", [[False]]])[:5])
    for garbage in (RUBBISH, b"GET / HTTP/1.1\r\n\r\n", b"\xdd\xff\xff\xff\xff", b"\xc1"):
        with _raw(server) as sock:
            sock.sendall(garbage)
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(100) == b"", "garbage must cost the connection"
    assert client.get_server_version() == "0.9.16"
    half.close()


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("spawn_actor", (1, 2)),
        ("spawn_actor", ([1, "vehicle.tesla.model3", []], [[float("nan"), 0, 0], [0, 0, 0]])),
        ("spawn_actor", ([1, "vehicle.tesla.model3", []], [[1e300, 0, 0], [0, 0, 0]])),
        ("spawn_actor", ([1, "sensor.camera.rgb", [["image_size_x", 2, "10000000"]]], [[0, 0, 0], [0, 0, 0]])),
        ("set_weather_parameters", ([1.0, 2.0],)),
        ("set_episode_settings", ([True],)),
        ("get_sensor_token", (-1,)),
        ("get_sensor_token", (1 << 60,)),
        ("get_physics_control", ("x",)),
        ("get_actors_by_id", ([[1]],)),
        ("destroy_actor", ()),
        ("load_new_episode", ("", False, 0, 1, 2)),
        ("copy_opendrive_to_file", ("<OpenDRIVE>", [])),
        ("copy_opendrive_to_file", ("<OpenDRIVE></OpenDRIVE>", [])),
    ],
)
def test_malformed_arguments_are_answered_with_a_failure(
    server: RunningServer, method: str, arguments: tuple[object, ...]
) -> None:
    with _raw(server) as sock:
        _, _, error, result = _call(sock, method, *arguments)
        assert error is None
        flag, detail = result[0]  # type: ignore[index]
        assert flag in (0, True) and detail[0], f"{method} answered {result}"
        assert _call(sock, "version")[3] == [[1, "0.9.16"]]


def test_malformed_batch_commands_fail_one_by_one(server: RunningServer) -> None:
    with _raw(server) as sock:
        commands = [None, [[99, [1]]], [[1, [123456]]], [[2, [1]]], "x"]
        _, _, error, result = _call(sock, "apply_batch", commands, False)
        assert error is None
        assert len(result) == len(commands)  # type: ignore[arg-type]
        assert all(item[0][0] == 0 for item in result)  # type: ignore[attr-defined]
        assert _call(sock, "apply_batch", 7, False)[3] == []


def test_unknown_streams_and_silent_subscribers_are_harmless(server: RunningServer, world: carla.World) -> None:
    token_port = _stream_port(server)
    for greeting in (b"", b"\x01", (1 << 31).to_bytes(4, "little"), RUBBISH[:64]):
        with socket.create_connection(("127.0.0.1", token_port), timeout=5.0) as sock:
            sock.sendall(greeting)
            world.tick()
    reader = socket.create_connection(("127.0.0.1", token_port), timeout=5.0)
    reader.sendall((1).to_bytes(4, "little"))  # the world stream, never read
    first = world.tick()
    for _ in range(200):
        last = world.tick()
    assert last == first + 200
    reader.close()


def _stream_port(server: RunningServer) -> int:
    """The token of the world stream carries it."""
    with _raw(server) as sock:
        reply = _call(sock, "get_episode_info")
    token = reply[3][0][1][1][0]  # type: ignore[index]
    return int.from_bytes(token[4:6], "little")


def test_tick_waits_for_an_announced_subscription_but_not_for_ever(
    server: RunningServer, client: carla.Client, oval_xodr: str
) -> None:
    world = fresh_world(client, oval_xodr)
    world.tick()
    with _raw(server) as sock:
        _call(sock, "get_sensor_token", 1)
        started = time.monotonic()
        world.tick()
        waited_s = time.monotonic() - started
        _call(sock, "get_sensor_token", 999_999)  # nobody waits for a stream that does not exist
    assert 0.2 < waited_s < 3.0
    started = time.monotonic()
    world.tick()
    assert time.monotonic() - started < 0.2
