"""Safety gained: what happened when an alarm handed the wheel over, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.campaign_data import CampaignData
from reports.charts.scatter import Point, scatter
from reports.formatting import DASH, Shown, count, finite, number, percent, rate
from reports.monitor_kinds import ORDER, WORDS, colour_of
from reports.section import Section, dig

NO_TWINS = (
    "There are no takeover runs beside shadow runs of the same pairs, so what an alarm would have gained was not "
    "measured. Add a mode takeover:<monitor>@<point> to the scenario."
)


def build(data: CampaignData) -> Section:
    """SG against AC as measured points, and the table behind them."""
    entries = data.summary.get("safety_gain")
    entries = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
    rows = sorted(
        (_row(entry, data.kind(str(entry["monitor"]))) for entry in entries),
        key=lambda row: (ORDER.index(row["kind"]), row["mode"]),
    )
    points, left_out = _points(data, entries)
    view = {
        "rows": rows,
        "chart": scatter(
            points,
            "Safety gain against availability cost",
            "availability cost: share of driving time taken over",
            "safety gain",
        )
        if points
        else "",
        "left_out": left_out,
        "kinds": [(kind, WORDS[kind]) for kind in ORDER if any(row["kind"] == kind for row in rows)],
        "twins": _twins(entries),
    }
    return Section(
        "safety",
        "Safety",
        "Safety gained, and what it cost",
        "safety.html.j2",
        "Every pair ran twice from the same seeds: once with the agent alone, once with an alarm handing the wheel to "
        "a delayed, imperfect takeover driver. Safety gain = (saved − harmed) / departed.",
        view,
        "" if rows else NO_TWINS,
    )


def _row(entry: Mapping[str, Any], kind: str) -> dict[str, Any]:
    monitor = str(entry["monitor"])
    bounds = entry.get("sg_bounds") or {}
    low, high = finite(bounds.get("worst")), finite(bounds.get("best"))
    return {
        "mode": str(entry["mode"]),
        "monitor": monitor,
        "point": str(entry["point"]),
        "kind": kind,
        **{key: count(entry.get(key)) for key in ("pairs", "departed", "saved", "harmed")},
        **{key: count(entry.get(key)) for key in ("unresolved", "unsavable", "unavoidable", "missing", "takeovers")},
        "neither": count(int(entry["departed"]) - int(entry["saved"])),
        "diverged": count(entry.get("twins_diverged_early")),
        "sg": _of(rate(entry.get("sg"), "signed_percent")),
        "bounds": DASH if low is None or high is None else f"{number(100 * low, 0)} … {percent(high, 0)}",
        "over_max": _of(rate(entry.get("sg_over_max"))),
        "net": _of(rate(entry.get("sg_net"), "signed_percent")),
        "net_against": str(entry.get("sg_net_against") or "").removeprefix("takeover:"),
        "above": [
            (str(mode).removeprefix("takeover:"), _of(rate(value, "signed_percent")))
            for mode, value in (entry.get("sg_above") or {}).items()
        ],
        "ac": _of(rate(entry.get("ac"))),
        "ac_oracle": percent(entry.get("ac_oracle"), 1),
        "prevalence": percent(dig(entry, "prevalence", "value")),
        "mean_run": number(entry.get("mean_run_s"), 1),
        "rh": rate(entry.get("rh_per_km"), "number", 2),
        "p": _p_value(entry.get("mcnemar_p")),
        "p_holm": _p_value(entry.get("mcnemar_p_holm")),
    }


def _of(shown: Shown) -> Shown:
    """Without its count, which has columns of its own or is a sum of seconds."""
    return Shown(shown.text, shown.interval, "", shown.reason, shown.method)


def _p_value(value: Any) -> str:
    known = finite(value)
    if known is None:
        return DASH
    return "< 0.001" if known < 0.001 else number(known, 3)


def _points(data: CampaignData, entries: list[Mapping[str, Any]]) -> tuple[list[Point], list[str]]:
    points, left_out = [], []
    for entry in entries:
        gain, cost = entry.get("sg") or {}, entry.get("ac") or {}
        label = str(entry["mode"]).removeprefix("takeover:").replace("@", " @ ")
        y, x = finite(gain.get("value")), finite(cost.get("value"))
        if x is None or y is None:
            reason = rate(gain).reason or rate(cost).reason
            left_out.append(f"{label}: {reason} ({count(entry.get('departed'))} departed)")
            continue
        kind = data.kind(str(entry["monitor"]))
        detail = (
            f"safety gain {percent(y, 0, True)}, availability cost {percent(x)}, {count(entry['departed'])} departures"
        )
        points.append(
            Point(
                label, x, y, _ends(cost), _ends(gain), colour_of(str(entry["monitor"]), kind), kind != "learned", detail
            )
        )
    return points, left_out


def _ends(value: Mapping[str, Any]) -> tuple[float, float] | None:
    low, high = finite(value.get("low")), finite(value.get("high"))
    return None if low is None or high is None else (low, high)


def _twins(entries: list[Mapping[str, Any]]) -> str:
    pairs = sum(int(entry.get("pairs") or 0) for entry in entries)
    diverged = sum(int(entry.get("twins_diverged_early") or 0) for entry in entries)
    if diverged == 0:
        return f"Twins that differ before the first takeover: 0 of {count(pairs)}."
    return (
        f"{count(diverged)} of {count(pairs)} twins differed before the first takeover: "
        "what they show is not the effect of the takeover alone."
    )
