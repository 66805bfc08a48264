"""How well the failure predictors warned under each condition, as the summary says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.evaluation.rates import Rate
from reports.section import dig

MAX_MONITORS = 3


def alarms_by_condition(
    summary: Mapping[str, object], monitors: Sequence[str]
) -> dict[str, dict[str, dict[str, Rate]]]:
    """Recall of detectable departures and false alarms per minute at the main operating point.

    Args:
        summary: of the campaign.
        monitors: which to show; at most the first three that were judged at the main point.

    Returns:
        condition -> monitor -> ``{"recall": rate, "false_per_min": rate}``.
    """
    tables = {str(dig(entry, "name")): dig(entry, "by_condition", "rows") for entry in dig(summary, "monitors") or []}
    found: dict[str, dict[str, dict[str, Rate]]] = {}
    for name in [name for name in monitors if tables.get(name)][:MAX_MONITORS]:
        for row in tables[name]:
            rates = {"recall": row["event_recall"], "false_per_min": row["false_alarms_per_min"]}
            found.setdefault(str(row["condition"]), {})[name] = rates
    return found
