"""Measured points with intervals in two directions and labels that do not cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, nice_ticks, tick_text

WIDTH, HEIGHT = 760.0, 430.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 230.0, 16.0, 48.0
LABEL_HEIGHT = 15.0


@dataclass(frozen=True)
class Point:
    """One measured point. ``css`` is a colour class, ``hollow`` marks privileged or trivial baselines."""

    label: str
    x: float
    y: float
    x_interval: tuple[float, float] | None = None
    y_interval: tuple[float, float] | None = None
    css: str = "c-blue"
    hollow: bool = False
    detail: str = ""


def scatter(
    points: Sequence[Point], title: str, x_label: str, y_label: str, x_percent: bool = True, y_percent: bool = True
) -> Markup:
    """The chart; axes include 0 and, for shares, grow in round steps to hold every interval."""
    x_low, x_high = _domain([v for p in points for v in (p.x, *(p.x_interval or ()))])
    y_low, y_high = _domain([v for p in points for v in (p.y, *(p.y_interval or ()))])
    canvas = Canvas(WIDTH, HEIGHT, title, "; ".join(f"{p.label}: {p.detail}" for p in points))
    x = Scale(x_low, x_high, LEFT, WIDTH - RIGHT)
    y = Scale(y_low, y_high, HEIGHT - BOTTOM, TOP)
    _axes(canvas, x, y, x_label, y_label, x_percent, y_percent)
    for p in points:
        if p.x_interval:
            canvas.line(x(p.x_interval[0]), y(p.y), x(p.x_interval[1]), y(p.y), f"whisker thin {p.css}")
        if p.y_interval:
            canvas.line(x(p.x), y(p.y_interval[0]), x(p.x), y(p.y_interval[1]), f"whisker thin {p.css}")
    for p in points:
        canvas.circle(x(p.x), y(p.y), 5.0, f"{'ring' if p.hollow else 'dot'} {p.css}", f"{p.label}: {p.detail}")
    label_x = WIDTH - RIGHT + 22.0
    for p, label_y in zip(points, _spread([y(p.y) for p in points], TOP + 6, HEIGHT - BOTTOM), strict=True):
        canvas.path(
            f"M{x(p.x) + 6:.1f} {y(p.y):.1f} L{label_x - 14:.1f} {label_y:.1f} L{label_x - 4:.1f} {label_y:.1f}",
            "leader",
        )
        canvas.text(label_x, label_y + 4, p.label, f"label {p.css}-text")
    return canvas.markup()


def _axes(canvas: Canvas, x: Scale, y: Scale, x_label: str, y_label: str, x_percent: bool, y_percent: bool) -> None:
    for tick in nice_ticks(y.low, y.high):
        canvas.line(x.start, y(tick), x.end, y(tick), "zero" if tick == 0 else "grid")
        text = tick_text(tick * 100 if y_percent else tick) + (" %" if y_percent else "")
        canvas.text(x.start - 8, y(tick) + 4, text, "tick", "end")
    for tick in nice_ticks(x.low, x.high):
        canvas.line(x(tick), y.start, x(tick), y.start + 5, "axis")
        text = tick_text(tick * 100 if x_percent else tick) + (" %" if x_percent else "")
        canvas.text(x(tick), y.start + 19, text, "tick", "middle")
    canvas.line(x.start, y.start, x.end, y.start, "axis")
    canvas.text((x.start + x.end) / 2, HEIGHT - 8, x_label, "axis-title", "middle")
    canvas.text(x.start + 6, TOP + 2, y_label, "axis-title")


def _domain(values: Sequence[float]) -> tuple[float, float]:
    low, high = min([0.0, *values]), max([0.0, *values])
    if high == low:
        high = low + 1.0
    ticks = nice_ticks(low, high)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else high - low
    low = low if abs(ticks[0] - low) < 1e-9 else ticks[0] - step
    high = high if abs(ticks[-1] - high) < 1e-9 else ticks[-1] + step
    return low, high


def _spread(wanted: Sequence[float], low: float, high: float) -> list[float]:
    """Label positions near the wanted ones, at least a line apart, inside ``low..high`` when they fit."""
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    placed = [0.0] * len(wanted)
    last = low - LABEL_HEIGHT
    for k in order:
        placed[k] = max(wanted[k], last + LABEL_HEIGHT)
        last = placed[k]
    ceiling = high
    for k in reversed(order):
        placed[k] = min(placed[k], ceiling)
        ceiling = placed[k] - LABEL_HEIGHT
    return placed
