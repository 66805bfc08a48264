"""Clips: what is drawn, that browsers can play them, that the same record gives the same bytes."""

from __future__ import annotations

import io
import math
from typing import Any

import av
import numpy as np
import pytest

from harness.results import clips
from harness.results.clips import ClipError, ClipFrame, encode_clip, render_clip_frame


def clip_frame(**changes: Any) -> ClipFrame:
    values: dict[str, Any] = {
        "frame": np.full((360, 640, 3), 90, np.uint8),
        "time_s": 12.35,
        "swa_agent_deg": 0.0,
        "swa_label_deg": 0.0,
        "swa_applied_deg": 0.0,
        "lane_margin_m": 0.4,
        "saliency": np.zeros((66, 200), np.float32),
    }
    return ClipFrame(**(values | changes))


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.argwhere((picture == np.array(colour, np.uint8)).all(axis=2))


def test_picture_has_the_declared_size_for_any_camera_aspect() -> None:
    for shape in ((360, 640, 3), (480, 640, 3), (66, 200, 3)):
        picture = render_clip_frame(clip_frame(frame=np.zeros(shape, np.uint8)))
        assert picture.shape == (clips.CLIP_HEIGHT_PX, clips.CLIP_WIDTH_PX, 3) and picture.dtype == np.uint8


def test_positive_angle_grows_to_the_left() -> None:
    left = count(render_clip_frame(clip_frame(swa_agent_deg=50.0)), clips.AGENT)
    right = count(render_clip_frame(clip_frame(swa_agent_deg=-50.0)), clips.AGENT)
    bar_left, bar_right = left[left[:, 1] < 250, 1], right[right[:, 1] < 250, 1]
    assert bar_left.max() <= 163 <= bar_right.min()


def test_unknown_values_draw_no_bar() -> None:
    for unknown in (None, math.nan):
        picture = render_clip_frame(clip_frame(swa_agent_deg=unknown, lane_margin_m=unknown))
        assert len(count(picture, clips.AGENT)) == 0 and len(count(picture, clips.CALM)) == 0


def test_negative_margin_and_alarm_change_colour() -> None:
    assert len(count(render_clip_frame(clip_frame()), clips.ALARM)) == 0
    assert len(count(render_clip_frame(clip_frame(lane_margin_m=-0.3)), clips.ALARM)) > 50
    quiet = render_clip_frame(clip_frame(alarms={"watcher": (0.9, False)}))
    loud = render_clip_frame(clip_frame(alarms={"watcher": (1.5, True)}))
    assert len(count(quiet, clips.ALARM)) == 0 and len(count(loud, clips.ALARM)) > 300


def test_saliency_lies_only_in_its_box() -> None:
    dark = render_clip_frame(clip_frame())
    hot = render_clip_frame(clip_frame(saliency=np.ones((66, 200), np.float32)))
    rows = np.flatnonzero((dark != hot).any(axis=(1, 2)))
    assert rows.min() >= round(0.38 * 180) and rows.max() < 180
    assert not (dark[:, :320] != hot[:, :320]).any()


def test_the_picture_before_the_artifacts_has_a_panel_of_its_own() -> None:
    without = render_clip_frame(clip_frame())
    shown = render_clip_frame(clip_frame(frame_before=np.full((360, 640, 3), 200, np.uint8)))
    x, y = clips.PANEL_CORNERS_PX["before"]
    assert (shown[y + 60 : y + 170, x + 5 : x + 315] == 200).all()
    assert (without[:, :x] == shown[:, :x]).all()


def test_float_and_byte_maps_draw_alike() -> None:
    map_float = np.tile(np.linspace(0, 1, 200, dtype=np.float32), (66, 1))
    map_byte = (map_float * 255).astype(np.uint8)
    assert (render_clip_frame(clip_frame(saliency=map_float)) == render_clip_frame(clip_frame(saliency=map_byte))).all()


def test_more_monitors_than_rows_still_fit() -> None:
    alarms = {f"monitor_{k}": (math.nan if k == 2 else k / 4, k > 4) for k in range(30)}
    render_clip_frame(clip_frame(alarms=alarms, saliency=None, departure=True, takeover=True))


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame": np.zeros((360, 640, 4), np.uint8)},
        {"frame": np.zeros((360, 640, 3), np.float32)},
        {"saliency": np.zeros((1, 66, 200), np.float32)},
        {"saliency_box": (0.0, 0.5, 1.0, 0.5)},
    ],
)
def test_wrong_pictures_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ClipError):
        render_clip_frame(clip_frame(**wrong))


def six_seconds() -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    frames = []
    for tick in range(120):
        frame = np.full((360, 640, 3), 100, np.int16)
        frame[180:] -= 30
        frame[200:, 200 + tick : 215 + tick] = 235
        frame = np.clip(frame + rng.normal(0, 12, frame.shape), 0, 255).astype(np.uint8)
        frames.append(render_clip_frame(clip_frame(frame=frame, swa_agent_deg=tick - 60.0, departure=tick > 60)))
    return frames


def test_clip_is_h264_small_and_repeatable() -> None:
    frames = six_seconds()
    data = encode_clip(frames)
    assert data == encode_clip(frames)
    assert len(data) <= 250_000
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        decoded = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
        assert float(stream.duration * stream.time_base) == pytest.approx(6.0)
    assert len(decoded) == 120
    error = np.abs(decoded[60].astype(float) - frames[60].astype(float)).mean()
    assert error < 8.0


def test_clip_without_or_with_unequal_pictures_is_refused() -> None:
    with pytest.raises(ClipError, match="at least one"):
        encode_clip([])
    with pytest.raises(ClipError, match="even"):
        encode_clip([np.zeros((303, 640, 3), np.uint8)])
    with pytest.raises(ClipError, match="the first was"):
        encode_clip([np.zeros((304, 640, 3), np.uint8), np.zeros((302, 640, 3), np.uint8)])
