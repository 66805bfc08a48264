"""How well each monitor warns, at each operating point: recall, cost, timing, ranking, latency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.evaluation.event_metrics import LEAD_CAP_S
from harness.evaluation.zones import HORIZON_S, REACTION_S
from reports.campaign_data import CampaignData
from reports.charts.interval_strip import interval_strip
from reports.charts.lead_time import lead_time_strip
from reports.formatting import Shown, count, finite, number, percent, rate
from reports.monitor_kinds import ORDER, WORDS, colour_of
from reports.operating_points import MAIN_POINT, point_of
from reports.section import Section, dig

POINTS = {
    "fa0.10": "0.10 false alarms per minute",
    "fa0.25": "0.25 false alarms per minute",
    "fa0.50": "0.50 false alarms per minute",
    "duty5": "5 % alarm duty",
    "duty10": "10 % alarm duty",
    "conformal10": "conformal: 10 % of calm runs may alarm",
}


def build(data: CampaignData) -> Section:
    """Tables by operating point, lead times, ranking and latency."""
    monitors = [m for m in data.summary.get("monitors") or [] if isinstance(m, Mapping)]
    monitors.sort(key=lambda m: (ORDER.index(data.kind(str(m["name"]))), str(m["name"])))
    kinds = {data.kind(str(m["name"])) for m in monitors}
    names = list(dict.fromkeys(str(p["point"]) for m in monitors for p in m.get("points") or []))
    found = sorted(names, key=lambda name: list(POINTS).index(name) if name in POINTS else len(POINTS))
    view = {
        "points": [_point(data, point, monitors) for point in found],
        "main_point": MAIN_POINT if MAIN_POINT in found else (found[0] if found else ""),
        "ranking": [_ranking(monitor, data.kind(str(monitor["name"]))) for monitor in monitors],
        "latency": [
            _latency(m, data.kind(str(m["name"]))) for m in monitors if finite(dig(m, "latency_ms", "p50")) is not None
        ],
        "notice": _notice(data.summary.get("notice")),
        "kinds": [(kind, WORDS[kind]) for kind in ORDER if kind in kinds],
        "reaction_s": f"{REACTION_S:g}",
        "horizon_s": f"{HORIZON_S:g}",
        "lead_cap_s": f"{LEAD_CAP_S:g}",
    }
    return Section(
        "monitors",
        "Monitors",
        "Monitors: who warned, how early, how often for nothing",
        "monitors.html.j2",
        "Shadow runs: every monitor scores the same drives and nobody intervenes. Thresholds were fitted on "
        "calibration runs and frozen.",
        view,
        "" if monitors else "No monitor was judged: there are no shadow runs with monitors, or no summary yet.",
    )


def _notice(figures: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What no monitor of the picture could know; None where no artifact preceded a departure."""
    if not figures or not dig(figures, "in_time", "n"):
        return None
    quantiles = figures["notice_s"]
    return {
        "events": count(figures["events"]),
        "without_artifact": figures["without_artifact"],
        "in_time": rate(figures["in_time"]),
        "before": _plain(rate(figures["positive_before_artifact"])),
        **{name: number(quantiles[name], 1) for name in quantiles},
    }


def _point(data: CampaignData, name: str, monitors: list[Mapping[str, Any]]) -> dict[str, Any]:
    rows, absent = [], []
    for monitor in monitors:
        figures = point_of(monitor, name)
        if figures is not None and "event_recall" in figures:
            rows.append(_row(str(monitor["name"]), figures, data.kind(str(monitor["name"]))))
        else:
            absent.append(str(monitor["name"]))
    return {"key": name, "title": POINTS.get(name, name), "rows": rows, "absent": absent}


def _row(name: str, figures: Mapping[str, Any], kind: str) -> dict[str, Any]:
    recall = figures.get("event_recall")
    lead = figures.get("lead_s") or {}
    return {
        "name": name,
        "kind": kind,
        "recall": rate(recall),
        "strip": interval_strip(recall, css=colour_of(name, kind)),
        "chance": percent(figures.get("chance_recall")),
        "nominal": _per_minute(figures, "nominal"),
        "degraded": _per_minute(figures, "degraded_safe"),
        "precision": rate(figures.get("precision")),
        "late": rate(figures.get("late_share")),
        "duty": _plain(rate(figures.get("duty"))),
        "silent": rate(figures.get("departed_without_warning_per_km"), "number", 2),
        "lead_median": number(lead.get("median"), 1),
        "lead_p10": number(lead.get("p10"), 1),
        "leads": len(lead.get("values") or []),
        "lead_strip": lead_time_strip(lead.get("values") or [], REACTION_S, HORIZON_S, name, colour_of(name, kind)),
    }


def _per_minute(figures: Mapping[str, Any], which: str) -> Shown:
    value = dig(figures, "false_alarms_per_min", which)
    shown = rate(value, "number", 2)
    minutes = finite(value.get("n")) if isinstance(value, Mapping) else None
    alarms = finite(value.get("k")) if isinstance(value, Mapping) else None
    counted = "" if minutes is None else f"{count(alarms)} in {number(minutes, 1)} min"
    return Shown(shown.text, shown.interval, counted, shown.reason, shown.method)


def _plain(shown: Shown) -> Shown:
    return Shown(shown.text, shown.interval, "", shown.reason, shown.method)


def _ranking(monitor: Mapping[str, Any], kind: str) -> dict[str, Any]:
    name = str(monitor["name"])
    within = monitor.get("auroc_within")
    return {
        "name": name,
        "kind": kind,
        "pooled": _plain(rate(monitor.get("auroc_pooled"), "number", 2)),
        "within": _plain(rate(within, "number", 2)),
        "within_strip": interval_strip(within, css=colour_of(name, kind)),
        "within_runs": rate(within).count,
        "ap": _plain(rate(monitor.get("ap"), "number", 2)),
        "prevalence": number(dig(monitor, "prevalence", "value"), 3),
        "tpr1": _plain(rate(monitor.get("tpr_at_fpr_1pct"))),
        "tpr5": _plain(rate(monitor.get("tpr_at_fpr_5pct"))),
        "faults": count(dig(monitor, "faults", "ticks")),
    }


def _latency(monitor: Mapping[str, Any], kind: str) -> dict[str, Any]:
    shown = {key: number(dig(monitor, "latency_ms", key), 2) for key in ("p50", "p95", "p99")}
    declared = number(dig(monitor, "latency_ms", "declared"), 0)
    return {"name": str(monitor["name"]), "kind": kind, **shown, "declared": declared}
