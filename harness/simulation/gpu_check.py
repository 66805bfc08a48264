"""Is the simulator on the GPU that it was given?

CARLA ignores an adapter that it cannot use and draws on another one, or in software; several servers then share one
GPU without anybody noticing. The driver's own list of processes tells.
"""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Collection

from harness.simulation.errors import InfrastructureError

QUERY_TIMEOUT_S = 20.0


class WrongGpuError(InfrastructureError):
    """The simulator draws on another GPU than the one it was given, or on none."""


def gpus_of(pids: Collection[int]) -> set[int] | None:
    """Indices of the GPUs that any of these processes uses; None where the driver cannot be asked.

    Indices are nvidia-smi's (PCI order), which are those of ``-graphicsadapter`` and of Ray.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-q", "-x"], capture_output=True, text=True, timeout=QUERY_TIMEOUT_S, check=True
        )
        gpus = ET.fromstring(done.stdout).findall("gpu")
    except (OSError, subprocess.SubprocessError, ET.ParseError):
        return None
    wanted = {str(pid) for pid in pids}
    return {
        index
        for index, gpu in enumerate(gpus)
        if any((pid.text or "").strip() in wanted for pid in gpu.iterfind("processes/process_info/pid"))
    }


def require_gpu(pids: Collection[int], gpu: int) -> None:
    """Refuse a simulator that is not on its GPU.

    Raises:
        WrongGpuError: it uses another GPU, or none.
    """
    used = gpus_of(pids)
    if used is not None and used != {gpu}:
        where = f"GPU {', '.join(map(str, sorted(used)))}" if used else "no GPU at all (software rendering?)"
        raise WrongGpuError(
            f"the simulator was given GPU {gpu} but uses {where}; check its graphics driver and -graphicsadapter"
        )
