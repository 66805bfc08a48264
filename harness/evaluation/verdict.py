"""Is the campaign large enough for a claim, and does it meet its criteria? (PROTOCOL §8)

INSUFFICIENT: fewer than 300 departures or 300 degraded-but-safe minutes, whatever the figures say. Above
that, PASS, FAIL or again INSUFFICIENT by the criteria that the campaign brought along, and NO_CRITERIA if it
brought none: enough data, nothing to decide.

A criterion is ``{"metric": path, "at_least" | "at_most": bound}``, judged as `contract_criterion` says: a rate
by its bounds, not by its value, and an undefined figure is an open gap. The path walks the summary: keys joined
by dots, list entries chosen by ``[key=value,…]``, for example
``monitors[name=student].points[point=fa0.25].event_recall``; ``[*]`` stands for every entry of a list, for example
``departures.by_condition[*].departed``: all of them must keep the bound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.evaluation.contract_criterion import (
    FAIL,
    INSUFFICIENT,
    PASS,
    Bounded,
    CriterionError,
    combined,
    judge_figure,
    judge_slices,
)
from harness.evaluation.statistics.intervals import CONFIDENCE

DEPARTURES_NEEDED = 300
DEGRADED_SAFE_MINUTES_NEEDED = 300.0
NO_CRITERIA = "NO_CRITERIA"
EVERY = "[*]"
_STEP = re.compile(r"(?P<key>[^.\[\]]+)(?:\[(?P<select>[^\]]*)\])?(?:\.|$)")


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
        status = combined([check["verdict"] for check in checks])
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


def find_slices(summary: Mapping[str, Any], path: str) -> list[tuple[str, Any]]:
    """The figures at a path with ``[*]``: (name, figure) of every entry of that list.

    An entry is named by the texts in it (``fog``, or ``fog, bend_30``).

    Raises:
        CriterionError: the path is malformed, or ``[*]`` stands behind something that is no list.
    """
    before, _, after = path.partition(EVERY)
    entries = find_metric(summary, before)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise CriterionError(f"[*] in {path!r} stands behind something that is no list")
    names = [", ".join(value for value in entry.values() if isinstance(value, str)) for entry in entries]
    return [(name, find_metric(entry, after.lstrip("."))) for name, entry in zip(names, entries, strict=True)]


def judge_metric(
    summary: Mapping[str, Any], path: str, bound: float, is_upper: bool, confidence: float = CONFIDENCE
) -> list[Bounded]:
    """The figure at a path, or every slice of a path with ``[*]``, against a bound; empty where there is no slice.

    Raises:
        CriterionError: the path is malformed, names a key that does not exist, or leads to no figure.
    """
    if EVERY in path:
        return judge_slices(find_slices(summary, path), bound, is_upper, confidence)
    return [judge_figure(find_metric(summary, path), bound, is_upper, confidence)]


def _check(summary: Mapping[str, Any], criterion: Mapping[str, Any]) -> dict[str, Any]:
    bounds = [kind for kind in ("at_least", "at_most") if kind in criterion]
    if "metric" not in criterion or len(bounds) != 1:
        raise CriterionError(f"a criterion needs 'metric' and one of 'at_least' or 'at_most', got {dict(criterion)}")
    kind, bound = bounds[0], float(criterion[bounds[0]])
    judged = judge_metric(summary, str(criterion["metric"]), bound, is_upper=kind == "at_most")
    verdict = combined([one.verdict for one in judged])
    value = judged[0].value if len(judged) == 1 else None
    return {
        "metric": criterion["metric"],
        kind: bound,
        "value": value,
        "met": verdict == PASS,
        "verdict": verdict,
        "slices": [{"slice": one.slice, "verdict": one.verdict} for one in judged if one.slice],
    }


def _reason(check: Mapping[str, Any]) -> str:
    words = f"at least {check['at_least']:g}" if "at_least" in check else f"at most {check['at_most']:g}"
    answer = {PASS: "shown", FAIL: "refuted", INSUFFICIENT: "not shown"}[check["verdict"]]
    if check["slices"]:
        open_ones = [one["slice"] for one in check["slices"] if one["verdict"] != PASS]
        shown = f"{len(check['slices'])} slices" + (f", without {', '.join(open_ones)}" if open_ones else "")
    else:
        shown = "undefined" if check["value"] is None else f"{float(check['value']):.3g}"
    return f"{check['metric']} is {shown}, wanted {words}: {answer}"
