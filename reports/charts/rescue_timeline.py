"""The ten seconds before one departure: until when it could be prevented, and which alarms came in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, tick_text
from reports.formatting import number

WIDTH, LEFT, RIGHT, TOP, ROW, AXIS = 620.0, 128.0, 128.0, 30.0, 17.0, 24.0
SHOWN_S = 10.0


@dataclass(frozen=True)
class AlarmRow:
    """One monitor: its alarms as (from, to) in s, what came of them, the slack in s (None: none), its colour class."""

    name: str
    spans_s: Sequence[tuple[float, float]]
    words: str
    slack_s: float | None
    css: str


def rescue_timeline(
    onset_s: float, t_star_s: float | None, reaction_s: float, rows: Sequence[AlarmRow], name: str
) -> Markup:
    """One departure.

    Args:
        onset_s: τ. t_star_s: t*; None: unsavable.
        reaction_s: ρ, before which the alarm must come.
        rows: monitors. name: of the departure, for screen readers.
    """
    height = TOP + len(rows) * ROW + AXIS
    said = "; ".join(f"{row.name}: {row.words}" for row in rows)
    canvas = Canvas(WIDTH, height, f"Time line of {name}", said, "chart timeline")
    x = Scale(-SHOWN_S, 0.4, LEFT, WIDTH - RIGHT)
    bottom = height - AXIS
    too_late_s = -SHOWN_S if t_star_s is None else t_star_s - onset_s
    canvas.rect(x(too_late_s), TOP, x(0.0) - x(too_late_s), bottom - TOP, "span-departure", "too late for any takeover")
    if t_star_s is not None:
        last_alarm_s = too_late_s - reaction_s
        canvas.rect(
            x(last_alarm_s),
            TOP,
            x(too_late_s) - x(last_alarm_s),
            bottom - TOP,
            "zone",
            "too late for this reaction time",
        )
        canvas.line(x(too_late_s), TOP - 4, x(too_late_s), bottom, "t-star")
        canvas.text(x(too_late_s) - 3, TOP - 8, f"t* {number(too_late_s, 2)} s", "tick strong", "end")
    for index, row in enumerate(rows):
        y = TOP + index * ROW
        canvas.text(LEFT - 8, y + 12, row.name, "tick", "end")
        canvas.line(x.start, y + ROW / 2, x.end, y + ROW / 2, "track faint")
        for start_s, end_s in row.spans_s:
            left, right = x(start_s - onset_s), x(end_s - onset_s)
            canvas.rect(left, y + 4, max(right - left, 1.5), ROW - 8, f"alarm {row.css}-fill", f"{row.name}: alarm")
        slack = "" if row.slack_s is None else f", {number(row.slack_s, 2, signed=True)} s"
        canvas.text(x.end + 8, y + 12, f"{row.words}{slack}", "tick")
    canvas.line(x(0.0), TOP - 4, x(0.0), bottom, "onset")
    canvas.text(x(0.0) + 2, TOP - 8, "departure", "tick departure-text")
    for tick in range(-10, 1, 2):
        canvas.line(x(tick), bottom, x(tick), bottom + 4, "axis")
        canvas.text(x(tick), bottom + 16, f"{tick_text(tick)} s", "tick", "middle")
    return canvas.markup()
