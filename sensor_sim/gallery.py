"""``python -m sensor_sim gallery``: a page of every effect at every severity, and of presets before and after.

The pictures are what the chain makes of real rendered frames, the numbers beside them the parameters it was given.
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment

from sensor_sim.chain import SensorChain
from sensor_sim.documentation import degraded, side_by_side
from sensor_sim.effects import EFFECTS, definition_of
from sensor_sim.effects.definition import NumberParameter, ParameterValue
from sensor_sim.effects.effect import Frame
from sensor_sim.errors import SensorSpecError
from sensor_sim.film import FILMED, ONSET_TICK, TICKS, film
from sensor_sim.frame_context import FrameContext
from sensor_sim.frame_folder import read_folder
from sensor_sim.presets import load_preset, preset_names
from sensor_sim.schedule import SensorSchedule
from sensor_sim.severities.calibration import FOV_DEG, FRAMES_FOLDER, SPEED_MPS, TICK_S, YAW_RATE_DPS
from sensor_sim.severities.table import HIGHEST, LOWEST, severity_parameters

TEMPLATE = Path(__file__).with_name("gallery.html.j2")
JPEG_QUALITY = 90
CORNER_SHARE = 8
"""A corner is this part of the width and of the height."""
CORNER_ZOOM = 4
PRESET_TICK = 12
FILM_WIDTH_PX = 480


def add_command(commands: Any) -> None:
    """Declare the command's options."""
    parser = commands.add_parser("gallery", help="write a page of every effect at every severity, and of presets")
    parser.add_argument("--out", type=Path, default=Path("results") / "gallery.html", help="HTML file to write")
    parser.add_argument("--frames", type=Path, default=FRAMES_FOLDER, help="folder of ideal frames, at least two")
    parser.add_argument("--fov", type=float, default=FOV_DEG, help="their horizontal field of view, degrees")
    parser.add_argument(
        "--preset", nargs="+", default=list(preset_names()), metavar="NAME", help="names or .yaml files (default: all)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    frames = read_folder(options.frames)
    if len(frames) < 2:
        raise SensorSpecError(f"{options.frames} holds one frame; the gallery shows at least two")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(gallery_page(frames, options.fov, options.preset), encoding="utf-8")
    print(f"written: {options.out}")
    return 0


def gallery_page(frames: dict[str, Frame], fov_deg: float, presets: Sequence[str]) -> str:
    """The whole page, pictures included.

    Args:
        frames: file name -> uint8 RGB (H, W, 3), at least two of one size. Shown are the first and the one at three
            quarters.
        fov_deg: horizontal field of view, degrees.
        presets: names or paths for before and after.
    """
    names = list(frames)
    views = [(name, frames[name]) for name in (names[0], names[3 * len(names) // 4])]
    height, width = views[0][1].shape[:2]
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        size=f"{width} × {height}",
        fov_deg=fov_deg,
        speed_mps=SPEED_MPS,
        yaw_rate_dps=YAW_RATE_DPS,
        zoom=CORNER_ZOOM,
        quality=JPEG_QUALITY,
        film_ticks=TICKS,
        film_onset=ONSET_TICK,
        ideal=[(name, picture_uri(frame)) for name, frame in views],
        presets=[_preset_section(name, views[0][1], fov_deg) for name in presets],
        effects=[_effect_section(name, views, width, fov_deg) for name in EFFECTS],
    )


def corner_picture(before: Frame, after: Frame) -> Frame:
    """The four corners of both pictures, enlarged without smoothing.

    Args:
        before, after: uint8 RGB (H, W, 3).

    Returns:
        uint8 RGB: upper row before, lower row after; upper left, upper right, lower left, lower right corner.
    """
    height, width = before.shape[0] // CORNER_SHARE, before.shape[1] // CORNER_SHARE
    sides = [
        (rows, columns)
        for rows in (slice(None, height), slice(-height, None))
        for columns in (slice(None, width), slice(-width, None))
    ]
    lines: list[Frame] = []
    for picture in (before, after):
        tiles = [picture[side].repeat(CORNER_ZOOM, axis=0).repeat(CORNER_ZOOM, axis=1) for side in sides]
        parts = [part for tile in tiles for part in (tile, _gap(tile))][:-1]
        lines.append(np.asarray(np.concatenate(parts, axis=1), np.uint8))
    gap = _gap(lines[0].swapaxes(0, 1)).swapaxes(0, 1)
    return np.asarray(np.concatenate([lines[0], gap, lines[1]]), np.uint8)


def _gap(beside: Frame) -> Frame:
    """A white strip as high as ``beside``."""
    return np.full((beside.shape[0], 4, 3), 255, np.uint8)


def picture_uri(frame: Frame) -> str:
    """A frame as a JPEG ``data:`` address."""
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def _effect_section(name: str, views: Sequence[tuple[str, Frame]], width_px: int, fov_deg: float) -> dict[str, Any]:
    definition = EFFECTS[name]
    severities = range(LOWEST, HIGHEST + 1)
    return {
        "name": name,
        "stage": definition.stage.value,
        "stateful": definition.stateful,
        "summary": definition.summary,
        "formula": definition.formula,
        "severities": [
            {
                "severity": severity,
                "parameters": _parameter_lines(name, severity_parameters(name, severity, width_px, fov_deg)),
                "pictures": [picture_uri(_shown(name, severity, frame, fov_deg)) for _, frame in views],
            }
            for severity in severities
        ],
    }


def _shown(name: str, severity: int, frame: Frame, fov_deg: float) -> Frame:
    """The effect on a frame; of an effect over time what arrived on some ticks, in two rows."""
    if name not in FILMED:
        return degraded(name, severity, frame, fov_deg)
    _, arrived = film(name, severity, frame, fov_deg)
    half = len(arrived) // 2
    rows = [side_by_side(ticks, FILM_WIDTH_PX) for ticks in (arrived[:half], arrived[half:])]
    return np.asarray(np.concatenate(rows), np.uint8)


def _preset_section(name: str, before: Frame, fov_deg: float) -> dict[str, Any]:
    schedule = load_preset(name, before.shape[1], fov_deg)
    after = _through(schedule, before, fov_deg)
    return {
        "name": Path(name).stem,
        "effects": [f"{e.effect}: {', '.join(_parameter_lines(e.effect, e.parameters))}" for e in schedule.effects],
        "before": picture_uri(before),
        "after": picture_uri(after),
        "corners": picture_uri(corner_picture(before, after)),
    }


def _through(schedule: SensorSchedule, frame: Frame, fov_deg: float) -> Frame:
    """The frame after the same frame was seen for some ticks, as effects with a memory need."""
    chain = SensorChain(schedule, frame.shape[1], frame.shape[0], fov_deg, TICK_S)
    chain.reset(1)
    for tick in range(PRESET_TICK):
        chain.apply(frame, FrameContext(tick, TICK_S, SPEED_MPS, YAW_RATE_DPS))
    return chain.apply(frame, FrameContext(PRESET_TICK, TICK_S, SPEED_MPS, YAW_RATE_DPS))


def _parameter_lines(effect: str, parameters: Mapping[str, ParameterValue]) -> list[str]:
    """``name value unit`` of every parameter."""
    units = {p.name: p.unit for p in definition_of(effect).parameters if isinstance(p, NumberParameter)}
    return [
        f"{key} {value:.4g} ({units[key]})" if isinstance(value, float) else f"{key} {value}"
        for key, value in parameters.items()
    ]
