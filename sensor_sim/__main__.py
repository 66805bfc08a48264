"""Tools of the sensor simulator: ``python -m sensor_sim <command>``.

What a camera does to a picture: blur, noise, glare, rain, a frozen frame and two dozen more, in physical units.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from sensor_sim import apply, gallery, listing
from sensor_sim.calibration import command as calibration_command
from sensor_sim.calibration import ensemble
from sensor_sim.documentation import write_page
from sensor_sim.effects import EFFECTS
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.extraction import command as extraction_command
from sensor_sim.severities.calibration import calibrate, frames_sha256, load_frames
from sensor_sim.severities.table import CALIBRATION_FILE, calibration

PAGE = Path("docs") / "effects.md"

FIRST_STEPS = """
first steps:
  python -m sensor_sim list                                    what there is, with units and ranges
  python -m sensor_sim list rain_drops                         all about one effect
  python -m sensor_sim gallery --out gallery.html              see every effect at severities 1 to 5
  python -m sensor_sim apply --frames ideal/ --fov 90 --preset night_noisy --out night/
  python -m sensor_sim apply --frames ideal/ --fov 90 --effect blur:2 noise:3 --out soft/

a camera of your own:
  python -m sensor_sim extract --frames recorded/ --fov 60 --out mine.yaml
  python -m sensor_sim calibrate --frames ideal/ --fov 90 --target recorded/ --score mine.scores:per_frame \\
      --start mine.yaml --out calibrated/
  python -m sensor_sim apply --frames ideal/ --fov 90 --preset calibrated/preset.yaml --out like_mine/

in Python:
  from sensor_sim.chain import SensorChain
  from sensor_sim.frame_context import FrameContext
  from sensor_sim.presets import load_preset
  chain = SensorChain(load_preset("rainy", 640, 90.0), 640, 360, fov_deg=90.0, tick_s=0.05)
  chain.reset(seed=7)
  degraded = chain.apply(frame, FrameContext(tick=0, dt_s=0.05, speed_mps=14.0, yaw_rate_dps=0.0))

Frames are uint8 RGB (height, width, 3). Pages: docs/effects.md, docs/camera_tools.md.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 2 = what was asked for is impossible."""
    parser = argparse.ArgumentParser(
        prog="python -m sensor_sim",
        description=__doc__.split("\n\n")[1] if __doc__ else None,
        epilog=FIRST_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for tool in (listing, apply, gallery, extraction_command, calibration_command, ensemble):
        tool.add_command(commands)
    severities = commands.add_parser("severities", help="calibrate severities 1 to 5 on the frame set (minutes)")
    severities.add_argument("--out", type=Path, default=CALIBRATION_FILE, help="JSON file to write")
    severities.add_argument("--only", nargs="+", default=[], choices=list(EFFECTS), metavar="EFFECT", help="just these")
    severities.set_defaults(run=_severities)
    effects = commands.add_parser("effects", help="write the page of all effects, with pictures")
    effects.add_argument("--out", type=Path, default=PAGE, help="Markdown file to write; pictures go beside it")
    effects.set_defaults(run=_effects)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        return int(options.run(options))
    except (SensorSpecError, SensorFrameError, OSError) as error:
        print(f"{parser.prog} {options.command}: {error}", file=sys.stderr)
        return 2


def _effects(options: argparse.Namespace) -> int:
    write_page(options.out, options.out.parent / "images" / "effects")
    print(f"written: {options.out}")
    return 0


def _severities(options: argparse.Namespace) -> int:
    frames = load_frames()
    stored = calibration() if CALIBRATION_FILE.is_file() else None
    if options.only and (stored is None or stored["frames"]["sha256"] != frames_sha256(frames)):
        print("the stored calibration belongs to other frames: calibrate all effects (without --only)", file=sys.stderr)
        return 2
    content = calibrate(frames, lambda line: print(line, flush=True), options.only, stored)
    options.out.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
