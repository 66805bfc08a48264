"""The doctor's checks of the machine itself: each looks at one thing and says what to do about it."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.cluster.doctor_finding import Finding, Level
from harness.simulation.errors import InfrastructureError
from harness.simulation.launch import LaunchError, launch_for
from harness.simulation.ports import lease_port_block
from harness.simulation.processes import available_memory_bytes
from harness.simulation.simulator import Simulator

GIB = 2**30
PYTHONS = ((3, 11), (3, 12))
# The record of an episode with its monitor inputs is about 5 MB: room for a thousand of them.
DISK_WANTED_BYTES = 5 * GIB
DISK_NEEDED_BYTES = GIB // 2
SHARED_MEMORY = Path("/dev/shm")
SHARED_WANTED_BYTES = GIB // 4  # Ray's object store of one campaign on this host
CONNECT_TIMEOUT_S = 5.0
CLOCK_TOLERANCE_S = 0.5
TIME_ERROR = 5
TIMEX_BYTES = 512  # struct timex has 208 bytes on Linux x86-64


def python_version() -> Finding:
    """Interpreter and platform."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] in PYTHONS and (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        return Finding("Python", Level.OK, found)
    return Finding("Python", Level.PROBLEM, found, "use Python 3.11 or 3.12 on Linux x86-64: the carla wheel needs it")


def packages(requirements: Path) -> Finding:
    """Installed packages against the pins of ``requirements.txt``."""
    lines = [line.split("#")[0].strip() for line in requirements.read_text().splitlines()]
    pins = [line.split("==") for line in lines if "==" in line]
    installed = {name: installed_version(name) for name, _version in pins}
    missing = [name for name, _version in pins if installed[name] is None]
    # The part after "+" names a build of the same version: the small CPU build of torch, for one.
    others = [
        f"{name} {installed[name]} (pinned {version})"
        for name, version in pins
        if installed[name] is not None and str(installed[name]).partition("+")[0] != version
    ]
    install = "run `pip install -r requirements.txt` in the environment that runs campaigns"
    if missing:
        return Finding("packages", Level.PROBLEM, f"not installed: {', '.join(missing)}", install)
    if others:
        return Finding("packages", Level.WARNING, ", ".join(others), install)
    return Finding("packages", Level.OK, f"{len(pins)} of the pinned versions")


def memory() -> Finding:
    """Memory of the host, and the shared memory that Ray's object store lies in."""
    free, shared = available_memory_bytes(), _free_bytes(SHARED_MEMORY)
    found = f"{free / GIB:.1f} GiB available, {shared / GIB:.2f} GiB shared memory"
    if shared < SHARED_WANTED_BYTES:
        remedy = "Ray falls back to slow files: give /dev/shm 256 MiB (docker run --shm-size=256m)"
        return Finding("memory", Level.WARNING, found, remedy)
    return Finding("memory", Level.OK, found)


def disk(results: Path) -> Finding:
    """Room and permission where results go."""
    folder = next(parent for parent in (results.absolute(), *results.absolute().parents) if parent.is_dir())
    free = _free_bytes(folder)
    found = f"{free / GIB:.1f} GiB free for {results}"
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Finding("disk", Level.PROBLEM, f"{results}: {error.strerror}", "make it writable, or choose --out")
    if free < DISK_NEEDED_BYTES:
        return Finding("disk", Level.PROBLEM, found, "make room: a hundred episodes need half a GiB")
    if free < DISK_WANTED_BYTES:
        remedy = "a thousand episodes need 5 GiB: remove old campaigns, or choose another disk with --out"
        return Finding("disk", Level.WARNING, found, remedy)
    return Finding("disk", Level.OK, found)


def ports() -> Finding:
    """One block of ports for a simulator can be leased."""
    try:
        with lease_port_block() as lease:
            return Finding("ports", Level.OK, f"block {lease.port} to {lease.traffic_manager_port} can be bound")
    except (InfrastructureError, OSError) as error:
        return Finding("ports", Level.PROBLEM, str(error), "end other simulators; `ss -ltnp` lists who listens")


