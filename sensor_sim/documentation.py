"""The page of all effects, written from their definitions and the calibration: text and pictures cannot fall behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.effects.definition import EffectDefinition, NumberParameter, Stage
from sensor_sim.effects.effect import Frame
from sensor_sim.film import FILMED, ONSET_TICK, TICKS, film
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from sensor_sim.severities.calibration import FOV_DEG, SPEED_MPS, TICK_S, YAW_RATE_DPS, load_frames
from sensor_sim.severities.table import calibration, severity_parameters

PICTURED = (1, 3, 5)
FILMED_SEVERITY = 3
STRIP_WIDTH_PX = 960
JPEG_QUALITY = 72
PICTURED_TICK = 12

INTRODUCTION_TEMPLATE = """# Effects of the sensor simulator

Written by `python -m sensor_sim effects`; do not edit. In the order in which the chain applies them: optics, sensor,
ISP, transport. L is linear light (1 = the brightest code of the ideal frame), x a code 0..255, V a severity.

A schedule entry names the effect, its parameters in the units below or `severity: 1` to `5`, and optionally `onset_s`,
`ramp_s` and `duration_s`. On a ramp the parameters marked with a neutral value go linearly from there to their target
(`gain`: in equal stops). Severities: mean SSIM over the shipped frame set (sixteen 320 × 180 frames, fov 90°, motion
14 m/s and 10 °/s) is 1 − V/10 where the table says *ssim*; *range*: the effect cannot become so strong on these frames,
and the remaining severities divide the rest of its range evenly; *definition*: see there. Lengths in pixels are for a
width of 320 px and are carried to another camera as a share of its width, radial coefficients by the displacement at
the picture's edge. At another resolution the same severity has another SSIM.

An episode stores the resolved parameters. What is random depends on (seed, tick) alone; *stateful* effects also on the
frames since the start of the episode. Bytes are the same on any worker and any number of threads of one machine;
effects that use OpenCV's filters may differ in the last bit between kinds of processors.

The pictures show the ideal frame and severities 1, 3 and 5. Effects that a single frame does not show have a film of
{ticks} ticks at severity {severity} instead: above what the camera saw, below what arrived, each with the number of its
tick; the effect sets in at tick {onset} (`exposure_lag`: the light changes there).

| stage | effects |
|---|---|
{contents}
"""


def write_page(page: Path, pictures: Path) -> None:
    """Write the page and one strip of pictures per effect into the folder ``pictures``, beside or below the page."""
    pictures.mkdir(parents=True, exist_ok=True)
    for name in EFFECTS:
        bgr = cv2.cvtColor(strip(name, load_frames()[0]), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(pictures / f"{name}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    page.write_text(page_text(pictures.relative_to(page.parent).as_posix()), encoding="utf-8")


def page_text(pictures: str) -> str:
    """The page's Markdown, with pictures from the folder ``pictures``."""
    contents = "\n".join(
        f"| {stage.value} | {', '.join(f'[{name}](#{name})' for name, d in EFFECTS.items() if d.stage == stage)} |"
        for stage in Stage
    )
    introduction = INTRODUCTION_TEMPLATE.format(
        ticks=TICKS, severity=FILMED_SEVERITY, onset=ONSET_TICK, contents=contents
    )
    sections = [_section(definition, f"{pictures}/{name}.jpg") for name, definition in EFFECTS.items()]
    return "\n".join([introduction, *sections])


def strip(name: str, frame: Frame) -> Frame:
    """The picture of one effect on the page.

    Args:
        frame: uint8 RGB (H, W, 3).
    """
    rows: tuple[list[Frame], ...]
    if name in FILMED:
        rows = film(name, FILMED_SEVERITY, frame)
    else:
        rows = ([frame, *(degraded(name, severity, frame) for severity in PICTURED)],)
    return np.asarray(np.concatenate([side_by_side(tiles, STRIP_WIDTH_PX) for tiles in rows]), np.uint8)


def side_by_side(tiles: Sequence[Frame], width_px: int) -> Frame:
    """Pictures of one size in a row that is ``width_px`` wide."""
    tile_width = width_px // len(tiles)
    height = round(tile_width * tiles[0].shape[0] / tiles[0].shape[1])
    small = [cv2.resize(tile, (tile_width, height), interpolation=cv2.INTER_AREA) for tile in tiles]
    return np.asarray(np.concatenate(small, axis=1), np.uint8)


def degraded(name: str, severity: int, frame: Frame, fov_deg: float = FOV_DEG) -> Frame:
    """The effect at a severity 1 to 5 on a frame."""
    height, width = frame.shape[:2]
    schedule = SensorSchedule((EffectSchedule(name, severity_parameters(name, severity, width, fov_deg)),))
    chain = SensorChain(schedule, width, height, fov_deg, TICK_S)
    chain.reset(1)
    return chain.apply(frame, FrameContext(PICTURED_TICK, TICK_S, SPEED_MPS, YAW_RATE_DPS))


def _section(definition: EffectDefinition, picture: str) -> str:
    kind = "stateful" if definition.stateful else "stateless"
    shown = f"severity {FILMED_SEVERITY} over time" if definition.name in FILMED else "ideal, severities 1, 3, 5"
    lines = [
        f"## {definition.name}",
        "",
        f"*{definition.stage.value}, {kind}.* {definition.summary}",
        "",
        f"![{definition.name}: {shown}]({picture})",
        "",
        f"Formula: {definition.formula}.  ",
        f"Source: {definition.source}.",
        "",
        "| parameter | unit | range | neutral | default |",
        "|---|---|---|---|---|",
    ]
    for parameter in definition.parameters:
        if isinstance(parameter, NumberParameter):
            neutral = "" if parameter.neutral is None else f"{parameter.neutral:g}"
            default = "required" if parameter.default is None else f"{parameter.default:g}"
            lines.append(
                f"| `{parameter.name}` | {parameter.unit} | {parameter.low:g} … {parameter.high:g} "
                f"| {neutral} | {default} |"
            )
        else:
            lines.append(f"| `{parameter.name}` | option | {', '.join(parameter.options)} | | {parameter.default} |")
    return "\n".join([*lines, "", *_severity_lines(definition), ""])


def _severity_lines(definition: EffectDefinition) -> list[str]:
    stored = calibration()["effects"][definition.name]
    values = " | ".join(f"{value:.4g}" for value in stored["values"])
    similarity = " | ".join("n/a" if value is None else f"{value:.2f}" for value in stored["mean_ssim"])
    basis = " | ".join(stored["basis"])
    lines = [
        "| V | 1 | 2 | 3 | 4 | 5 |",
        "|---|---|---|---|---|---|",
        f"| `{stored['parameter']}` | {values} |",
        f"| mean SSIM | {similarity} |",
        f"| basis | {basis} |",
    ]
    return [*lines, "", f"Severity: {stored['reason']}."] if stored["reason"] else lines
