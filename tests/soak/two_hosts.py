"""Two hosts on one: network namespaces joined by a cable that can be cut, each with a Ray node. Needs no root."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.campaign_process import REPOSITORY, command_line

NEAR, FAR = "10.77.0.1", "10.77.0.2"
NOBODY = "02:00:00:00:00:99"
RAY_PORT = 6379
RAY = str(Path(sys.executable).with_name("ray"))
START_S = 300.0
STARTED = "Ray runtime started"
SIMULATOR_PORT = 2000


@dataclass(frozen=True)
class TwoHosts:
    """The namespaces, named by the processes that hold them open."""

    near: int
    far: int

    def on_near(self, *command: str) -> list[str]:
        """A command line that runs a command on the near host."""
        return [*_enter(self.near, "--user", "--net"), *command]

    def on_far(self, *command: str) -> list[str]:
        """The same on the far host, which has a folder for temporary files of its own."""
        return [*_enter(self.far, "--user", "--net", "--mount"), *command]

    def cut(self) -> None:
        """From now on packets get lost without a word: they are sent to an address that nobody has."""
        self._neighbours("replace", "lladdr", NOBODY)

    def mend(self) -> None:
        """The network is back."""
        self._neighbours("del")

    def are_connected(self) -> bool:
        """True if the far host reaches Ray on the near one within two seconds."""
        knock = self.on_far("timeout", "2", "bash", "-c", f"< /dev/tcp/{NEAR}/{RAY_PORT}")
        return subprocess.run(knock, capture_output=True).returncode == 0

    def processes(self) -> dict[int, str]:
        """Process id -> command line of everything that runs on either host."""
        return {pid: command for pid, (_space, command) in self._members().items()}

    def drives_on_far(self) -> bool:
        """True while a driving process runs on the far host."""
        space = _network_of(self.far)
        return any(space == own and "client_main" in command for own, command in self._members().values())

    def _members(self) -> dict[int, tuple[str, str]]:
        spaces = {_network_of(self.near), _network_of(self.far)}
        everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        found = {pid: (_network_of(pid), command_line(pid)) for pid in everyone}
        return {pid: member for pid, member in found.items() if member[0] in spaces and member[1]}

    def _neighbours(self, verb: str, *address: str) -> None:
        for command in (
            self.on_near("ip", "neigh", verb, FAR, *address, "dev", "cable0"),
            self.on_far("ip", "neigh", verb, NEAR, *address, "dev", "cable1"),
        ):
            subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def two_hosts() -> Iterator[TwoHosts]:
    """Two hosts that reach each other; whatever still runs on them at the end is killed."""
    with contextlib.ExitStack() as ended:
        near = _held_open(ended, ["unshare", "--user", "--map-root-user", "--net"])
        far = _held_open(ended, [*_enter(near, "--user", "--net"), "unshare", "--net", "--mount"])
        hosts = TwoHosts(near, far)
        ended.callback(_end_everything, hosts)
        for command in (
            hosts.on_far("mount", "-t", "tmpfs", "none", "/tmp"),
            hosts.on_near("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1", "netns", str(far)),
            *(hosts.on_near(*line) for line in _network(NEAR, FAR, "cable0")),
            *(hosts.on_far(*line) for line in _network(FAR, NEAR, "cable1")),
        ):
            subprocess.run(command, check=True, capture_output=True)
        yield hosts


@contextlib.contextmanager
def simulators_on(hosts: TwoHosts) -> Iterator[str]:
    """A simulator on the loopback interface of each host, compiled already; as ``--simulator`` names them."""
    with tempfile.TemporaryDirectory(prefix="hosts-") as folder:
        for name, on_host in (("near", hosts.on_near), ("far", hosts.on_far)):
            command = on_host(
                "env",
                f"PYTHONPATH={REPOSITORY}",
                sys.executable,
                "-m",
                "embedded_carla",
                f"-carla-rpc-port={SIMULATOR_PORT}",
            )
            _start(command, Path(folder) / f"{name}.txt", "listening on")
        yield "attach:" + ",".join([f"127.0.0.1:{SIMULATOR_PORT}"] * 2)


@contextlib.contextmanager
def ray_on(hosts: TwoHosts) -> Iterator[str]:
    """A Ray node with one core on each host; the address of the cluster. The environment has to name its token."""
    folder = Path(tempfile.mkdtemp(prefix="hosts-"))
    common = ["--num-cpus=1", "--object-store-memory=200000000", "--disable-usage-stats", "--block"]
    head = ["--head", f"--port={RAY_PORT}", "--include-dashboard=false", f"--temp-dir={folder}"]
    try:
        _start(hosts.on_near(RAY, "start", *head, f"--node-ip-address={NEAR}", *common), folder / "near.txt", STARTED)
        member = [f"--address={NEAR}:{RAY_PORT}", f"--node-ip-address={FAR}"]
        _start(hosts.on_far(RAY, "start", *member, *common), folder / "far.txt", STARTED)
        yield f"{NEAR}:{RAY_PORT}"
    finally:
        _end_everything(hosts)
        shutil.rmtree(folder, ignore_errors=True)


def _start(command: Sequence[str], output: Path, sign: str) -> None:
    """Start something that stays, and wait until it says that it runs."""
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + START_S
    while sign not in output.read_text():
        assert process.poll() is None and time.monotonic() < deadline, output.read_text()
        time.sleep(0.2)


def _network(own: str, other: str, device: str) -> list[list[str]]:
    """Set-up of one end. The default route lets programs find out their own address."""
    return [
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", f"{own}/24", "dev", device],
        ["ip", "link", "set", device, "up"],
        ["ip", "route", "add", "default", "via", other],
    ]


def _enter(pid: int, *spaces: str) -> list[str]:
    return ["nsenter", "--preserve-credentials", f"--target={pid}", *spaces, "--"]


def _held_open(ended: contextlib.ExitStack, command: Sequence[str]) -> int:
    """A process that does nothing in namespaces of its own; its id."""
    process = subprocess.Popen([*command, "sleep", "infinity"], stdin=subprocess.DEVNULL)
    ended.callback(process.wait)
    ended.callback(process.kill)
    deadline = time.monotonic() + 10.0
    while not command_line(process.pid).startswith("sleep"):
        assert process.poll() is None and time.monotonic() < deadline, f"{command} did not start"
        time.sleep(0.02)
    return process.pid


def _network_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    return ""


def _end_everything(hosts: TwoHosts) -> None:
    """Kill whatever runs on the hosts, but not what holds them open."""
    deadline = time.monotonic() + 20.0
    while True:
        left = [pid for pid in hosts.processes() if pid not in (hosts.near, hosts.far)]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not left or time.monotonic() > deadline:
            return
        time.sleep(0.1)