def gpus(device: str, names: Sequence[str], torch_version: str | None) -> Finding:
    """Whether networks will run where they were asked to.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``. names: of the GPUs that the driver lists.
        torch_version: of PyTorch; a build for the CPU alone says so behind a ``+``.
    """
    cpu_build = torch_version is not None and torch_version.endswith("+cpu")
    found = ", ".join(names) or "none"
    if device == "cuda" and (cpu_build or not names):
        remedy = "install the NVIDIA driver and a CUDA build of torch, or leave --device cuda out"
        return Finding("GPU", Level.PROBLEM, f"{found}; torch {torch_version}", remedy)
    if device == "auto" and names and cpu_build:
        remedy = "networks run on the CPU: install a CUDA build of torch, or say --device cpu"
        return Finding("GPU", Level.WARNING, f"{found}; torch {torch_version}", remedy)
    return Finding("GPU", Level.OK, found if names else "none; networks run on the CPU")


def simulator_reachable(simulator: Simulator, client_version: str | None) -> Finding:
    """Whether the simulator is there to be started, or answers; versions are compared when it is.

    Args:
        simulator: to look for. client_version: of the carla package.
    """
    found = f"{simulator}, client {client_version}"
    try:
        for endpoint in simulator.endpoints:
            socket.create_connection(endpoint, timeout=CONNECT_TIMEOUT_S).close()
        if simulator.kind != "attach":
            launch_for(simulator, port=0, gpu=None, name="check")
    except LaunchError as error:
        return Finding("simulator", Level.PROBLEM, str(error), "install it, or correct --simulator")
    except OSError as error:
        remedy = "start it there, or correct the address"
        return Finding("simulator", Level.PROBLEM, f"{simulator}: {error.strerror or error}", remedy)
    return Finding("simulator", Level.OK, found)


def workers(simulator: Simulator, wanted: int | None, device: str) -> Finding:
    """How many simulators this host would run at once; too little memory shows here. Needs every package."""
    from harness.cluster.sizing import NoRoomError, size_workers, this_host

    host = this_host()
    try:
        size = size_workers([host], simulator, wanted, device)
    except NoRoomError as error:
        return Finding("workers", Level.PROBLEM, str(error), "free cores or memory, or use a larger machine")
    found = f"{size.workers} on {host.cpus:g} cores"
    load = os.getloadavg()[0]
    if load > host.cpus:
        remedy = "other programs use the cores: campaigns will be slow; end them or wait"
        return Finding("workers", Level.WARNING, f"{found}, load {load:.1f}", remedy)
    return Finding("workers", Level.OK, found)


def clock_synchronised() -> Finding:
    """Whether the kernel's clock follows a time server; no figure depends on it, names of folders and logs do."""
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    if state == TIME_ERROR:
        remedy = "start chrony or systemd-timesyncd on the host, or times of several nodes will not match"
        return Finding("clock", Level.WARNING, "not synchronised", remedy)
    if state < 0:
        remedy = "this container may not ask: check the clock of its host"
        return Finding("clock", Level.WARNING, "cannot be asked", remedy)
    return Finding("clock", Level.OK, "synchronised")


def steady_clock(wall_s: float, steady_s: float) -> Finding:
    """Whether the time of day ran evenly during the examination.

    Args:
        wall_s, steady_s: passed since its start by the time of day and by the clock that cannot be set.
    """
    jump_s = wall_s - steady_s
    found = f"time of day moved {jump_s:+.3f} s against the steady clock in {steady_s:.0f} s"
    if abs(jump_s) <= CLOCK_TOLERANCE_S:
        return Finding("clock, steadiness", Level.OK, found)
    remedy = "something sets the clock: figures do not depend on it, start and end times will be wrong"
    return Finding("clock, steadiness", Level.WARNING, found, remedy)


def installed_version(package: str) -> str | None:
    """Version of an installed package, without importing it; None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free if folder.is_dir() else 0
