"""Short clips around a departure: what the agent saw and looked at, how it steered, who raised the alarm.

A clip frame is a picture of three panels (the agent's frame; the same frame under the saliency heat; the frame before
the sensor artifacts) above a strip of instruments. Drawing is plain OpenCV and encoding single-threaded x264: equal
records, equal bytes.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

CLIP_WIDTH_PX = 960
CLIP_HEIGHT_PX = 304
PANEL_WIDTH_PX = 320
PANEL_HEIGHT_PX = 180
MONITOR_ROWS = 7
# Where each panel lies in a clip's picture, (x, y) of its corner; a player cuts them out.
PANEL_CORNERS_PX = {"agent": (0, 0), "saliency": (PANEL_WIDTH_PX, 0), "before": (2 * PANEL_WIDTH_PX, 0)}

# Okabe-Ito: told apart under every common colour vision deficiency. State is always written in words as well.
BACKGROUND: Colour = (20, 24, 31)
TRACK: Colour = (44, 51, 63)
TEXT: Colour = (226, 230, 236)
MUTED: Colour = (150, 158, 172)
AGENT: Colour = (230, 159, 0)
REFERENCE: Colour = (86, 180, 233)
APPLIED: Colour = (204, 209, 217)
ALARM: Colour = (235, 104, 20)
CALM: Colour = (0, 158, 115)
TAKEOVER: Colour = (0, 114, 178)

SWA_RANGE_DEG = 100.0
MARGIN_RANGE_M = 1.0
RATIO_RANGE = 2.0


class ClipError(ValueError):
    """A clip cannot be drawn or encoded from what was given; the message says what is wrong."""


@dataclass(frozen=True)
class ClipFrame:
    """Everything one clip frame shows.

    Attributes:
        frame: the degraded picture the agent saw, uint8 RGB (H, W, 3).
        frame_before: the camera's picture before the sensor artifacts, same shape; None = not kept.
        saliency: map (h, w), float in [0, 1] or uint8 in 0..255; None when the agent has no network.
        saliency_box: part of the picture the map covers, shares (left, top, right, bottom) in [0, 1].
        swa_agent_deg, swa_label_deg, swa_applied_deg: left positive; None or NaN = not known.
        lane_margin_m: negative = over the line.
        time_s: simulation time of this frame.
        departure: a departure is going on. takeover: the takeover driver holds the wheel.
        alarms: monitor -> (statistic / threshold, alarm is on); a ratio of NaN = the monitor failed here.
    """

    frame: Picture
    time_s: float
    swa_agent_deg: float | None
    swa_label_deg: float | None
    swa_applied_deg: float | None
    lane_margin_m: float | None
    saliency: npt.NDArray[np.float32] | Picture | None = None
    saliency_box: tuple[float, float, float, float] = (0.0, 0.38, 1.0, 1.0)
    frame_before: Picture | None = None
    departure: bool = False
    takeover: bool = False
    alarms: Mapping[str, tuple[float, bool]] = field(default_factory=dict)


def _text(canvas: Picture, text: str, x: int, y: int, colour: Colour = TEXT, scale: float = 0.36) -> None:
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)


def _box(canvas: Picture, x0: float, y0: int, x1: float, y1: int, colour: Colour) -> None:
    low, high = round(min(x0, x1)), round(max(x0, x1))
    cv2.rectangle(canvas, (low, y0), (high, y1), colour, -1)


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _fit(frame: Picture) -> tuple[Picture, tuple[int, int, int, int]]:
    """The frame inside one panel, aspect kept; also where it lies: (x, y, width, height)."""
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ClipError(f"clip frame must be uint8 RGB (H, W, 3), got {frame.dtype} {frame.shape}")
    height, width = frame.shape[:2]
    scale = min(PANEL_WIDTH_PX / width, PANEL_HEIGHT_PX / height)
    w, h = max(round(width * scale), 1), max(round(height * scale), 1)
    x, y = (PANEL_WIDTH_PX - w) // 2, (PANEL_HEIGHT_PX - h) // 2
    panel = np.full((PANEL_HEIGHT_PX, PANEL_WIDTH_PX, 3), BACKGROUND, np.uint8)
    panel[y : y + h, x : x + w] = cv2.resize(frame, (w, h), interpolation=cv2.INTER_AREA)
    return panel, (x, y, w, h)


def _heat(panel: Picture, where: tuple[int, int, int, int], clip_frame: ClipFrame) -> Picture:
    """The panel darkened, with the map as heat (opacity grows with saliency) where the network looked."""
    assert clip_frame.saliency is not None
    saliency = clip_frame.saliency
    if saliency.ndim != 2:
        raise ClipError(f"saliency must be a map (h, w), got shape {saliency.shape}")
    x, y, w, h = where
    left, top, right, bottom = clip_frame.saliency_box
    x0, x1 = x + round(left * w), x + round(right * w)
    y0, y1 = y + round(top * h), y + round(bottom * h)
    if x1 <= x0 or y1 <= y0:
        raise ClipError(f"saliency_box {clip_frame.saliency_box} is empty: give shares left < right, top < bottom")
    result = _darkened(panel)
    result[y0:y1, x0:x1] = heat_over(panel[y0:y1, x0:x1], saliency)
    cv2.rectangle(result, (x0, y0), (x1 - 1, y1 - 1), MUTED, 1)
    return result


def heat_over(picture: Picture, saliency: npt.NDArray[np.float32] | Picture) -> Picture:
    """A picture darkened to grey under the heat of a map: its opacity grows with the saliency.

    Args:
        picture: uint8 RGB (H, W, 3). saliency: (h, w), float in [0, 1] or uint8 in 0..255; stretched over the picture.
    """
    if saliency.dtype != np.uint8:
        saliency = (np.clip(np.nan_to_num(saliency), 0.0, 1.0) * 255.0).astype(np.uint8)
    small = cv2.resize(saliency, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR)
    colours = cv2.cvtColor(cv2.applyColorMap(small, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    opacity = np.minimum(small.astype(np.float32) / 255.0 * 1.4, 0.92)[:, :, None]
    return (_darkened(picture) * (1.0 - opacity) + colours * opacity).astype(np.uint8)


def _darkened(picture: Picture) -> Picture:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.repeat((grey * 0.55).astype(np.uint8)[:, :, None], 3, axis=2)


def _signed_bar(canvas: Picture, y: int, name: str, value: float | None, colour: Colour) -> None:
    """A bar from the middle; a positive (left) angle grows to the left, as the wheel turns."""
    x0, x1, middle = 74, 252, 163
    _text(canvas, name, 8, y + 9, MUTED)
    _box(canvas, x0, y + 1, x1, y + 10, TRACK)
    if value is not None and _known(value):
        share = max(-1.0, min(1.0, value / SWA_RANGE_DEG))
        _box(canvas, middle, y + 2, middle - share * (x1 - x0) / 2, y + 9, colour)
        _text(canvas, f"{value:+6.1f}", 260, y + 9, colour)
    else:
        _text(canvas, "n/a", 260, y + 9, MUTED)
    cv2.line(canvas, (middle, y), (middle, y + 11), TEXT, 1)


def _margin_bar(canvas: Picture, y: int, margin_m: float | None) -> None:
    """Lane margin: right of the middle = inside the lane, left of it = over the line."""
    x0, x1, middle = 74, 252, 163
    _text(canvas, "margin m", 8, y + 9, MUTED)
    _box(canvas, x0, y + 1, x1, y + 10, TRACK)
    if margin_m is not None and _known(margin_m):
        colour = CALM if margin_m >= 0.0 else ALARM
        share = max(-1.0, min(1.0, margin_m / MARGIN_RANGE_M))
        _box(canvas, middle, y + 2, middle + share * (x1 - x0) / 2, y + 9, colour)
        _text(canvas, f"{margin_m:+6.2f}", 260, y + 9, colour)
    else:
        _text(canvas, "n/a", 260, y + 9, MUTED)
    cv2.line(canvas, (middle, y), (middle, y + 11), TEXT, 1)


def _alarm_rows(canvas: Picture, top: int, alarms: Mapping[str, tuple[float, bool]]) -> None:
    """One bar per monitor: statistic over threshold; the white tick is the threshold."""
    x0, x1 = 452, 572
    names = list(alarms)
    shown = names if len(names) <= MONITOR_ROWS else names[: MONITOR_ROWS - 1]
    for row, name in enumerate(shown):
        y = top + row * 14
        ratio, alarm = alarms[name]
        _text(canvas, name if len(name) <= 20 else name[:19] + "~", 328, y + 9, TEXT if alarm else MUTED, 0.33)
        _box(canvas, x0, y + 1, x1, y + 10, TRACK)
        if not math.isnan(ratio):
            share = max(0.0, min(1.0, ratio / RATIO_RANGE))
            _box(canvas, x0, y + 2, x0 + share * (x1 - x0), y + 9, ALARM if alarm else CALM)
        tick = round(x0 + (x1 - x0) / RATIO_RANGE)
        cv2.line(canvas, (tick, y), (tick, y + 11), TEXT, 1)
        if alarm:
            _text(canvas, "ALARM", 580, y + 9, ALARM)
        elif math.isnan(ratio):
            _text(canvas, "fault", 580, y + 9, MUTED)
    if len(shown) < len(names):
        _text(canvas, f"+ {len(names) - len(shown)} more", 328, top + len(shown) * 14 + 9, MUTED, 0.33)


def _tag(canvas: Picture, text: str, right: int, colour: Colour) -> int:
    """A filled label ending at ``right`` in the panel's top corner; returns where the next may end."""
    width = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)[0][0] + 12
    _box(canvas, right - width, 5, right, 22, colour)
    _text(canvas, text, right - width + 6, 17, (255, 255, 255), 0.4)
    return right - width - 5


