"""Safety gain over availability cost: one line per monitor, the ceiling, and perfect alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, nice_ticks, tick_text

WIDTH, HEIGHT = 760.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 130.0, 30.0, 46.0


@dataclass(frozen=True)
class GainCurve:
    """One monitor over its thresholds, from silent to always on.

    Attributes:
        name: of the monitor. css: colour class and dash class of its line.
        ac, sg: shares, equal length. low, high: ends of the interval of each ``sg``.
        banded: its interval is drawn.
    """

    name: str
    css: str
    ac: Sequence[float]
    sg: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    banded: bool = False


@dataclass(frozen=True)
class Driven:
    """What was measured by driving: mode, colour class, (AC, SG)."""

    name: str
    css: str
    ac: float
    sg: float


def gain_curves(
    curves: Sequence[GainCurve],
    ceiling: float | None,
    oracle: tuple[float, float] | None,
    driven: Sequence[Driven],
    title: str,
) -> Markup:
    """The chart.

    Args:
        curves: of the monitors. ceiling: the most that any alarm could save.
        oracle: (AC, SG) of perfect alarms; fewer of them lie on the line to the origin.
        driven: twins of the same reaction time.
        title: what a screen reader says.
    """
    canvas = Canvas(WIDTH, HEIGHT, title, "; ".join(f"{c.name}: {_at_costs(c)}" for c in curves))
    x = Scale(0.0, 1.0, LEFT, WIDTH - RIGHT)
    y = Scale(0.0, 1.0, HEIGHT - BOTTOM, TOP)
    for tick in nice_ticks(0.0, 1.0):
        canvas.line(x.start, y(tick), x.end, y(tick), "zero" if tick == 0 else "grid")
        canvas.text(x.start - 8, y(tick) + 4, f"{tick_text(100 * tick)} %", "tick", "end")
        canvas.line(x(tick), y.start, x(tick), y.start + 5, "axis")
        canvas.text(x(tick), y.start + 19, f"{tick_text(100 * tick)} %", "tick", "middle")
    canvas.text(
        (x.start + x.end) / 2, HEIGHT - 8, "availability cost: share of driving time taken over", "axis-title", "middle"
    )
    canvas.text(x.start + 6, TOP - 14, "departures prevented", "axis-title")
    for curve in curves:
        if curve.banded:
            canvas.path(_band(x, y, curve), f"band {curve.css.split()[0]}-fill")
    if ceiling is not None:
        canvas.line(x.start, y(ceiling), x.end, y(ceiling), "threshold")
        canvas.text(x.end + 8, y(ceiling) + 4, "the most possible", "tick")
    if oracle is not None:
        canvas.line(x(0.0), y(0.0), x(oracle[0]), y(oracle[1]), "series c-green dashed")
        canvas.circle(x(oracle[0]), y(oracle[1]), 4.5, "dot c-green", f"perfect alarms: {_point(*oracle)}")
    for curve in curves:
        canvas.group("one", line=curve.name)
        # A score that never changes is silent or always on: no line of thresholds lies between the two.
        if len(curve.ac) > 2:
            canvas.polyline([x(value) for value in curve.ac], [y(value) for value in curve.sg], f"series {curve.css}")
        for cost, gain in zip(curve.ac, curve.sg, strict=True):
            canvas.circle(x(cost), y(gain), 2.0, f"dot {curve.css.split()[0]}", f"{curve.name}: {_point(cost, gain)}")
        canvas.end_group()
    for point in driven:
        detail = f"really driven, {point.name}: {_point(point.ac, point.sg)}"
        canvas.circle(x(point.ac), y(point.sg), 5.5, f"ring {point.css}", detail)
    return canvas.markup()


def _band(x: Scale, y: Scale, curve: GainCurve) -> str:
    upper = [f"{x(a):.1f} {y(g):.1f}" for a, g in zip(curve.ac, curve.high, strict=True)]
    lower = [f"{x(a):.1f} {y(g):.1f}" for a, g in zip(curve.ac, curve.low, strict=True)]
    return "M" + "L".join([*upper, *reversed(lower)]) + "Z"


def _point(cost: float, gain: float) -> str:
    return f"{100 * gain:.0f} % prevented at {100 * cost:.1f} % of the time taken over"


def _at_costs(curve: GainCurve) -> str:
    return ", ".join(
        _point(cost, max((g for a, g in zip(curve.ac, curve.sg, strict=True) if a <= cost), default=0.0))
        for cost in (0.1, 0.25, 0.5)
    )
