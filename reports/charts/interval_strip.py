"""A value with its interval as a dot on a whisker, small enough for a table cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale
from reports.formatting import finite, rate

WIDTH = 150.0
HEIGHT = 18.0


def interval_strip(value: Mapping[str, Any] | None, high: float = 1.0, css: str = "c-blue", low: float = 0.0) -> Markup:
    """Dot and whisker of a rate object on ``low..high``; no dot where the rate is undefined (too few trials)."""
    shown = rate(value, "percent" if (low, high) in ((0.0, 1.0), (-1.0, 1.0)) else "number")
    text = f"{shown.text} {shown.interval}".strip() if shown.defined else f"undefined: {shown.reason}"
    canvas = Canvas(WIDTH, HEIGHT, text, css="strip")
    x = Scale(low, high, 4.0, WIDTH - 4.0)
    middle = HEIGHT / 2
    canvas.line(x(low), middle, x(high), middle, "track")
    if low < 0.0 < high:
        canvas.line(x(0.0), 2, x(0.0), HEIGHT - 2, "zero")
    centre = finite(value.get("value")) if value else None
    if value is not None and value.get("n"):
        ends = [finite(value.get(key)) for key in ("low", "high")]
        if ends[0] is not None or ends[1] is not None:
            left = x(ends[0]) if ends[0] is not None else x(low)
            right = x(ends[1]) if ends[1] is not None else x(high)
            canvas.line(left, middle, right, middle, f"whisker {css}" + (" thin" if centre is None else ""))
    if centre is not None:
        canvas.circle(x(centre), middle, 4.0, f"dot {css}", text)
    return canvas.markup()
