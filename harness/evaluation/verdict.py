"""Is the campaign large enough for a claim, and does it meet its criteria? (PROTOCOL §8)

INSUFFICIENT: fewer than 300 departures or 300 degraded-but-safe minutes, whatever the figures say. Above
that, PASS or FAIL by the criteria that the campaign brought along, and NO_CRITERIA if it brought none:
enough data, nothing to decide.

A criterion is ``{"metric": path, "at_least" | "at_most": bound}``. The path walks the summary: keys joined
by dots, list entries chosen by ``[key=value,…]``, for example
``monitors[name=student].points[point=fa0.25].event_recall.low``. A criterion on an undefined figure is not
met.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

DEPARTURES_NEEDED = 300
DEGRADED_SAFE_MINUTES_NEEDED = 300.0
INSUFFICIENT, PASS, FAIL, NO_CRITERIA = "INSUFFICIENT", "PASS", "FAIL", "NO_CRITERIA"
_STEP = re.compile(r"(?P<key>[^.\[\]]+)(?:\[(?P<select>[^\]]*)\])?(?:\.|$)")


class CriterionError(ValueError):
    """A criterion that cannot be read or names a figure that no summary has."""


def judge(summary: Mapping[str, Any], criteria: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The verdict on a summary.

    Args:
        summary: with ``counts`` (``departures``, ``degraded_safe_minutes``, ``episodes``).
        criteria: of the campaign.

    Raises:
        CriterionError: a criterion is malformed.
    """
    counts = summary["counts"]
    departures, minutes = int(counts["departures"]), float(counts["degraded_safe_minutes"])
    needed = {
        "departures_missing": max(0, DEPARTURES_NEEDED - departures),
        "degraded_safe_minutes_missing": max(0.0, DEGRADED_SAFE_MINUTES_NEEDED - minutes),
        "episodes_needed_estimate": episodes_needed(int(counts["episodes"]), departures, minutes),
    }
    checks = [_check(summary, criterion) for criterion in criteria]
    reasons = []
    if needed["departures_missing"]:
        reasons.append(f"{departures} of {DEPARTURES_NEEDED} departures observed")
    if needed["degraded_safe_minutes_missing"]:
        reasons.append(f"{minutes:.1f} of {DEGRADED_SAFE_MINUTES_NEEDED:.0f} degraded-but-safe minutes driven")
    if reasons:
        status = INSUFFICIENT
    elif not checks:
        status = NO_CRITERIA
        reasons.append("the campaign is large enough but brought no criteria to decide by")
    else:
        status = PASS if all(check["met"] for check in checks) else FAIL
        reasons.extend(_reason(check) for check in checks)
    return {"status": status, "reasons": reasons, "needed": needed, "criteria": checks}


def episodes_needed(episodes: int, departures: int, degraded_safe_minutes: float) -> int | None:
    """Episodes of the same mix until both targets are met, all modes counted.

    None while a campaign shows no departure or no degraded-but-safe driving: no yield to extrapolate.
    """
    if departures <= 0 or degraded_safe_minutes <= 0.0 or episodes <= 0:
        return None
    factor = max(DEPARTURES_NEEDED / departures, DEGRADED_SAFE_MINUTES_NEEDED / degraded_safe_minutes)
    return max(episodes, math.ceil(episodes * factor - 1e-9))


def find_metric(summary: Mapping[str, Any], path: str) -> Any:
    """The figure at a path; None where a list holds no such entry or a figure is null.

    Raises:
        CriterionError: the path is malformed or names a key that does not exist.
    """
    node: Any = summary
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise CriterionError(f"cannot read {path!r} at {path[position:]!r}")
        position = step.end()
        if node is None:
            return None
        if not isinstance(node, Mapping) or step["key"] not in node:
            raise CriterionError(f"the summary has no {step['key']!r} in {path!r}")
        node = node[step["key"]]
        if step["select"] is not None:
            node = _select(node, step["select"], path)
    return node


def _select(entries: Any, selection: str, path: str) -> Any:
    if not isinstance(entries, list):
        raise CriterionError(f"[{selection}] in {path!r} selects from something that is no list")
    wanted = [part.partition("=")[::2] for part in selection.split(",")]
    for entry in entries:
        if all(str(entry.get(key.strip())) == value.strip() for key, value in wanted):
            return entry
    return None


def _check(summary: Mapping[str, Any], criterion: Mapping[str, Any]) -> dict[str, Any]:
    bounds = [kind for kind in ("at_least", "at_most") if kind in criterion]
    if "metric" not in criterion or len(bounds) != 1:
        raise CriterionError(f"a criterion needs 'metric' and one of 'at_least' or 'at_most', got {dict(criterion)}")
    found = find_metric(summary, str(criterion["metric"]))
    value = found.get("value") if isinstance(found, Mapping) else found
    kind, bound = bounds[0], float(criterion[bounds[0]])
    met = value is not None and (float(value) >= bound if kind == "at_least" else float(value) <= bound)
    return {"metric": criterion["metric"], kind: bound, "value": value, "met": met}


def _reason(check: Mapping[str, Any]) -> str:
    words = f"at least {check['at_least']:g}" if "at_least" in check else f"at most {check['at_most']:g}"
    shown = "undefined" if check["value"] is None else f"{float(check['value']):.3g}"
    return f"{check['metric']} is {shown}, wanted {words}: {'met' if check['met'] else 'not met'}"
