"""Shares with their intervals over the strength of one artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from reports.charts.svg import Canvas, Scale, nice_ticks, tick_text
from reports.formatting import finite, rate

WIDTH, HEIGHT = 380.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 16.0, 14.0, 44.0


@dataclass(frozen=True)
class Response:
    """A rate object, the colour class of its mark, and what it is the rate of."""

    rate: Mapping[str, Any] | None
    css: str
    name: str


@dataclass(frozen=True)
class Dose:
    """One condition: strength of the artifact, departures, recall of each monitor."""

    strength: float
    condition: str
    departed: Response
    recalls: Sequence[Response] = field(default_factory=tuple)


def dose_response(doses: Sequence[Dose], axis: str, ideal: Mapping[str, Any] | None, effect: str) -> Markup:
    """Departed share as filled dots, recalls as rings beside them; the ideal camera as a dashed line.

    Args:
        doses: by rising strength; several conditions may share one.
        axis: name and unit of the strength.
        ideal: rate of departures without any artifact, None where it was not driven.
        effect: name, for the description.
    """
    said = "; ".join(f"{dose.condition}: {_words(dose.departed)}" for dose in doses)
    canvas = Canvas(WIDTH, HEIGHT, f"Departures over the strength of {effect}", said, css="chart compact")
    strengths = [dose.strength for dose in doses]
    low, high = min([0.0, *strengths]), max([0.0, *strengths])
    x = Scale(low, high if high > low else low + 1.0, LEFT + 12.0, WIDTH - RIGHT - 16.0)
    y = Scale(0.0, 1.0, HEIGHT - BOTTOM, TOP)
    for tick in nice_ticks(0.0, 1.0):
        canvas.line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "zero" if tick == 0 else "grid")
        canvas.text(LEFT - 6, y(tick) + 4, f"{tick_text(100 * tick)} %", "tick", "end")
    for tick in nice_ticks(x.low, x.high):
        canvas.line(x(tick), y.start, x(tick), y.start + 4, "axis")
        canvas.text(x(tick), y.start + 17, tick_text(tick), "tick", "middle")
    canvas.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, axis, "axis-title", "middle")
    without = finite((ideal or {}).get("value"))
    if without is not None:
        canvas.line(LEFT, y(without), WIDTH - RIGHT, y(without), "threshold")
        canvas.text(_emptiest([x(dose.strength) for dose in doses]), y(without) - 5, "ideal camera", "tick", "middle")
    for dose in doses:
        responses = [dose.departed, *dose.recalls]
        for place, response in enumerate(responses):
            shift = 7.0 * (place - (len(responses) - 1) / 2.0)
            _mark(canvas, x(dose.strength) + shift, y, response, f"{dose.condition}: {_words(response)}", place > 0)
    return canvas.markup()


def _emptiest(taken: Sequence[float]) -> float:
    """Where on the axis a word stands farthest from every mark."""
    places = [LEFT + 48.0 + share * (WIDTH - RIGHT - LEFT - 96.0) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return max(places, key=lambda place: min((abs(place - mark) for mark in taken), default=0.0))


def _mark(canvas: Canvas, at: float, y: Scale, response: Response, title: str, hollow: bool) -> None:
    value = response.rate or {}
    low, high = finite(value.get("low")), finite(value.get("high"))
    if value.get("n") and low is not None and high is not None:
        canvas.line(at, y(low), at, y(high), f"whisker thin {response.css}")
    middle = finite(value.get("value"))
    if middle is not None:
        canvas.circle(at, y(middle), 4.0, f"{'ring' if hollow else 'dot'} {response.css}", title)


def _words(response: Response) -> str:
    shown = rate(response.rate)
    return f"{response.name} {shown.text} {shown.interval} {shown.reason}".strip()
