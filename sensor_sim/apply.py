"""``python -m sensor_sim apply``: a folder of frames through a camera, in the order of their names."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2

from sensor_sim.chain import SensorChain
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.frame_context import FrameContext
from sensor_sim.frame_folder import read_folder
from sensor_sim.presets import load_preset
from sensor_sim.ranges import checked_number
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from sensor_sim.severities.table import severity_parameters


def add_command(commands: Any) -> None:
    """Declare the command's options."""
    parser = commands.add_parser("apply", help="lay a preset, or an effect at a severity, over a folder of frames")
    parser.add_argument("--frames", type=Path, required=True, help="folder of ideal frames of one size")
    parser.add_argument("--fov", type=float, required=True, help="their horizontal field of view, degrees")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--preset", help="name of a shipped preset, or a .yaml file")
    what.add_argument("--effect", nargs="+", metavar="NAME:SEVERITY", help="effects, such as blur:2 noise:3")
    parser.add_argument("--seed", type=int, default=0, help="decides everything random")
    parser.add_argument("--fps", type=float, default=20.0, help="frames per second, for effects over time")
    parser.add_argument("--speed", type=float, default=0.0, help="of the car, m/s, for motion blur and rolling shutter")
    parser.add_argument("--yaw-rate", type=float, default=0.0, help="of the car, degrees/s, left positive")
    parser.add_argument("--out", type=Path, required=True, help="folder for the degraded frames (PNG)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    frames = read_folder(options.frames)
    if options.out.resolve() == options.frames.resolve():
        raise SensorSpecError(f"--out {options.out} is the folder of the ideal frames; give another")
    height, width = next(iter(frames.values())).shape[:2]
    tick_s = 1.0 / checked_number("--fps", options.fps, 0.1, 1e6, "frames per second")
    chain = SensorChain(_schedule(options, width), width, height, options.fov, tick_s)
    chain.reset(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    for tick, (name, frame) in enumerate(frames.items()):
        degraded = chain.apply(frame, FrameContext(tick, tick_s, options.speed, options.yaw_rate))
        path = options.out / Path(name).with_suffix(".png")
        if not cv2.imwrite(str(path), cv2.cvtColor(degraded, cv2.COLOR_RGB2BGR)):
            raise SensorFrameError(f"{path} cannot be written")
    print(f"written: {len(frames)} frames to {options.out}")
    return 0


def _schedule(options: argparse.Namespace, width: int) -> SensorSchedule:
    if options.preset is not None:
        return load_preset(options.preset, width, options.fov)
    entries = []
    for given in options.effect:
        name, colon, severity = given.rpartition(":")
        if not colon or not severity.isdecimal():
            raise SensorSpecError(f"--effect {given}: give the effect's name and a severity 1 to 5, such as blur:2")
        entries.append(EffectSchedule(name, severity_parameters(name, int(severity), width, options.fov)))
    return SensorSchedule(tuple(entries))
