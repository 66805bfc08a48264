"""Keeps the last seconds of an episode and turns them into a clip when it departed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.protocol import AgentOutput, Frame, Monitor
from agents.thresholds import DEFAULT_POINT, OperatingPoint, ThresholdsMissingError, operating_point
from harness.campaign.episode_spec import EpisodeSpec
from harness.evaluation.alarms import alarm_from_statistic, final_statistic
from harness.results.clips import ClipFrame, encode_clip, render_clip_frame
from harness.simulation.callback import TickView
from harness.simulation.preparation import PreparedEpisode

CLIP_S = 6.0
CLIP_NAME = "clip_0.mp4"


def alarm_points(
    spec: EpisodeSpec, prepared: PreparedEpisode, thresholds: Mapping[str, Any]
) -> dict[str, OperatingPoint]:
    """Operating point of each monitor whose alarm a clip can show: the default one, or the one that is obeyed."""
    points = {}
    for monitor in prepared.watching:
        if monitor.name == prepared.obeyed and spec.thresholds is not None:
            points[monitor.name] = OperatingPoint(spec.thresholds.theta_on, spec.thresholds.theta_off)
        elif not monitor.privileged:
            try:
                points[monitor.name] = operating_point(thresholds, monitor.name, DEFAULT_POINT)
            except ThresholdsMissingError:
                continue  # never calibrated: it has no alarm to show
    return points


@dataclass(frozen=True)
class _Remembered:
    """What a clip needs of a tick; the rest of the tick is let go."""

    frame: Frame
    frame_before: Frame
    output: AgentOutput | None
    time_s: float
    swa_label_deg: float
    swa_applied_deg: float
    lane_margin_m: float
    departed: bool
    takeover: bool


class ClipRecorder:
    """Remembers the last 6 s: a run ends 3 s after its departure, so they show 3 s before and after.

    Args:
        monitors: that score the run.
        points: operating points by monitor name; only these monitors are shown.
        tick_s: simulation step, s.
    """

    def __init__(self, monitors: Sequence[Monitor], points: Mapping[str, OperatingPoint], tick_s: float) -> None:
        self._tick_s = tick_s
        self._points = dict(points)
        self._latency_s = {monitor.name: monitor.declared_latency_s for monitor in monitors}
        self._ticks: deque[_Remembered] = deque(maxlen=round(CLIP_S / tick_s))
        self._scores: dict[str, list[float]] = {name: [] for name in self._points}

    def on_tick(self, view: TickView) -> None:
        """Remember one tick."""
        for name, scores in self._scores.items():
            scores.append(view.monitor_outputs[name].score)
        self._ticks.append(
            _Remembered(
                frame=view.frame,
                frame_before=view.raw_frame,
                output=view.agent_output,
                time_s=view.state.time_s,
                swa_label_deg=view.state.swa_label_deg,
                swa_applied_deg=view.swa_command_deg,
                lane_margin_m=view.state.lane_margin_m,
                departed=view.departed,
                takeover=view.takeover,
            )
        )

    def clips(self) -> dict[str, bytes]:
        """File name -> MP4 bytes of what is remembered; empty if that is nothing."""
        if not self._ticks:
            return {}
        bars = {name: self._bar(name)[-len(self._ticks) :] for name in self._points}
        pictures = (
            render_clip_frame(_clip_frame(tick, {name: bar[k] for name, bar in bars.items()}))
            for k, tick in enumerate(self._ticks)
        )
        return {CLIP_NAME: encode_clip(pictures, fps=round(1.0 / self._tick_s))}

    def _bar(self, name: str) -> list[tuple[float, bool]]:
        """(statistic / threshold, alarm) of one monitor at every tick of the run; NaN where it failed."""
        point = self._points[name]
        statistic = final_statistic(np.asarray(self._scores[name]), self._tick_s)
        alarm = alarm_from_statistic(statistic, point.theta_on, point.theta_off, self._tick_s, self._latency_s[name])
        return [(_ratio(value, point.theta_on), bool(on)) for value, on in zip(statistic, alarm, strict=True)]


def _ratio(statistic: float, theta_on: float) -> float:
    if math.isnan(statistic):
        return math.nan
    if theta_on > 0.0:
        return float(statistic / theta_on)
    # A share of a threshold that is not positive says nothing: show a full bar above it and none below.
    return math.inf if statistic > theta_on else 0.0


def _clip_frame(tick: _Remembered, alarms: Mapping[str, tuple[float, bool]]) -> ClipFrame:
    return ClipFrame(
        frame=tick.frame,
        frame_before=tick.frame_before,
        time_s=tick.time_s,
        swa_agent_deg=None if tick.output is None else float(tick.output.swa_deg),
        swa_label_deg=tick.swa_label_deg,
        swa_applied_deg=tick.swa_applied_deg,
        lane_margin_m=tick.lane_margin_m,
        saliency=_saliency(tick.output),
        saliency_box=_seen_box(tick.output),
        departure=tick.departed,
        takeover=tick.takeover,
        alarms=alarms,
    )


def _seen_box(output: AgentOutput | None) -> tuple[float, float, float, float]:
    """Part of the picture that the map covers, (left, top, right, bottom) as shares; all of it where nobody says."""
    first, end = (0.0, 1.0) if output is None or output.seen_rows is None else output.seen_rows
    return 0.0, first, 1.0, end


def _saliency(output: AgentOutput | None) -> npt.NDArray[np.float32] | None:
    """VisualBackProp map (h, w) of what the agent looked at; None if it shows no convolutions."""
    if output is None or output.activations is None or output.network_input is None or output.layers is None:
        return None
    # Only for networks: an episode without any must not cost PyTorch's start-up and memory.
    import torch

    from agents.saliency.visualbackprop import visualbackprop

    size = (int(output.network_input.shape[2]), int(output.network_input.shape[3]))
    try:
        with torch.inference_mode():
            maps = visualbackprop(output.activations, output.layers, size).maps
    except ValueError:  # a plug-in network of another shape
        return None
    return maps[0, 0].float().cpu().numpy()
