"""Where figures come from: versions, source, machine, command line; without paths or names of this
machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGES = (
    "av",
    "carla",
    "commonroad-vehicle-models",
    "gymnasium",
    "mcap",
    "msgpack",
    "numba",
    "numpy",
    "opencv-python-headless",
    "pandas",
    "pyarrow",
    "pydantic",
    "ray",
    "safetensors",
    "scenariogeneration",
    "scipy",
    "torch",
)


def provenance(repository: Path) -> dict[str, Any]:
    """What decides figures besides the campaign itself.

    Args:
        repository: folder of the source.

    Returns:
        ``python``, ``platform``, ``packages`` (name -> version, null if not installed), ``git_commit``
        (null outside a repository), ``git_modified`` (True if the source differs from that commit),
        ``hardware``.
    """
    return {
        "python": platform.python_version(),
        "platform": " ".join((platform.system(), platform.machine(), *platform.libc_ver())).strip(),
        "packages": {name: _version(name) for name in PACKAGES},
        **_git(repository),
        "hardware": hardware(),
    }


def hardware() -> dict[str, Any]:
    """``cpu`` (model name), ``cores`` usable by this process, ``memory_gb``, ``gpus`` (names)."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "memory_gb": round(memory_gb, 1),
        "gpus": _gpus(),
    }


def usable_cores() -> int:
    """Cores this process may run on: its affinity mask, cut to the control group's quota if there is one."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, round(int(quota) / int(period))))


def without_paths(arguments: Sequence[str]) -> list[str]:
    """A command line that can be published: of every absolute path only the last part is left."""
    return [re.sub(r"(?<![\w.-])(?:~|/)[^\s=,:]*/([^\s/=,:]+)/?", r"…/\1", argument) for argument in arguments]


def utc_now() -> str:
    """Time of day for people; never enters an episode."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(repository: Path) -> dict[str, Any]:
    commit = _git_answer(repository, "rev-parse", "HEAD")
    if commit is None:
        return {"git_commit": None, "git_modified": None}
    changes = _git_answer(repository, "status", "--porcelain", "--untracked-files=no")
    return {"git_commit": commit, "git_modified": bool(changes)}


def _git_answer(repository: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _gpus() -> list[str]:
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
