"""Is this machine fit for campaigns? ``run_campaign.py --doctor`` looks at everything that usually goes wrong first.

Packages are looked up, not imported: whoever has not installed everything yet is told so. Where they and the simulator
are there, it is started and driven for a moment: only so its speed on this machine is known.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.cluster.doctor_finding import Finding, Level
from harness.cluster.doctor_machine import (
    clock_synchronised,
    disk,
    gpus,
    installed_version,
    memory,
    packages,
    ports,
    python_version,
    simulator_reachable,
    steady_clock,
    workers,
)
from harness.results.provenance import hardware
from harness.simulation.simulator import Simulator

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"
CHECK_WIDTH, LEVEL_WIDTH = 18, 9


def examine(simulator: Simulator, results: Path, worker_count: int | None, device: str) -> Iterator[Finding]:
    """Every finding, one by one as it is made.

    Args:
        simulator: to start, or attach to. results: folder that campaigns would write to.
        worker_count: None for as many as fit. device: ``auto``, ``cpu`` or ``cuda``.
    """
    wall_s, steady_s = time.time(), time.monotonic()
    yield python_version()
    installed = packages(REQUIREMENTS)
    yield installed
    reachable = simulator_reachable(simulator, installed_version("carla"))
    yield reachable
    if Level.PROBLEM not in (installed.level, reachable.level):
        from harness.cluster.doctor_simulator import simulator_findings

        with tempfile.TemporaryDirectory(prefix="clh-doctor-") as logs:
            yield from simulator_findings(simulator, Path(logs))
    yield gpus(device, hardware()["gpus"], installed_version("torch"))
    yield memory()
    yield disk(results)
    yield ports()
    if installed.level is not Level.PROBLEM:
        yield workers(simulator, worker_count, device)
    yield clock_synchronised()
    yield steady_clock(time.time() - wall_s, time.monotonic() - steady_s)


def finding_text(finding: Finding) -> str:
    """A finding for a terminal: one line, and what to do below it where something is wrong."""
    line = f"{finding.check:<{CHECK_WIDTH}}{finding.level:<{LEVEL_WIDTH}}{finding.found}"
    return line if finding.remedy is None else f"{line}\n{'':<{CHECK_WIDTH + LEVEL_WIDTH}}-> {finding.remedy}"


def verdict_text(findings: Sequence[Finding]) -> str:
    """The last line: whether campaigns run here, and how much of the above asks for attention."""
    counts = [(level, sum(finding.level is level for finding in findings)) for level in (Level.PROBLEM, Level.WARNING)]
    counted = [f"{count} {level.lower()}{'s' * (count > 1)}" for level, count in counts if count]
    return ", ".join(["fit for campaigns" if is_fit(findings) else "not fit for campaigns", *counted])


def is_fit(findings: Sequence[Finding]) -> bool:
    """No finding is a problem; warnings do not keep a campaign from running."""
    return all(finding.level is not Level.PROBLEM for finding in findings)
