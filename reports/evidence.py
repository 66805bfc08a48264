"""What is shown of each departure: which ones fit into the page, their clip, a still picture, their time series."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.evaluation.alarms import alarm_from_statistic, final_statistic
from harness.evaluation.stretches import maximal_stretches, ticks_at_least
from harness.results.clips import PANEL_HEIGHT_PX, PANEL_WIDTH_PX
from reports.charts.time_series import DepartureTrace, MonitorTrace, Span

BEFORE_S, AFTER_S = 8.0, 3.0
STILL_WIDTH_PX = 480
STILL_AT_SHARE = 0.6
ALARM_MERGE_GAP_S = 1.0


@dataclass(frozen=True)
class OperatingPoint:
    """Frozen thresholds of one monitor on its final statistic, and the latency it declares."""

    theta_on: float
    theta_off: float
    declared_latency_s: float = 0.0


def spread_over_groups(candidates: Iterable[tuple[str, str]], limit: int) -> list[str]:
    """At most ``limit`` names out of (group, name) pairs, taken in turn from every group.

    A reader who sees forty departures of one condition learns less than one who sees four of each of ten.
    """
    groups: dict[str, list[str]] = {}
    for group, name in candidates:
        groups.setdefault(group, []).append(name)
    queues = [list(names) for _, names in sorted(groups.items())]
    chosen: list[str] = []
    while len(chosen) < limit and any(queues):
        for queue in queues:
            if queue and len(chosen) < limit:
                chosen.append(queue.pop(0))
    return chosen


def departure_trace(
    ticks: pd.DataFrame,
    onset_s: float,
    tick_s: float,
    points: Mapping[str, OperatingPoint],
    monitors: Sequence[str],
) -> DepartureTrace:
    """The shown window of one run around ``onset_s``; alarms are judged on the whole run, then cut.

    Args:
        ticks: the tick table.
        onset_s: onset of the departure.
        tick_s: simulation step.
        points: thresholds by monitor; a monitor without one is not drawn.
        monitors: which to draw, in this order.
    """
    time_s = ticks["time_s"].to_numpy(np.float64)
    window = (time_s >= onset_s - BEFORE_S) & (time_s <= onset_s + AFTER_S)
    traces = []
    for name in monitors:
        column = f"score__{name}"
        if name not in points or column not in ticks.columns:
            continue
        point = points[name]
        statistic = final_statistic(ticks[column].to_numpy(), tick_s)
        alarm = alarm_from_statistic(statistic, point.theta_on, point.theta_off, tick_s, point.declared_latency_s)
        traces.append(
            MonitorTrace(name, _over_threshold(statistic, point.theta_on)[window], spans(alarm, time_s, tick_s, True))
        )
    margin = ticks["lane_margin_m"].to_numpy(np.float64)
    return DepartureTrace(
        time_s=time_s[window],
        swa_agent_deg=ticks["swa_agent_deg"].to_numpy(np.float64)[window],
        swa_label_deg=ticks["swa_label_deg"].to_numpy(np.float64)[window],
        lane_margin_m=margin[window],
        onset_s=onset_s,
        departed=spans((margin < 0) & ~ticks["odd_mask"].to_numpy(bool), time_s, tick_s),
        takeovers=spans(ticks["takeover"].to_numpy(bool), time_s, tick_s),
        monitors=traces,
    )


def embed(media_type: str, content: bytes) -> str:
    """A ``data:`` address that carries its content."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def still_picture(clip: bytes) -> bytes:
    """The agent's and the saliency panel of one clip picture, shortly after its middle, as a small JPEG."""
    with av.open(io.BytesIO(clip), "r") as container:
        stream = container.streams.video[0]
        wanted = int((stream.frames or 1) * STILL_AT_SHARE)
        picture = None
        for index, frame in enumerate(container.decode(video=0)):
            picture = frame
            if index >= wanted:
                break
    if picture is None:
        raise ValueError("clip holds no picture; record the episode again")
    rgb = picture.to_ndarray(format="rgb24")[:PANEL_HEIGHT_PX, : 2 * PANEL_WIDTH_PX]
    height = round(rgb.shape[0] * STILL_WIDTH_PX / rgb.shape[1])
    small = cv2.resize(rgb, (STILL_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    ok, encoded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 72])
    assert ok
    return bytes(encoded)


def _over_threshold(statistic: npt.NDArray[np.float64], theta_on: float) -> npt.NDArray[np.float64]:
    # A ratio means nothing for a threshold that is zero or negative: the line is left out, the alarms remain.
    if not (np.isfinite(theta_on) and theta_on > 0.0):
        return np.full_like(statistic, np.nan)
    return statistic / theta_on


def spans(
    active: npt.NDArray[np.bool_], time_s: npt.NDArray[np.float64], tick_s: float, merge: bool = False
) -> list[Span]:
    """Stretches of true ticks as (start, end) in s; ``merge`` joins them over gaps below 1 s, as alarms are."""
    gap = ticks_at_least(ALARM_MERGE_GAP_S, tick_s) if merge else 0
    stretches = maximal_stretches(active, 1, gap)
    return [(float(time_s[s.start]), float(time_s[s.end - 1]) + tick_s) for s in stretches]
