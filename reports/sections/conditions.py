"""Where it failed: departures of the agent alone by condition, by grade, and by road and condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.campaign_data import CampaignData
from reports.charts.interval_strip import interval_strip
from reports.formatting import Shown, count, finite, number, rate
from reports.monitor_kinds import colour_of
from reports.section import Section, dig

Alarms = Mapping[str, Mapping[str, Mapping[str, Any]]]

HEAT_STEPS = 5
# A matrix of more roads than this is no longer read at a glance; the table of episodes filters by road.
MAX_HEAT_ROADS = 40
GRADES = (
    ("G0", "a tyre over the line"),
    ("G1", "more than 1 m off the centre"),
    ("G2", "centre out of the lane"),
    ("G3", "off the road"),
)


def build(data: CampaignData, alarms: Alarms, point: str) -> Section:
    """Dot plot with intervals per condition, alarms, grades, and the heat map road × condition.

    Args:
        data: the campaign.
        alarms: condition -> monitor -> rates (see ``reports.alarms_by_condition``).
        point: name of the operating point the alarms were judged at.
    """
    departures = data.summary.get("departures")
    by_condition = dig(departures, "by_condition") or []
    by_road = dig(departures, "by_road") or []
    cells = {(str(c["road"]), str(c["condition"])): c["departed"] for c in dig(departures, "by_condition_road") or []}
    conditions = [str(row["condition"]) for row in by_condition]
    roads = sorted(by_road, key=lambda row: -_share(row["departed"]))
    watchers = list(dict.fromkeys(monitor for by_monitor in alarms.values() for monitor in sorted(by_monitor)))
    view = {
        "rows": [_row(row, str(row["condition"])) for row in by_condition],
        "conditions": conditions,
        "heat": [_heat_row(str(row["road"]), conditions, cells, row["departed"]) for row in roads[:MAX_HEAT_ROADS]],
        "roads_left_out": max(len(roads) - MAX_HEAT_ROADS, 0),
        "alarms": [_alarms(name, alarms.get(name) or {}, watchers, data) for name in conditions] if watchers else [],
        "watchers": watchers,
        "point": point,
        "grades": [_grade(grade, words, dig(departures, "by_grade", grade)) for grade, words in GRADES],
        "others": [
            (name, count(dig(departures, key)))
            for name, key in (("agent errors", "agent_errors"), ("collisions", "collisions"), ("stuck", "stuck"))
        ],
    }
    return Section(
        "conditions",
        "Conditions",
        "What failed, and where",
        "conditions.html.j2",
        "Runs of the agent alone (mode shadow): how many left their lane, under which condition, on which road.",
        view,
        "" if by_condition else "No shadow run counts: the campaign has none, lost them all, or was not judged yet.",
    )


def _share(departed: Mapping[str, Any]) -> float:
    n = finite(departed.get("n")) or 0.0
    return (finite(departed.get("k")) or 0.0) / n if n else 0.0


def _row(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "share": rate(row["departed"]),
        "strip": interval_strip(row["departed"], css="c-red"),
        "per_km": rate(row["per_km"], "number", 2),
    }


def _alarms(
    condition: str, by_monitor: Mapping[str, Mapping[str, Any]], watchers: Sequence[str], data: CampaignData
) -> dict[str, Any]:
    cells = []
    for name in watchers:
        found = by_monitor.get(name) or {}
        alarms = rate(found.get("false_per_min"), "number", 2)
        minutes = number(dig(found, "false_per_min", "n"), 1)
        counted = f"{count(dig(found, 'false_per_min', 'k'))} in {minutes} min"
        cells.append(
            {
                "strip": interval_strip(found.get("recall"), css=colour_of(name, data.kind(name))),
                "recall": rate(found.get("recall")),
                "false": Shown(alarms.text, alarms.interval, counted, alarms.reason, alarms.method),
            }
        )
    return {"condition": condition, "cells": cells}


def _grade(grade: str, words: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    runs = dig(value, "runs")
    return {
        "grade": grade,
        "words": words,
        "events": count(dig(value, "events")),
        "share": rate(runs),
        "strip": interval_strip(runs, css="c-red"),
    }


def _heat_row(
    road: str,
    conditions: Sequence[str],
    cells: Mapping[tuple[str, str], Mapping[str, Any]],
    whole: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "road": road,
        "cells": [_heat_cell(cells.get((road, condition))) for condition in conditions],
        "whole": f"{count(whole['k'])} of {count(whole['n'])}",
    }


def _heat_cell(departed: Mapping[str, Any] | None) -> dict[str, Any]:
    if departed is None or not departed.get("n"):
        return {"text": "", "n": "not run", "level": 0}
    share = _share(departed)
    level = 0 if share == 0.0 else 1 + min(HEAT_STEPS - 1, int(HEAT_STEPS * share - 1e-9))
    return {"text": count(departed["k"]), "n": f"of {count(departed['n'])}", "level": level}