def render_clip_frame(clip_frame: ClipFrame) -> Picture:
    """Draw one clip frame.

    Returns:
        uint8 RGB (304, 960, 3): left panel the agent's frame, middle panel the saliency heat over it, right panel the
        frame before the artifacts; below the steering angles, the lane margin and one alarm bar per monitor.

    Raises:
        ClipError: wrong shape or type of the frame, the map or its box.
    """
    canvas = np.full((CLIP_HEIGHT_PX, CLIP_WIDTH_PX, 3), BACKGROUND, np.uint8)
    panel, where = _fit(clip_frame.frame)
    canvas[:PANEL_HEIGHT_PX, :PANEL_WIDTH_PX] = panel
    if clip_frame.saliency is not None:
        canvas[:PANEL_HEIGHT_PX, PANEL_WIDTH_PX : 2 * PANEL_WIDTH_PX] = _heat(panel, where, clip_frame)
        _text(canvas, "saliency", PANEL_WIDTH_PX + 8, 17)
    else:
        _text(canvas, "no saliency: this agent has no network", PANEL_WIDTH_PX + 46, 94, MUTED)
    before_x, before_y = PANEL_CORNERS_PX["before"]
    if clip_frame.frame_before is not None:
        canvas[before_y : before_y + PANEL_HEIGHT_PX, before_x:] = _fit(clip_frame.frame_before)[0]
        _text(canvas, "before artifacts", before_x + 8, 17)
    else:
        _text(canvas, "frame before artifacts not kept", before_x + 62, 94, MUTED)
    _box(canvas, 5, 5, 82, 22, BACKGROUND)
    _text(canvas, f"t {clip_frame.time_s:6.2f} s", 9, 17, TEXT, 0.4)
    right = PANEL_WIDTH_PX - 5
    if clip_frame.departure:
        cv2.rectangle(canvas, (0, 0), (PANEL_WIDTH_PX - 1, PANEL_HEIGHT_PX - 1), ALARM, 3)
        right = _tag(canvas, "DEPARTURE", right, (190, 70, 0))
    if clip_frame.takeover:
        _tag(canvas, "TAKEOVER", right, TAKEOVER)

    top = PANEL_HEIGHT_PX + 8
    _text(canvas, "SWA deg", 8, top + 8, MUTED, 0.33)
    _text(canvas, "left +", 74, top + 8, MUTED, 0.33)
    _text(canvas, "- right", 214, top + 8, MUTED, 0.33)
    _text(canvas, "statistic / threshold", 452, top + 8, MUTED, 0.33)
    _text(canvas, "monitor", 328, top + 8, MUTED, 0.33)
    _signed_bar(canvas, top + 15, "agent", clip_frame.swa_agent_deg, AGENT)
    _signed_bar(canvas, top + 34, "reference", clip_frame.swa_label_deg, REFERENCE)
    _signed_bar(canvas, top + 53, "applied", clip_frame.swa_applied_deg, APPLIED)
    _margin_bar(canvas, top + 80, clip_frame.lane_margin_m)
    _alarm_rows(canvas, top + 14, clip_frame.alarms)
    return canvas


