"""What the kernel tells about processes: who belongs to a group, how much memory it holds, whether it still runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessStat:
    """One line of /proc: parent and group ids, start time since boot in clock ticks, resident memory in bytes."""

    pid: int
    parent: int
    group: int
    session: int
    start: int
    resident_bytes: int
    zombie: bool


def stat_of(pid: int) -> ProcessStat | None:
    """State of a process; None when there is none of this id."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return ProcessStat(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        start=int(fields[19]),
        resident_bytes=int(fields[21]) * PAGE_BYTES,
        zombie=fields[0] == "Z",
    )


def all_processes() -> list[ProcessStat]:
    """Every process of this host that can be seen."""
    found = (stat_of(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in found if process is not None]


def tree(root_pid: int) -> list[ProcessStat]:
    """A process, its session (what it started, even after reparenting) and all descendants."""
    everyone = all_processes()
    members = {root_pid}
    while True:
        grown = members | {
            process.pid for process in everyone if process.parent in members or process.session == root_pid
        }
        if grown == members:
            return [process for process in everyone if process.pid in members]
        members = grown


def resident_mb(root_pid: int) -> float:
    """Resident memory of a process tree, MiB."""
    return sum(process.resident_bytes for process in tree(root_pid)) / 2**20


def same_process(pid: int, start: int) -> bool:
    """True while the process that had this id and start time runs; ids are used again, the two together are not."""
    process = stat_of(pid)
    return process is not None and process.start == start and not process.zombie


def available_memory_bytes() -> int:
    """Memory that can still be had on this host without swapping, within the control group's limit."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):
        return free
    return free if limit == "max" else min(free, int(limit) - used)
