"""Wall-clock and processor time beside each other: the second says what a busy machine hides in the first."""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.simulation.processes import tree

CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Watch:
    """Seconds since it was made: ``wall_s``, ``cpu_s`` of this process and, where asked, ``all_cpu_s`` with everything
    that it started and that lives now as it did then."""

    def __init__(self, with_children: bool = False) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()
        self._before = tree_cpu_s(os.getpid()) if with_children else None

    def times(self) -> dict[str, float]:
        """Seconds so far."""
        wall_s, cpu_s = time.perf_counter() - self._wall_s, time.process_time() - self._cpu_s
        times = {"wall_s": round(wall_s, 3), "cpu_s": round(cpu_s, 3)}
        if self._before is not None:
            times["all_cpu_s"] = round(tree_cpu_s(os.getpid()) - self._before, 2)
        return times


def tree_cpu_s(root_pid: int) -> float:
    """Processor time of a process and all its descendants that live, s."""
    return sum(process_cpu_s(process.pid) for process in tree(root_pid))


def process_cpu_s(pid: int) -> float:
    """Processor time of one process, s; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S
