"""The command line that starts each kind of simulator, and how to be rid of it again."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.simulation.errors import InfrastructureError
from harness.simulation.simulator import Simulator

QUALITY = "Epic"
"""CARLA's own default. Its other level, Low, draws no shadows: other pictures than the agents were trained on."""
START_SCRIPT = "./CarlaUE4.sh"  # in the working folder of the images carlasim/carla
# Apptainer stays in the host's folder; the images have had these two.
APPTAINER_START = f'cd /workspace 2>/dev/null || cd /home/carla; exec bash {START_SCRIPT} "$@"'


class LaunchError(InfrastructureError):
    """This kind of simulator cannot be started on this host; the message says what is missing."""


@dataclass(frozen=True)
class Launch:
    """How one server is started and removed.

    Attributes:
        command: command line.
        container: name of the container; None where the server is an ordinary process of ours.
        remove: command line that ends the container whatever state it is in; empty without one.
        inspect: command line that prints the process id of the container's first process; empty without one.
    """

    command: tuple[str, ...]
    container: str | None = None
    remove: tuple[str, ...] = ()
    inspect: tuple[str, ...] = ()


def launch_for(simulator: Simulator, port: int, gpu: int | None, name: str) -> Launch:
    """How to start ``simulator`` on rpc port ``port``.

    Args:
        simulator: any kind but ``attach``.
        port: rpc port; the simulator takes the two above it as well.
        gpu: index of the GPU to draw on, None to leave it to the simulator.
        name: for the container, unique on the host.

    Raises:
        LaunchError: the program or the container engine is not there.
    """
    if simulator.kind == "embedded":
        return Launch((sys.executable, "-m", "embedded_carla", f"-carla-rpc-port={port}"))
    if simulator.kind == "binary":
        script = Path(simulator.target).expanduser()
        if not script.is_file():
            raise LaunchError(f"no simulator at {script}: give the path of CarlaUE4.sh on this host")
        return Launch((str(script), *_carla_flags(port, gpu)))
    engine = shutil.which(simulator.kind)
    if engine is None:
        raise LaunchError(f"{simulator.kind} is not installed on this host or not on PATH")
    if simulator.kind == "apptainer":
        start = ("bash", "-c", APPTAINER_START, "carla", *_carla_flags(port, gpu))
        return Launch((engine, "exec", "--nv", _apptainer_image(simulator.target), *start))
    # Inside the container only one GPU is visible, so it is number 0 there.
    flags = _carla_flags(port, None if gpu is None else 0)
    run = (engine, "run", "--rm", "--name", name, "--network", "host", *_gpu_flags(simulator.kind, gpu))
    return Launch(
        (*run, simulator.target, "bash", START_SCRIPT, *flags),
        container=name,
        remove=(engine, "rm", "--force", name),
        inspect=(engine, "inspect", "--format", "{{.State.Pid}}", name),
    )


def _carla_flags(port: int, gpu: int | None) -> tuple[str, ...]:
    flags = ("-RenderOffScreen", "-nosound", f"-carla-rpc-port={port}", f"-quality-level={QUALITY}")
    return flags if gpu is None else (*flags, f"-graphicsadapter={gpu}")


def _gpu_flags(engine: str, gpu: int | None) -> tuple[str, ...]:
    if engine == "podman":
        return ("--device", f"nvidia.com/gpu={'all' if gpu is None else gpu}")
    return ("--gpus", "all" if gpu is None else f"device={gpu}")


def _apptainer_image(image: str) -> str:
    return image if "://" in image or Path(image).exists() else f"docker://{image}"
