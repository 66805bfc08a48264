"""How early alarms came: the lead times of one monitor as a strip of dots over zones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from reports.charts.svg import Canvas, Scale

WIDTH, HEIGHT = 260.0, 30.0
LONGEST_S = 10.0


def lead_time_strip(lead_times_s: Sequence[float], reaction_time_s: float, horizon_s: float, name: str) -> Markup:
    """Every lead time as a tick mark on 0..10 s (0 = at the departure, right), median bold, useful zone shaded.

    Args:
        lead_times_s: seconds from alarm to departure.
        reaction_time_s, horizon_s: the zone [horizon, reaction time) in which an alarm counts as a hit.
        name: monitor, for the description.
    """
    values = [value for value in lead_times_s if np.isfinite(value)]
    said = f"Lead times of {name}: {len(values)} alarms"
    if values:
        said += f", median {np.median(values):.1f} s"
    canvas = Canvas(WIDTH, HEIGHT, said, css="strip wide")
    x = Scale(0.0, LONGEST_S, WIDTH - 10.0, 14.0)
    canvas.rect(x(horizon_s), 2, x(reaction_time_s) - x(horizon_s), 16, "zone")
    canvas.line(x(LONGEST_S), 10, x(0.0), 10, "track")
    for value in values:
        canvas.line(x(value), 4, x(value), 16, "rug c-blue")
    if values:
        canvas.circle(x(float(np.median(values))), 10, 4.5, "dot c-blue", said)
    for tick in (10, 5, 3, 1, 0):
        canvas.text(x(tick), 29, f"{tick}{' s' if tick == 10 else ''}", "tick small", "middle")
    return canvas.markup()
