"""Keeps the last seconds of an episode and turns them into a clip when it departed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from agents.pilotnet import PILOTNET_CONVOLUTIONS
from agents.preprocessing import Preprocessing
from agents.protocol import Monitor
from agents.saliency.visualbackprop import visualbackprop
from agents.thresholds import DEFAULT_POINT, ThresholdsMissingError, operating_point
from harness.evaluation.alarms import AlarmFilter, final_statistic
from harness.results.clips import ClipFrame, encode_clip, render_clip_frame
from harness.simulation.callback import TickView

CLIP_S = 6.0
CLIP_NAME = "clip_0.mp4"
SMOOTHING_S = 0.5


class ClipRecorder:
    """Remembers the last 6 s: a run ends 3 s after its departure, so they show 3 s before and after."""

    def __init__(self, monitors: Sequence[Monitor], thresholds: Mapping[str, Any], tick_s: float) -> None:
        self._tick_s = tick_s
        self._views: deque[tuple[TickView, dict[str, tuple[float, bool]]]] = deque(maxlen=round(CLIP_S / tick_s))
        self._meters = [_AlarmMeter(monitor, thresholds, tick_s) for monitor in monitors if not monitor.privileged]

    def on_tick(self, view: TickView) -> None:
        """Remember one tick."""
        alarms = {meter.name: meter.read(view) for meter in self._meters}
        self._views.append((view, alarms))

    def clips(self) -> dict[str, bytes]:
        """File name -> MP4 bytes of what is remembered."""
        pictures = [render_clip_frame(self._clip_frame(view, alarms)) for view, alarms in self._views]
        return {CLIP_NAME: encode_clip(pictures, fps=round(1.0 / self._tick_s))} if pictures else {}

    def _clip_frame(self, view: TickView, alarms: dict[str, tuple[float, bool]]) -> ClipFrame:
        output = view.agent_output
        return ClipFrame(
            frame=view.frame,
            time_s=view.state.time_s,
            swa_agent_deg=None if output is None else output.swa_deg,
            swa_label_deg=view.state.swa_label_deg,
            swa_applied_deg=view.swa_command_deg,
            lane_margin_m=view.state.lane_margin_m,
            saliency=_saliency(view),
            saliency_box=(0.0, 1.0 - Preprocessing().lower_share, 1.0, 1.0),
            departure=view.departed,
            takeover=view.takeover,
            alarms=alarms,
        )


class _AlarmMeter:
    """Statistic over threshold of one monitor at the default operating point, for display."""

    def __init__(self, monitor: Monitor, thresholds: Mapping[str, Any], tick_s: float) -> None:
        self.name = monitor.name
        self._recent: deque[float] = deque(maxlen=round(SMOOTHING_S / tick_s))
        self._tick_s = tick_s
        try:
            point = operating_point(thresholds, monitor.name, DEFAULT_POINT)
        except ThresholdsMissingError:
            self._filter, self._theta_on = None, math.nan
        else:
            self._filter = AlarmFilter(point.theta_on, point.theta_off, tick_s, monitor.declared_latency_s)
            self._theta_on = point.theta_on

    def read(self, view: TickView) -> tuple[float, bool]:
        score = view.monitor_outputs[self.name].score
        self._recent.append(score)
        if self._filter is None:
            return math.nan, False
        statistic = float(final_statistic(np.asarray(self._recent), self._tick_s)[-1])
        ratio = statistic / self._theta_on if self._theta_on > 0.0 else math.nan
        return ratio, self._filter.step(score)


def _saliency(view: TickView) -> np.ndarray | None:
    output = view.agent_output
    if output is None or output.activations is None or output.network_input is None:
        return None
    size = (int(output.network_input.shape[2]), int(output.network_input.shape[3]))
    with torch.inference_mode():
        maps = visualbackprop(output.activations, PILOTNET_CONVOLUTIONS, size).maps
    return maps[0, 0].float().cpu().numpy()
