"""What failed most and where: the worst slices, with what a chance finding among so many slices would look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import fisher_exact

from reports.campaign_data import CampaignData
from reports.charts.interval_strip import interval_strip
from reports.formatting import DASH, finite, number, rate
from reports.section import Section, dig

MAX_SHOWN = 12
KINDS = (("condition", "by_condition"), ("road", "by_road"))


def build(data: CampaignData) -> Section:
    """Conditions and roads by the lower end of the interval of their departures, worst first."""
    departures = data.summary.get("departures")
    whole = dig(departures, "departed")
    rows: list[dict[str, Any]] = []
    for kind, key in KINDS:
        entries = [entry for entry in dig(departures, key) or [] if dig(entry, "departed", "n")]
        rows += [_row(kind, str(entry[kind]), entry["departed"], whole, len(entries)) for entry in entries]
    rows.sort(key=lambda row: -row["low"])
    return Section(
        "slices",
        "Worst",
        "What failed most",
        "slices.html.j2",
        "Conditions and roads of the agent alone, by what is proven: the lower end of the interval, not the share.",
        {"rows": rows[:MAX_SHOWN], "tested": len(rows)},
        "" if rows else "No shadow run counts: the campaign has none, lost them all, or was not judged yet.",
    )


def _row(kind: str, name: str, departed: Mapping[str, Any], whole: Mapping[str, Any], tested: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "share": rate(departed),
        "strip": interval_strip(departed, css="c-red"),
        "low": finite(departed.get("low")) or 0.0,
        "p": _p_text(_worse_than_the_rest(departed, whole), tested),
    }


def _worse_than_the_rest(departed: Mapping[str, Any], whole: Mapping[str, Any]) -> float | None:
    """One-sided Fisher test of a slice against all other runs; None where there are no others."""
    k, n = int(departed["k"]), int(departed["n"])
    rest_k, rest_n = int(whole["k"]) - k, int(whole["n"]) - n
    if rest_n <= 0:
        return None
    table: Sequence[Sequence[int]] = ((k, n - k), (rest_k, rest_n - rest_k))
    return float(fisher_exact(table, alternative="greater").pvalue)


def _p_text(p: float | None, tested: int) -> str:
    """Bonferroni over the slices of the same kind."""
    if p is None:
        return DASH
    corrected = min(1.0, p * tested)
    return "< 0.001" if corrected < 0.001 else number(corrected, 3)
