"""Dose and response: departures and recall of the failure predictors over the strength of each sensor artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.campaign_data import CampaignData
from reports.charts.dose_response import Dose, Response, dose_response
from reports.charts.svg import tick_text
from reports.formatting import finite
from reports.monitor_kinds import colour_of
from reports.section import Section, dig

Alarms = Mapping[str, Mapping[str, Mapping[str, Any]]]
MAX_MONITORS = 2
UNITS = {"px": "px", "dn": "grey levels", "deg": "°", "s": "s", "share": "share", "m": "m", "hz": "Hz", "ev": "stops"}


def build(data: CampaignData, alarms: Alarms, point: str) -> Section:
    """One chart per artifact that was driven alone.

    Args:
        data: the campaign.
        alarms: condition -> monitor -> rates (see ``reports.alarms_by_condition``), judged at ``point``.
    """
    rows = {str(row["condition"]): row for row in dig(data.summary, "departures", "by_condition") or []}
    schedules = {name: schedule for name, schedule in _schedules(data).items() if name in rows}
    watchers = list(dict.fromkeys(name for cells in alarms.values() for name in sorted(cells)))[:MAX_MONITORS]
    by_effect: dict[str, list[str]] = {}
    for condition, schedule in schedules.items():
        if len(schedule) == 1:
            by_effect.setdefault(str(schedule[0]["effect"]), []).append(condition)
    ideal = next((rows[name] for name, schedule in schedules.items() if not schedule), None)
    charts = []
    for effect, conditions in sorted(by_effect.items()):
        parameter = _varied([schedules[name][0] for name in conditions])
        if parameter is not None:
            charts.append(_chart(effect, parameter, conditions, schedules, rows, alarms, watchers, ideal, data))
    mixed = sorted(name for name, schedule in schedules.items() if len(schedule) > 1)
    view = {
        "charts": charts,
        "mixed": mixed,
        "point": point,
        "watchers": [(name, colour_of(name, data.kind(name))) for name in watchers],
    }
    return Section(
        "doses",
        "Artifacts",
        "How much of an artifact is too much",
        "doses.html.j2",
        "Departures of the agent alone, and how many of them were warned of, over the strength of each artifact.",
        view,
        "" if charts else "No condition of this campaign is a single artifact with a strength.",
    )


def _schedules(data: CampaignData) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Condition -> its sensor schedule, read from one shadow episode of each."""
    first: dict[str, str] = {}
    for row in data.episodes:
        if row["mode"] == "shadow" and row["episode_id"] in data.entries:
            first.setdefault(str(row["condition"]), str(row["episode_id"]))
    return {name: data.record(episode_id).spec.get("sensor") or [] for name, episode_id in first.items()}


def _varied(artifacts: Sequence[Mapping[str, Any]]) -> str | None:
    """The parameter that differs between the conditions; the first number where none or only one condition is."""
    numeric = [key for key, value in (artifacts[0].get("parameters") or {}).items() if finite(value) is not None]
    for key in numeric:
        if len({finite((artifact.get("parameters") or {}).get(key)) for artifact in artifacts}) > 1:
            return key
    return numeric[0] if numeric else None


def _chart(
    effect: str,
    parameter: str,
    conditions: Sequence[str],
    schedules: Mapping[str, Sequence[Mapping[str, Any]]],
    rows: Mapping[str, Mapping[str, Any]],
    alarms: Alarms,
    watchers: Sequence[str],
    ideal: Mapping[str, Any] | None,
    data: CampaignData,
) -> dict[str, Any]:
    doses = []
    for condition in conditions:
        strength = finite((schedules[condition][0].get("parameters") or {}).get(parameter))
        if strength is None:
            continue
        recalls = [
            Response(dig(alarms, condition, name, "recall"), colour_of(name, data.kind(name)), name)
            for name in watchers
        ]
        doses.append(Dose(strength, condition, Response(rows[condition]["departed"], "c-red", "departed"), recalls))
    doses.sort(key=lambda dose: dose.strength)
    said = ", ".join(f"{dose.condition} at {tick_text(dose.strength)}" for dose in doses)
    return {
        "title": effect.replace("_", " "),
        "chart": dose_response(doses, _axis(parameter), None if ideal is None else ideal["departed"], effect),
        "said": said,
    }


def _axis(parameter: str) -> str:
    """``width_px`` as ``width, px``."""
    name, _, unit = parameter.rpartition("_")
    return f"{name.replace('_', ' ')}, {UNITS[unit]}" if name and unit in UNITS else parameter.replace("_", " ")
