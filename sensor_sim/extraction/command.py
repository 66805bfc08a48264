"""``python -m sensor_sim extract``: a folder of real frames in, a preset file with intervals out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sensor_sim.errors import SensorSpecError
from sensor_sim.extraction.extract import CURVES, Estimate, extract
from sensor_sim.frame_folder import read_folder
from sensor_sim.preset_file import write_preset


def add_command(commands: Any) -> None:
    """Declare the command's options."""
    parser = commands.add_parser("extract", help="measure a real camera on a folder of its frames; writes a preset")
    parser.add_argument("--frames", type=Path, required=True, help="folder of frames of one camera, about ten")
    parser.add_argument("--fov", type=float, required=True, help="their horizontal field of view, degrees")
    parser.add_argument("--curve", choices=CURVES, default=CURVES[0], help="how the camera encodes light")
    parser.add_argument("--out", type=Path, required=True, help="preset file to write (.yaml)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if options.out.suffix != ".yaml":
        raise SensorSpecError(f"--out {options.out}: a preset file ends in .yaml")
    found = extract(read_folder(options.frames), options.fov, options.curve)
    write_preset(
        options.out,
        f"Extracted from {found.frames} frames of {options.frames.name}.",
        found.width_px,
        found.focal_px,
        found.schedule(),
        found.provenance(),
    )
    print("\n".join([*(_line(estimate) for estimate in found.estimates), f"written: {options.out}"]))
    return 0


def _line(estimate: Estimate) -> str:
    name = f"{estimate.effect}.{estimate.parameter}"
    if estimate.value is None:
        return f"{name:28s} NOT IDENTIFIED: {estimate.reason} ({estimate.basis})"
    text = f"{name:28s} {estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}] from {estimate.basis}"
    return f"{text}; {estimate.reason}" if estimate.reason else text
