"""Monitors beyond their operating points: recall over false alarms at every threshold, and reliability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.campaign_data import CampaignData
from reports.charts.recall_curves import RecallCurve, recall_curves
from reports.charts.reliability import reliability_chart
from reports.formatting import count, finite, number, rate
from reports.line_styles import line_styles, lines_to_draw
from reports.monitor_kinds import ORDER, colour_of
from reports.section import Section, dig

MERIT_PER_MIN = 1.0
MISSING = (
    "No monitor has a curve of thresholds (its calibration stored none), and none announces a probability. "
    "Calibrate the thresholds again and judge the campaign again."
)


def build(data: CampaignData) -> Section:
    """Curves of the monitors and reliability diagrams of those that announce a probability."""
    monitors = [entry for entry in data.summary.get("monitors") or [] if isinstance(entry, Mapping)]
    monitors.sort(key=lambda entry: (ORDER.index(data.kind(str(entry["name"]))), str(entry["name"])))
    curves, undrawn = _curves(data, monitors)
    reliability = [_reliability(data, entry) for entry in monitors if dig(entry, "probability", "reliability")]
    view = {
        "lines": [(curve.name, curve.css) for curve in curves],
        "undrawn": undrawn,
        "merit": f"{MERIT_PER_MIN:g}",
        "chart": recall_curves(curves, "Recall over false alarms per minute") if curves else "",
        "reliability": reliability,
    }
    return Section(
        "curves",
        "Curves",
        "Every threshold, and whether a probability means what it says",
        "curves.html.j2",
        "The operating points above are single points of these curves.",
        view,
        "" if curves or reliability else MISSING,
    )


def _curves(data: CampaignData, monitors: list[Mapping[str, Any]]) -> tuple[list[RecallCurve], list[str]]:
    """(curves, monitors that have one and are left out)."""
    found = {str(entry["name"]): [p for p in entry.get("curve") or [] if _known(p)] for entry in monitors}
    merits = {name: _merit(points) for name, points in found.items() if points}
    drawn, banded = lines_to_draw(merits, data.kind)
    styles = line_styles(list(found), data.kind)
    curves = []
    for name in drawn:
        recalls = [point["event_recall"] for point in found[name]]
        curves.append(
            RecallCurve(
                name,
                styles[name],
                [float(point["false_alarms_per_min"]["value"]) for point in found[name]],
                [float(recall["value"]) for recall in recalls],
                [_or(recall.get("low"), 0.0) for recall in recalls],
                [_or(recall.get("high"), 1.0) for recall in recalls],
                banded=name in banded,
            )
        )
    return curves, [name for name in merits if name not in drawn]


def _merit(points: list[Mapping[str, Any]]) -> float:
    """The best recall that costs little."""
    cheap = [p for p in points if float(p["false_alarms_per_min"]["value"]) <= MERIT_PER_MIN]
    return max((float(p["event_recall"]["value"]) for p in cheap), default=0.0)


def _known(point: Mapping[str, Any]) -> bool:
    """Whether the point has a recall and a rate of false alarms: too few events give neither."""
    return all(finite(dig(point, key, "value")) is not None for key in ("event_recall", "false_alarms_per_min"))


def _or(value: Any, otherwise: float) -> float:
    known = finite(value)
    return otherwise if known is None else known


def _reliability(data: CampaignData, entry: Mapping[str, Any]) -> dict[str, Any]:
    name, figures = str(entry["name"]), entry["probability"]
    return {
        "name": name,
        "chart": reliability_chart(
            figures["reliability"], name, colour_of(name, data.kind(name)), finite(figures.get("ece_noise_floor"))
        ),
        "ece": rate(figures.get("ece"), "number", 3),
        "floor": number(figures.get("ece_noise_floor"), 3),
        "brier": rate(figures.get("brier"), "number", 3),
        "skill": number(figures.get("brier_skill"), 2, signed=True),
        "base_rate": rate(figures.get("base_rate")),
        "ticks": count(figures.get("ticks")),
    }
