"""Reliability diagram: how often the announced departure came, by the probability that was announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, nice_ticks, tick_text

SIZE, LEFT, TOP, BOTTOM, STRIP = 320.0, 44.0, 26.0, 40.0, 44.0


def reliability_chart(bins: Sequence[Mapping[str, Any]], name: str, css: str) -> Markup:
    """Frequency over mean probability of every filled bin, the diagonal, and the ticks in each bin beneath.

    Args:
        bins: ``{"mean_probability", "frequency", "ticks"}`` each, by rising probability.
        name: of the monitor. css: colour class.
    """
    height = TOP + SIZE - LEFT + 14.0 + STRIP + BOTTOM
    said = "; ".join(
        f"announced {100 * b['mean_probability']:.0f} %, came {100 * b['frequency']:.0f} % of {b['ticks']} ticks"
        for b in bins
    )
    canvas = Canvas(SIZE, height, f"Reliability of {name}", said, css="chart compact")
    x, y = Scale(0.0, 1.0, LEFT, SIZE - 10.0), Scale(0.0, 1.0, TOP + SIZE - LEFT, TOP)
    for tick in nice_ticks(0.0, 1.0):
        canvas.line(x.start, y(tick), x.end, y(tick), "zero" if tick == 0 else "grid")
        canvas.text(x.start - 6, y(tick) + 4, f"{tick_text(100 * tick)} %", "tick", "end")
    canvas.line(x(0.0), y(0.0), x(1.0), y(1.0), "threshold")
    canvas.text(x.start, TOP - 10, "departed within 3 s", "axis-title")
    foot = y.start + 14.0 + STRIP
    most = max((float(b["ticks"]) for b in bins), default=1.0)
    for b in bins:
        p, f = float(b["mean_probability"]), float(b["frequency"])
        canvas.line(x(p), y(p), x(p), y(f), "whisker thin c-red")
        text = f"announced {100 * p:.1f} %, came {100 * f:.1f} %, {int(b['ticks'])} ticks"
        canvas.circle(x(p), y(f), 4.0, f"dot {css}", text)
        tall = STRIP * float(b["ticks"]) / most
        canvas.rect(x(p) - 4.0, foot - tall, 8.0, tall, "zone", text)
    canvas.line(x.start, foot, x.end, foot, "axis")
    canvas.text(x.start - 6, foot - STRIP / 2 + 4, "ticks", "tick", "end")
    for tick in nice_ticks(0.0, 1.0):
        canvas.text(x(tick), foot + 15, f"{tick_text(100 * tick)} %", "tick", "middle")
    canvas.text((x.start + x.end) / 2, height - 6, "announced probability", "axis-title", "middle")
    return canvas.markup()
