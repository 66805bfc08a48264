"""Departures with their evidence: a picture, the time series, the facts, and the way to the episode's page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from harness.evaluation.event_metrics import LEAD_CAP_S
from reports.campaign_data import CampaignData
from reports.charts.time_series import DepartureTrace, departure_chart, departure_key
from reports.episode_pages import page_address
from reports.evidence import (
    OperatingPoint,
    departure_trace,
    embed,
    spread_over_groups,
    still_picture,
)
from reports.formatting import DASH, number
from reports.section import Section

MAX_SHOWN = 24
MAX_DRAWN_MONITORS = 4
SHOWN_BEFORE_S = 2.0


def choose(data: CampaignData, limit: int = MAX_SHOWN) -> list[str]:
    """Ids of the departures that are shown: evenly from every condition, runs of the agent alone first."""
    departed = [row for row in data.episodes if row.get("departures") and row["episode_id"] in data.entries]
    departed = [row for row in departed if str(row["mode"]) != "expert"]
    alone = [(str(row["condition"]), str(row["episode_id"])) for row in departed if row["mode"] == "shadow"]
    others = [
        (f"{row['mode']} {row['condition']}", str(row["episode_id"])) for row in departed if row["mode"] != "shadow"
    ]
    # A third of the room is kept for departures that happened under a takeover monitor: they are the harmed ones.
    kept = min(len(others), max(limit // 3, limit - len(alone)))
    return spread_over_groups(alone, limit - kept) + spread_over_groups(others, kept)


def build(
    data: CampaignData,
    chosen: list[str],
    points: Mapping[str, OperatingPoint],
    monitors: list[str],
    paged: Collection[str],
) -> Section:
    """Cards of the chosen departures; ``paged``: episodes with a page of their own."""
    rows = {str(row["episode_id"]): row for row in data.episodes}
    events = [_event(data, rows[key], points, monitors[:MAX_DRAWN_MONITORS], key in paged) for key in chosen]
    total = sum(1 for row in data.episodes if row.get("departures"))
    return Section(
        "departures",
        "Departures",
        "Departures, seen",
        "departures.html.j2",
        "What the agent saw, where its network looked, how it steered against the reference, and who warned.",
        {
            "events": events,
            "note": f"{total} episodes departed; {len(events)} of them are shown here, evenly from every condition. "
            "Every departure has a page with its player: follow a picture, or an id in the table of episodes.",
        },
        "" if events else _nothing(data),
    )


def _nothing(data: CampaignData) -> str:
    if not data.episodes:
        return "No episode has finished yet."
    return f"None of the {len(data.episodes)} episodes left its lane, so there is no departure to show."


def _event(
    data: CampaignData, row: Mapping[str, Any], points: Mapping[str, OperatingPoint], monitors: list[str], paged: bool
) -> dict[str, Any]:
    episode_id = str(row["episode_id"])
    record = data.record(episode_id)
    onset_s = float(row["first_departure_onset_s"])
    trace = departure_trace(record.ticks, onset_s, record.tick_s, points, monitors)
    title = f"{row['road']} · {row['condition']} · {row['mode']}"
    clips = data.clips(episode_id)
    return {
        "episode_id": episode_id,
        "title": title,
        "facts": _facts(row, trace, record.events),
        "chart": departure_chart(trace, title),
        "key": departure_key(trace),
        "still": embed("image/jpeg", still_picture(clips[0].read_bytes())) if clips else "",
        "page": page_address(episode_id, max(onset_s - SHOWN_BEFORE_S, 0.0)) if paged else "",
    }


def _facts(row: Mapping[str, Any], trace: DepartureTrace, events: Mapping[str, Any]) -> list[dict[str, str]]:
    grades = sorted({str(departure["grade"]) for departure in events.get("departures") or []})
    facts = [
        {"name": "onset", "text": f"{number(trace.onset_s, 2)} s"},
        {"name": "route", "text": f"{number(row.get('first_departure_route_s_m'), 0)} m"},
        {"name": "grades", "text": ", ".join(grades) or DASH},
        {"name": "least margin", "text": f"{number(row.get('minimum_lane_margin_m'), 2)} m"},
    ]
    for monitor in trace.monitors:
        up = [start for start, end in monitor.alarms if start < trace.onset_s < end + LEAD_CAP_S]
        lead_s = trace.onset_s - up[-1] if up else None
        said = "no alarm" if lead_s is None else f"{number(min(lead_s, LEAD_CAP_S), 1)} s before"
        facts.append({"name": monitor.name, "text": f"over {said}" if lead_s and lead_s > LEAD_CAP_S else said})
    facts.append({"name": "episode", "text": str(row["episode_id"])})
    return facts
