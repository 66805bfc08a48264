"""Reliability diagram: how often the announced departure came, by the probability that was announced."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, nice_ticks, tick_text

SIZE, LEFT, TOP, BOTTOM, STRIP = 320.0, 44.0, 26.0, 40.0, 44.0


def noise_by_bin(bins: Sequence[Mapping[str, Any]], floor: float | None) -> list[float]:
    """Mean distance from the diagonal that a perfect monitor would show in each bin; empty without a noise floor.

    A bin of n independent samples shows √(2p(1−p)/(πn)) on average, and the floor is the mean of that over all samples.
    Ticks are not independent: how many of them make one sample follows from the floor of the whole diagram.
    """
    total = sum(float(b["ticks"]) for b in bins)
    if floor is None or floor <= 0.0 or total == 0.0:
        return []
    alone = [
        math.sqrt(2.0 * (p := float(b["mean_probability"])) * (1.0 - p) / (math.pi * float(b["ticks"]))) for b in bins
    ]
    of_ticks = sum(float(b["ticks"]) / total * noise for b, noise in zip(bins, alone, strict=True))
    return [noise * floor / of_ticks for noise in alone] if of_ticks > 0.0 else []


def reliability_chart(bins: Sequence[Mapping[str, Any]], name: str, css: str, floor: float | None = None) -> Markup:
    """Frequency over mean probability of every filled bin, the diagonal, and the ticks in each bin beneath.

    Args:
        bins: ``{"mean_probability", "frequency", "ticks"}`` each, by rising probability.
        name: of the monitor. css: colour class. floor: noise floor of its calibration error.
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
    for b, noise in zip(bins, noise_by_bin(bins, floor), strict=False):
        p = float(b["mean_probability"])
        words = f"a perfect monitor would miss the diagonal by {100 * noise:.1f} % here"
        canvas.rect(x(p) - 6.0, y(p + noise), 12.0, max(y(p - noise) - y(p + noise), 1.0), "floor", words)
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
