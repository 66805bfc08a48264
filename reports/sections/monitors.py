"""How well each monitor warns, at each operating point: recall, cost, timing, ranking, latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.charts.interval_strip import interval_strip
from reports.charts.lead_time import lead_time_strip
from reports.formatting import DASH, Shown, finite, number, percent, rate
from reports.section import Section, dig

POINT_WORDS = {
    "fa0.10": "0.10 false alarms / min",
    "fa0.25": "0.25 false alarms / min",
    "fa0.50": "0.50 false alarms / min",
    "duty5": "5 % alarm duty",
    "duty10": "10 % alarm duty",
    "conformal10": "conformal, 10 % of runs",
}
MAIN_POINT = "fa0.50"
REACTION_S, HORIZON_S = 1.0, 3.0


def badge_of(monitor: Mapping[str, Any]) -> str:
    """``privileged``, ``baseline`` or ``learned``."""
    if monitor.get("privileged"):
        return "privileged"
    return "baseline" if monitor.get("baseline") else "learned"
