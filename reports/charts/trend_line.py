"""One figure over nights: a dot with its interval per night, lines between nights that may be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, nice_ticks, tick_text
from reports.formatting import finite, rate

WIDTH, HEIGHT = 480.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 16.0, 30.0, 28.0
MAX_DATES = 7
SHIFT = 4.0


@dataclass(frozen=True)
class TrendPoint:
    """One night of one line.

    Attributes:
        place: on the axis. rate: rate object. joined: it may be compared with the point before it.
        change: ``better``, ``worse`` or empty: no proven change. rose: the figure is higher than before.
    """

    place: int
    rate: Mapping[str, Any]
    joined: bool
    change: str = ""
    rose: bool = False


@dataclass(frozen=True)
class TrendLine:
    """One line: name, colour class (with dash class), points by rising place."""

    name: str
    css: str
    points: Sequence[TrendPoint]


def trend_chart(
    lines: Sequence[TrendLine], dates: Sequence[str], steps: Mapping[int, str], title: str, unit: str
) -> Markup:
    """The chart.

    Args:
        lines: of one figure. dates: of every night, oldest first.
        steps: place of a night in which driver, monitors or program changed -> what, drawn as a vertical line.
        title: what a screen reader says. unit: ``percent``, or the axis title of a plain number.
    """
    percent = unit == "percent"
    said = "; ".join(f"{line.name}: {_words(line, dates, percent)}" for line in lines)
    canvas = Canvas(WIDTH, HEIGHT, title, said, css="chart compact")
    values = [v for line in lines for p in line.points for v in _values(p.rate)]
    low, high = min([0.0, *values]), max([0.0, *values])
    if percent:
        high = max(high, 0.1)
    ticks = nice_ticks(low, high if high > low else low + 1.0, 5)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    y = Scale(
        min(low, ticks[0]), max(ticks[-1] + (step if ticks[-1] < high - 1e-9 else 0.0), high), HEIGHT - BOTTOM, TOP
    )
    x = Scale(0.0, max(len(dates) - 1, 1), LEFT + 18.0, WIDTH - RIGHT - 18.0)
    for tick in nice_ticks(y.low, y.high, 5):
        canvas.line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "zero" if tick == 0 else "grid")
        canvas.text(LEFT - 8, y(tick) + 4, f"{tick_text(100 * tick)} %" if percent else tick_text(tick), "tick", "end")
    canvas.text(LEFT, TOP - 14, title if percent else f"{title}, {unit}", "axis-title")
    for place, what in steps.items():
        canvas.line(x(place) - 9.0, TOP, x(place) - 9.0, y.start, "changed", what)
    every = -(-len(dates) // MAX_DATES)
    for place in range(len(dates) - 1, -1, -every):
        canvas.line(x(place), y.start, x(place), y.start + 4, "axis")
        canvas.text(x(place), y.start + 17, dates[place], "tick", "middle")
    for index, line in enumerate(lines):
        _draw(canvas, x, y, line, SHIFT * (index - (len(lines) - 1) / 2.0), dates, percent)
    return canvas.markup()


def _draw(
    canvas: Canvas, x: Scale, y: Scale, line: TrendLine, shift: float, dates: Sequence[str], percent: bool
) -> None:
    colour = line.css.split()[0]
    xs: list[float] = []
    ys: list[float | None] = []
    for point in line.points:
        middle = finite(point.rate.get("value"))
        if not point.joined:
            xs.append(x(point.place) + shift)
            ys.append(None)
        xs.append(x(point.place) + shift)
        ys.append(None if middle is None else y(middle))
    canvas.polyline(xs, ys, f"series {line.css}")
    for point in line.points:
        at = x(point.place) + shift
        ends = finite(point.rate.get("low")), finite(point.rate.get("high"))
        if point.rate.get("n") and ends[0] is not None and ends[1] is not None:
            canvas.line(at, y(ends[0]), at, y(ends[1]), f"whisker thin {colour}")
        middle = finite(point.rate.get("value"))
        if middle is None:
            continue
        words = f"{dates[point.place]}, {line.name}: {_figure(point.rate, percent)}"
        if point.change:
            canvas.path(_triangle(at, y(middle), point.rose), f"mark {point.change}", f"{words}, {point.change}")
        else:
            canvas.circle(at, y(middle), 3.6, f"dot {colour}", words)


def _triangle(x: float, y: float, rose: bool) -> str:
    tip = -7.5 if rose else 7.5
    return f"M{x - 7:.1f} {y - tip * 0.55:.1f}L{x:.1f} {y + tip:.1f}L{x + 7:.1f} {y - tip * 0.55:.1f}Z"


def _values(value: Mapping[str, Any]) -> list[float]:
    known = [finite(value.get(key)) for key in ("value", "low", "high")]
    return [v for v in known if v is not None]


def _figure(value: Mapping[str, Any], percent: bool) -> str:
    shown = rate(value, "percent" if percent else "number")
    return f"{shown.text} {shown.interval}".strip() if shown.defined else f"undefined ({shown.reason})"


def _words(line: TrendLine, dates: Sequence[str], percent: bool) -> str:
    if not line.points:
        return "not measured"
    last = line.points[-1]
    marks = [f"{p.change} on {dates[p.place]}" for p in line.points if p.change]
    return ", ".join([f"{_figure(last.rate, percent)} on {dates[last.place]}", *marks])
