"""The frozen thresholds a campaign was judged with, found where the campaign recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.evidence import OperatingPoint
from reports.formatting import finite
from reports.section import dig

MAIN_POINT = "fa0.50"


def operating_points(thresholds: Any, point: str = MAIN_POINT) -> dict[str, OperatingPoint]:
    """θ of every monitor that has ``point``; monitors without it are left out."""
    found = {}
    monitors = dig(thresholds, "monitors")
    for name, fitted in (monitors if isinstance(monitors, Mapping) else {}).items():
        theta_on = finite(dig(fitted, "points", point, "theta_on"))
        theta_off = finite(dig(fitted, "points", point, "theta_off"))
        if theta_on is not None and theta_off is not None:
            found[str(name)] = OperatingPoint(theta_on, theta_off)
    return found
