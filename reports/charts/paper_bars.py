"""Our true positive rate by steering range beside the published one: dots with intervals, published values as rings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale
from reports.formatting import finite, rate

WIDTH, LEFT, RIGHT, ROW = 520.0, 150.0, 20.0, 24.0


@dataclass(frozen=True)
class RangeRow:
    """One line: what was measured, our rate, the published share (None = not published)."""

    label: str
    ours: Mapping[str, Any] | None
    published: float | None
    css: str


def paper_chart(groups: Sequence[tuple[str, Sequence[RangeRow]]], title: str) -> Markup:
    """Rows grouped by steering range on a common 0-100 % axis."""
    height = 28.0 + sum(20.0 + ROW * len(rows) for _, rows in groups) + 22.0
    said = []
    for name, rows in groups:
        for row in rows:
            published = "not published" if row.published is None else f"{100 * row.published:.0f} %"
            said.append(f"{name} {row.label}: {rate(row.ours).text}, published {published}")
    canvas = Canvas(WIDTH, height, title, "; ".join(said), "chart compact")
    x = Scale(0.0, 1.0, LEFT, WIDTH - RIGHT)
    bottom = height - 24.0
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.line(x(tick), 8, x(tick), bottom, "zero" if tick == 0 else "grid")
        canvas.text(x(tick), bottom + 16, f"{tick * 100:.0f} %", "tick", "middle")
    y = 8.0
    for name, rows in groups:
        y += 18.0
        canvas.text(0, y, name, "axis-title")
        for row in rows:
            y += ROW
            _row(canvas, x, y - 8.0, row)
        y += 2.0
    return canvas.markup()


def _row(canvas: Canvas, x: Scale, y: float, row: RangeRow) -> None:
    canvas.text(LEFT - 12, y + 4, row.label, "label", "end")
    canvas.line(x(0.0), y, x(1.0), y, "track faint")
    value = finite(row.ours.get("value")) if row.ours else None
    if value is not None and row.ours is not None:
        low, high = finite(row.ours.get("low")), finite(row.ours.get("high"))
        if low is not None and high is not None:
            canvas.line(x(low), y, x(high), y, f"whisker {row.css}")
        shown = rate(row.ours)
        canvas.circle(x(value), y, 5.5, f"dot {row.css}", f"measured here: {shown.text} {shown.interval}")
    else:
        canvas.text(x(0.0) + 8, y + 4, f"not measured: {rate(row.ours).reason}", "tick")
    if row.published is not None:
        canvas.path(_diamond(x(row.published), y, 6.0), "diamond", f"published: {100 * row.published:.0f} %")


def _diamond(x: float, y: float, r: float) -> str:
    return f"M{x:.1f} {y - r:.1f}L{x + r:.1f} {y:.1f}L{x:.1f} {y + r:.1f}L{x - r:.1f} {y:.1f}Z"
