"""Recall of departures over false alarms per minute: one line per monitor, every point one threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, nice_ticks, tick_text

WIDTH, HEIGHT = 760.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 24.0, 30.0, 46.0
# Beyond this many false alarms a minute nobody listens; the axis ends there and says so.
LONGEST_PER_MIN = 6.0


@dataclass(frozen=True)
class RecallCurve:
    """One monitor over its thresholds, strict to loose.

    Attributes:
        name: of the monitor. css: colour class and dash class of its line.
        false_per_min, recall: of equal length; recall as a share.
        low, high: ends of the interval of each recall.
        banded: its interval is drawn.
    """

    name: str
    css: str
    false_per_min: Sequence[float]
    recall: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    banded: bool = False


def recall_curves(curves: Sequence[RecallCurve], title: str) -> Markup:
    """The chart; points beyond the end of the axis are left out."""
    most = max((value for curve in curves for value in curve.false_per_min), default=1.0)
    x_high = min(max(most, 0.5), LONGEST_PER_MIN)
    canvas = Canvas(WIDTH, HEIGHT, title, "; ".join(f"{curve.name}: {_said(curve)}" for curve in curves))
    x = Scale(0.0, x_high, LEFT, WIDTH - RIGHT)
    y = Scale(0.0, 1.0, HEIGHT - BOTTOM, TOP)
    for tick in nice_ticks(0.0, 1.0):
        canvas.line(x.start, y(tick), x.end, y(tick), "zero" if tick == 0 else "grid")
        canvas.text(x.start - 8, y(tick) + 4, f"{tick_text(100 * tick)} %", "tick", "end")
    for tick in nice_ticks(0.0, x_high, 6):
        canvas.line(x(tick), y.start, x(tick), y.start + 5, "axis")
        canvas.text(x(tick), y.start + 19, tick_text(tick), "tick", "middle")
    canvas.text((x.start + x.end) / 2, HEIGHT - 8, "false alarms per minute", "axis-title", "middle")
    canvas.text(x.start + 6, TOP - 14, "departures warned of in time", "axis-title")
    for curve in curves:
        if curve.banded:
            canvas.path(_band(x, y, curve, x_high), f"band {curve.css.split()[0]}-fill")
    for curve in curves:
        canvas.group("one", line=curve.name)
        kept = _kept(curve, x_high)
        xs, ys = [x(curve.false_per_min[k]) for k in kept], [y(curve.recall[k]) for k in kept]
        canvas.polyline(xs, ys, f"series {curve.css}")
        for k, at_x, at_y in zip(kept, xs, ys, strict=True):
            point = (
                f"{curve.name}: {100 * curve.recall[k]:.0f} % at {curve.false_per_min[k]:.2f} false alarms per minute"
            )
            canvas.circle(at_x, at_y, 2.0, f"dot {curve.css.split()[0]}", point)
        canvas.end_group()
    return canvas.markup()


def _kept(curve: RecallCurve, x_high: float) -> list[int]:
    return [k for k, value in enumerate(curve.false_per_min) if value <= x_high]


def _band(x: Scale, y: Scale, curve: RecallCurve, x_high: float) -> str:
    kept = _kept(curve, x_high)
    upper = [f"{x(curve.false_per_min[k]):.1f} {y(curve.high[k]):.1f}" for k in kept]
    lower = [f"{x(curve.false_per_min[k]):.1f} {y(curve.low[k]):.1f}" for k in kept]
    return "M" + "L".join([*upper, *reversed(lower)]) + "Z" if kept else ""


def _said(curve: RecallCurve) -> str:
    def best(limit: float) -> float:
        pairs = zip(curve.false_per_min, curve.recall, strict=True)
        return max((recall for false, recall in pairs if false <= limit), default=0.0)

    return ", ".join(f"{100 * best(limit):.0f} % at {limit:g} false alarms per minute" for limit in (0.25, 0.5, 1.0))
