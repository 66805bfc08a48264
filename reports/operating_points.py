"""The frozen thresholds a campaign was judged with, as its summary records them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.evidence import OperatingPoint
from reports.formatting import finite
from reports.section import dig

MAIN_POINT = "fa0.50"


def point_of(monitor: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """One operating point of a monitor's entry in the summary; None where it has none of that name."""
    return next((point for point in monitor.get("points") or [] if point.get("point") == name), None)


def operating_points(summary: Mapping[str, Any], name: str = MAIN_POINT) -> dict[str, OperatingPoint]:
    """θ and declared latency of every monitor that has the point; the others are left out."""
    found = {}
    for monitor in summary.get("monitors") or []:
        point = point_of(monitor, name) or {}
        theta_on, theta_off = finite(point.get("theta_on")), finite(point.get("theta_off"))
        if theta_on is not None and theta_off is not None:
            declared_ms = finite(dig(monitor, "latency_ms", "declared")) or 0.0
            found[str(monitor["name"])] = OperatingPoint(theta_on, theta_off, declared_ms / 1000.0)
    return found
