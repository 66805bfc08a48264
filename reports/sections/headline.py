"""The headline numbers, each with its n and its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.campaign_data import CampaignData
from reports.formatting import Shown, count, number, percent, rate
from reports.operating_points import MAIN_POINT, point_of
from reports.section import Section, dig


def build(data: CampaignData) -> Section:
    """A tile per figure: how often it failed alone, how well the best-known monitor warned, what takeovers gained."""
    counts = data.summary.get("counts")
    if not isinstance(counts, Mapping):
        return Section(
            "headline", "Headline", "Headline numbers", "headline.html.j2", missing="The campaign was not judged yet."
        )
    departures = data.summary.get("departures") or {}
    tiles = [
        _tile("Episodes of the agent alone that departed", rate(departures.get("departed"))),
        _tile("Departures per km, agent alone", rate(departures.get("per_km"), "number", 2), _exposure(counts)),
        *_monitor_tiles(data),
        *_takeover_tiles(data),
        _tile("Driven by the agent alone", Shown(f"{number(counts.get('km'), 1)} km"), _driven(counts)),
    ]
    return Section(
        "headline",
        "Headline",
        "Headline numbers",
        "headline.html.j2",
        "95 % intervals in brackets; k / n behind them.",
        {"tiles": tiles},
    )


def _tile(name: str, shown: Shown, under: str = "") -> dict[str, Any]:
    return {"name": name, "shown": shown, "under": under}


def _exposure(counts: Mapping[str, Any]) -> str:
    return f"{count(counts.get('departures'))} departures in {number(counts.get('km'), 1)} km"


def _driven(counts: Mapping[str, Any]) -> str:
    return (
        f"{number(counts.get('minutes'), 1)} min, of them {number(counts.get('degraded_safe_minutes'), 1)} min "
        f"degraded but safe; {count(counts.get('shadow_runs'))} runs; "
        f"{number(counts.get('km_all_modes'), 1)} km in all modes"
    )


def main_monitor(data: CampaignData) -> Mapping[str, Any] | None:
    """The monitor the headline speaks of: the learned one that takeovers obey, else the saliency one."""
    monitors = [m for m in data.summary.get("monitors") or [] if data.kind(str(m["name"])) == "learned"]
    obeyed = {str(entry["monitor"]) for entry in data.summary.get("safety_gain") or []}
    ranked = sorted(monitors, key=lambda m: (m["name"] not in obeyed, "saliency" not in m["name"]))
    return ranked[0] if ranked else None


def _monitor_tiles(data: CampaignData) -> list[dict[str, Any]]:
    monitor = main_monitor(data)
    if monitor is None:
        return []
    name = str(monitor["name"])
    point = point_of(monitor, MAIN_POINT)
    if point is None or "event_recall" not in point:
        return [_tile(f"{name}: departures warned of in time", rate(None, reason=f"no threshold at {MAIN_POINT}"))]
    alarms = dig(point, "false_alarms_per_min", "degraded_safe")
    return [
        _tile(
            f"{name} @ {MAIN_POINT}: departures warned of in time",
            rate(point["event_recall"]),
            f"by chance {percent(point.get('chance_recall'))}",
        ),
        _tile(
            f"{name} @ {MAIN_POINT}: false alarms per minute, degraded but safe", _without_count(rate(alarms, "number"))
        ),
        _tile(
            f"{name}: AUROC within run", _without_count(rate(monitor.get("auroc_within"), "number")), "0.5 is guessing"
        ),
    ]


def _takeover_tiles(data: CampaignData) -> list[dict[str, Any]]:
    monitor = main_monitor(data)
    entries = data.summary.get("safety_gain") or []
    own = [entry for entry in entries if monitor is not None and entry["monitor"] == monitor["name"]]
    own.sort(key=lambda entry: entry["point"] != MAIN_POINT)
    if not own:
        return []
    entry = own[0]
    name = f"{entry['monitor']} @ {entry['point']}"
    outcome = f"{count(entry['saved'])} saved, {count(entry['harmed'])} harmed of {count(entry['departed'])} departed"
    return [
        _tile(f"Safety gain, takeover on {name}", _without_count(rate(entry["sg"], "signed_percent")), outcome),
        _tile(
            f"Availability cost, takeover on {name}",
            _without_count(rate(entry["ac"])),
            f"{count(entry['takeovers'])} takeovers",
        ),
    ]


def _without_count(shown: Shown) -> Shown:
    return Shown(shown.text, shown.interval, "", shown.reason, shown.method)
