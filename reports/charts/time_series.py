"""The seconds around a departure: steering, lane margin, monitor statistics over their thresholds, alarms, takeover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, nice_ticks, tick_text

FloatArray = npt.NDArray[np.float64]
Span = tuple[float, float]

WIDTH, LEFT, RIGHT = 560.0, 118.0, 10.0
SWA_HEIGHT, MARGIN_HEIGHT, SCORE_HEIGHT, ALARM_ROW, GAP, AXIS = 92.0, 64.0, 72.0, 14.0, 26.0, 22.0
RATIO_CEILING = 2.5
MARGIN_FLOOR_M, MARGIN_CEILING_M = -1.0, 1.0
TOP = 26.0
ALARM_TITLE = 22.0
LONGEST_NAME = 18
SERIES = ("c-blue", "c-purple", "c-grey", "c-red")
AGENT, REFERENCE, MARGIN = "c-orange", "c-sky", "c-green"


@dataclass(frozen=True)
class MonitorTrace:
    """One monitor over the shown seconds: final statistic divided by θ_on, and its alarm spans in seconds."""

    name: str
    ratio: FloatArray
    alarms: Sequence[Span]


@dataclass(frozen=True)
class DepartureTrace:
    """What the chart shows; arrays share ``time_s`` (N,)."""

    time_s: FloatArray
    swa_agent_deg: FloatArray
    swa_label_deg: FloatArray
    lane_margin_m: FloatArray
    onset_s: float
    departed: Sequence[Span]
    takeovers: Sequence[Span] = ()
    monitors: Sequence[MonitorTrace] = field(default_factory=tuple)


def departure_key(trace: DepartureTrace) -> list[tuple[str, str]]:
    """(colour class, name) of every line of the chart; a key beside it stays readable on a narrow screen."""
    lines = [(AGENT, "SWA of the agent"), (REFERENCE, "SWA of the reference"), (MARGIN, "lane margin")]
    return lines + [(SERIES[k % len(SERIES)], monitor.name) for k, monitor in enumerate(trace.monitors)]


def departure_chart(trace: DepartureTrace, name: str) -> Markup:
    """Three panels over one time axis and one alarm row per monitor."""
    rows = len(trace.monitors)
    scores = SCORE_HEIGHT + GAP + ALARM_TITLE if rows else 0.0
    height = TOP + SWA_HEIGHT + GAP + MARGIN_HEIGHT + GAP + scores + rows * ALARM_ROW + AXIS
    alarmed = [m.name for m in trace.monitors if m.alarms]
    said = f"departure at {trace.onset_s:.2f} s; alarms of {', '.join(alarmed) or 'no monitor'}"
    canvas = Canvas(WIDTH, height, f"Time series of {name}", said)
    x = Scale(float(trace.time_s[0]), float(trace.time_s[-1]), LEFT, WIDTH - RIGHT)
    bottom = height - AXIS
    for start, end in trace.departed:
        _span(canvas, x, (start, end), TOP, bottom - TOP, "span-departure", "over the line")
    for start, end in trace.takeovers:
        _span(canvas, x, (start, end), TOP, bottom - TOP, "span-takeover", "takeover driver holds the wheel")
    y = _steering(canvas, x, TOP, trace)
    y = _margin(canvas, x, y + GAP, trace)
    if rows:
        y = _statistics(canvas, x, y + GAP, trace)
        y = _alarms(canvas, x, y + ALARM_TITLE, trace)
    canvas.line(x(trace.onset_s), 13, x(trace.onset_s), bottom, "onset")
    canvas.text(x(trace.onset_s), 10, "departure", "tick departure-text", "middle")
    for tick in nice_ticks(x.low, x.high, 7):
        canvas.line(x(tick), bottom, x(tick), bottom + 4, "axis")
        canvas.text(x(tick), bottom + 16, f"{tick_text(tick)} s", "tick", "middle")
    return canvas.markup()


def _span(canvas: Canvas, x: Scale, span: Span, top: float, height: float, css: str, title: str) -> None:
    if span[1] > x.low and span[0] < x.high:
        canvas.rect(x(span[0]), top, max(x(span[1]) - x(span[0]), 1.0), height, css, title)


def _panel(canvas: Canvas, x: Scale, y: Scale, name: str, ticks: Sequence[float]) -> None:
    for tick in ticks:
        canvas.line(x.start, y(tick), x.end, y(tick), "zero" if tick == 0 else "grid")
        canvas.text(x.start - 6, y(tick) + 4, tick_text(tick), "tick", "end")
    canvas.text(0, y.end - 8, name, "tick strong")


def _steering(canvas: Canvas, x: Scale, top: float, trace: DepartureTrace) -> float:
    both = np.concatenate([trace.swa_agent_deg, trace.swa_label_deg, [0.0, 10.0, -10.0]])
    both = both[np.isfinite(both)]
    y = Scale(float(both.min()), float(both.max()), top + SWA_HEIGHT, top)
    _panel(canvas, x, y, "SWA, ° (left positive)", nice_ticks(y.low, y.high, 4))
    for values, css in ((trace.swa_label_deg, REFERENCE), (trace.swa_agent_deg, AGENT)):
        canvas.polyline(_xs(x, trace), _ys(y, values), f"series {css}")
    return top + SWA_HEIGHT


def _margin(canvas: Canvas, x: Scale, top: float, trace: DepartureTrace) -> float:
    known = trace.lane_margin_m[np.isfinite(trace.lane_margin_m)]
    low = max(min([-0.2, *known.tolist()]), MARGIN_FLOOR_M)
    high = min(max([0.6, *known.tolist()]), MARGIN_CEILING_M)
    y = Scale(low, high, top + MARGIN_HEIGHT, top)
    _panel(canvas, x, y, "lane margin, m (below 0: over the line)", nice_ticks(low, high, 3))
    canvas.polyline(_xs(x, trace), _ys(y, trace.lane_margin_m), f"series {MARGIN}")
    return top + MARGIN_HEIGHT


def _statistics(canvas: Canvas, x: Scale, top: float, trace: DepartureTrace) -> float:
    y = Scale(0.0, RATIO_CEILING, top + SCORE_HEIGHT, top)
    _panel(canvas, x, y, "score / threshold", (0.0, 1.0, 2.0))
    canvas.line(x.start, y(1.0), x.end, y(1.0), "threshold")
    for index, monitor in enumerate(trace.monitors):
        css = SERIES[index % len(SERIES)]
        canvas.polyline(_xs(x, trace), _ys(y, monitor.ratio), f"series {css}")
    return top + SCORE_HEIGHT


def _alarms(canvas: Canvas, x: Scale, top: float, trace: DepartureTrace) -> float:
    canvas.text(0, top - 5, "alarms", "tick strong")
    for index, monitor in enumerate(trace.monitors):
        row = top + index * ALARM_ROW
        canvas.line(x.start, row + 7, x.end, row + 7, "track faint")
        css = f"alarm {SERIES[index % len(SERIES)]}-fill"
        for span in monitor.alarms:
            _span(canvas, x, span, row + 2, ALARM_ROW - 5, css, f"{monitor.name}: alarm")
        canvas.text(x.start - 6, row + 10, _short(monitor.name), "tick", "end")
    return top + len(trace.monitors) * ALARM_ROW


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _xs(x: Scale, trace: DepartureTrace) -> list[float]:
    return [x(float(value)) for value in trace.time_s]


def _ys(y: Scale, values: FloatArray) -> list[float | None]:
    return [y(float(value)) if np.isfinite(value) else None for value in values]
