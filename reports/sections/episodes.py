"""Every episode as a row that sorts and filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from reports.campaign_data import CampaignData
from reports.episode_pages import page_address
from reports.formatting import finite
from reports.section import Section
from reports.table import Cell, figure, words

FILTERS = (("mode", "Mode"), ("condition", "Condition"), ("road", "Road"), ("result", "Result"))
END_WORDS = {
    "route_end": "route end",
    "duration": "time limit",
    "departure": "departure",
    "collision": "collision",
    "stuck": "stuck",
    "agent_error": "agent error",
}


def result_of(row: Mapping[str, Any]) -> str:
    """One word for how the episode went: a departure beats the outcome, an error beats both."""
    if row["outcome"] != "completed":
        return str(row["outcome"])
    return "departed" if row.get("departures") else "completed"


def build(data: CampaignData, paged: Collection[str]) -> Section:
    """The table; ids of episodes with a page link to it."""
    rows: list[dict[str, Any]] = []
    for row in data.episodes:
        result = result_of(row)
        values = {"mode": row["mode"], "condition": row["condition"], "road": row["road"], "result": result}
        rows.append({"data": values, "cells": _cells(row, result, row["episode_id"] in paged)})
    filters = [
        {"key": key, "name": name, "choices": sorted({str(row["data"][key]) for row in rows})} for key, name in FILTERS
    ]
    heads = [
        *({"name": name, "numeric": False} for name in ("Episode", "Road", "Condition", "Mode", "Result", "Grade")),
        *(
            {"name": name, "numeric": True}
            for name in ("Onset s", "Time s", "km", "Least margin m", "Takeover s", "Mean |SWA error| °")
        ),
        {"name": "Ended by", "numeric": False},
    ]
    return Section(
        "episodes",
        "Episodes",
        "Episodes",
        "episodes.html.j2",
        "Every episode of the campaign. A linked id leads to its page with the player: all departures and agent errors "
        "have one, and a sample of the others.",
        {"rows": rows, "filters": filters, "heads": heads},
        "" if rows else "No episode has finished yet.",
    )


def _cells(row: Mapping[str, Any], result: str, linked: bool) -> list[Cell]:
    episode_id = str(row["episode_id"])
    distance_m = finite(row.get("distance_m"))
    return [
        Cell(episode_id[:8], episode_id, mono=True, link=page_address(episode_id) if linked else ""),
        words(row["road"]),
        words(row["condition"]),
        words(row["mode"]),
        Cell(result.replace("_", " "), result, badge=result),
        words(row.get("first_departure_grade")),
        figure(row.get("first_departure_onset_s"), 2),
        figure(row.get("duration_s"), 1),
        figure(None if distance_m is None else distance_m / 1000.0, 2),
        figure(row.get("minimum_lane_margin_m"), 2),
        figure(row.get("takeover_time_s"), 1),
        figure(row.get("mean_swa_error_deg"), 1),
        words(END_WORDS.get(str(row.get("end_reason")), row.get("end_reason"))),
    ]
