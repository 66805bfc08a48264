"""How early alarms came: the lead times of one monitor as bars over the zone in which an alarm is in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from reports.charts.svg import Canvas, Scale

WIDTH, HEIGHT, FOOT, TOP = 260.0, 42.0, 30.0, 4.0
LONGEST_S = 10.0
BIN_S = 0.5


def lead_time_strip(
    lead_times_s: Sequence[float], reaction_time_s: float, horizon_s: float, name: str, css: str = "c-blue"
) -> Markup:
    """Number of alarms in every half second of 0..10 s before the departure (right), median as a line, zone shaded.

    Args:
        lead_times_s: seconds from alarm to departure; capped ones fall into the last bar.
        reaction_time_s, horizon_s: the zone [horizon, reaction time) in which an alarm counts as a hit.
        name: monitor, for the description. css: its colour class.
    """
    values = np.clip([value for value in lead_times_s if np.isfinite(value)], 0.0, LONGEST_S)
    said = f"Lead times of {name}: {len(values)} alarms"
    if len(values):
        said += f", median {np.median(values):.1f} s"
    canvas = Canvas(WIDTH, HEIGHT, said, css="strip wide")
    x = Scale(0.0, LONGEST_S, WIDTH - 10.0, 14.0)
    canvas.rect(x(horizon_s), 2, x(reaction_time_s) - x(horizon_s), FOOT - 2, "zone")
    canvas.line(x(LONGEST_S), FOOT, x(0.0), FOOT, "axis")
    counts, edges = np.histogram(values, np.arange(0.0, LONGEST_S + BIN_S, BIN_S))
    for count, edge in zip(counts, edges[:-1], strict=True):
        if count:
            top = FOOT - (FOOT - TOP) * float(count) / float(counts.max())
            left, right = x(edge + BIN_S), x(edge)
            words = f"{count} alarms {edge:g} to {edge + BIN_S:g} s before"
            canvas.rect(left + 0.6, top, right - left - 1.2, FOOT - top, f"{css}-fill", words)
    if len(values):
        canvas.line(x(float(np.median(values))), 1, x(float(np.median(values))), FOOT + 3, "t-star", said)
    for tick in (10, 5, 3, 1, 0):
        canvas.text(x(tick), HEIGHT - 1, f"{tick}{' s' if tick == 10 else ''}", "tick small", "middle")
    return canvas.markup()