def encode_clip(frames: Iterable[Picture], fps: int = 20, crf: int = 27) -> bytes:
    """Encode pictures as an MP4 that browsers play and that starts before it is fully read.

    Args:
        frames: equal-sized uint8 RGB (H, W, 3), H and W even.
        fps: frames per second; the simulation's rate gives real time.
        crf: x264 quality, 0 best to 51 worst.

    Returns:
        H.264 (yuv420p) in MP4; the same frames give the same bytes.

    Raises:
        ClipError: no frames, or frames of odd or differing size.
    """
    # "faststart" makes the muxer read its own file again, so a buffer in memory will not do.
    with tempfile.TemporaryDirectory(prefix="clip-") as folder:
        path = Path(folder) / "clip.mp4"
        _encode_file(path, frames, fps, crf)
        return path.read_bytes()


def _encode_file(path: Path, frames: Iterable[Picture], fps: int, crf: int) -> None:
    shape: tuple[int, ...] | None = None
    # "bitexact" keeps the muxer's version out of the file: a library update does not change it needlessly.
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        stream.codec_context.thread_count = 1
        # With its vector code x264's macroblock tree does not always give the same bytes twice; without, it does.
        same_bytes = {"threads": "1", "x264-params": "asm=0"}
        stream.options = {"crf": str(crf), "preset": "veryfast", "g": str(fps), **same_bytes}
        for index, picture in enumerate(frames):
            if shape is None:
                shape = picture.shape
                if len(shape) != 3 or shape[0] % 2 or shape[1] % 2:
                    raise ClipError(f"clip pictures must be (H, W, 3) with even H and W, got {shape}")
                stream.height, stream.width = shape[0], shape[1]
            elif picture.shape != shape:
                raise ClipError(f"clip picture {index} is {picture.shape}, the first was {shape}")
            video_frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            video_frame.pts = index
            container.mux(stream.encode(video_frame))
        if shape is None:
            raise ClipError("a clip needs at least one frame")
        container.mux(stream.encode())
