"""Every road from above: where the agent alone drove, where it left its lane, where the monitor raised alarms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from harness.evaluation.alarms import alarm_from_statistic, final_statistic
from harness.evaluation.episode_data import EpisodeData
from reports.campaign_data import CampaignData
from reports.charts.road_map import GRADES, FloatArray, Place, RunPath, grade_shape, road_map
from reports.episode_pages import page_address
from reports.episode_trace import lane_borders
from reports.evidence import OperatingPoint, spans, spread_over_groups
from reports.formatting import number
from reports.operating_points import MAIN_POINT
from reports.section import Section
from reports.sections.headline import main_monitor

MAX_ROADS = 40
OPEN_ROADS = 8
MAX_RUNS = 24
MAIN_GRADE = "G0"
SHOWN_BEFORE_S = 2.0
GRADE_WORDS = {
    "G0": "a tyre over the line",
    "G1": "more than 1 m off the centre",
    "G2": "centre out of the lane",
    "G3": "off the road",
}


def build(data: CampaignData, points: Mapping[str, OperatingPoint], paged: Collection[str]) -> Section:
    """A map per road, the roads with most departures first.

    Args:
        data: the campaign. points: thresholds by monitor; alarms are those of the headline's monitor.
        paged: episodes with a page, to which their departures link.
    """
    by_road: dict[str, list[Mapping[str, Any]]] = {}
    for row in data.episodes:
        if row["mode"] == "shadow" and row["episode_id"] in data.entries and row.get("ticks"):
            by_road.setdefault(str(row["road"]), []).append(row)
    roads = sorted(by_road, key=lambda road: (-_departed(by_road[road]) / len(by_road[road]), road))
    monitor = main_monitor(data)
    watched = "" if monitor is None else str(monitor["name"])
    point = points.get(watched)
    cards = [_card(data, road, by_road[road], watched, point, paged) for road in roads[:MAX_ROADS]]
    view = {
        "open": cards[:OPEN_ROADS],
        "folded": cards[OPEN_ROADS:],
        "left_out": max(len(roads) - MAX_ROADS, 0),
        "max_runs": MAX_RUNS,
        "conditions": sorted({str(row["condition"]) for rows in by_road.values() for row in rows}),
        "alarms": f"{watched} @ {MAIN_POINT}" if point is not None else "",
        "grades": [(grade, GRADE_WORDS[grade], grade_shape(grade, 8.0, 7.0)) for grade in GRADES],
    }
    return Section(
        "maps",
        "Maps",
        "Where on the road",
        "maps.html.j2",
        "Every road from above with the runs of the agent alone. A mark is where a run left its lane; its shape and "
        "colour are the deepest grade that it reached. It leads to the player.",
        view,
        "" if cards else "No run of the agent alone was driven.",
    )


def _departed(rows: list[Mapping[str, Any]]) -> int:
    return sum(bool(row.get("departures")) for row in rows)


def _card(
    data: CampaignData,
    road: str,
    rows: list[Mapping[str, Any]],
    watched: str,
    point: OperatingPoint | None,
    paged: Collection[str],
) -> dict[str, Any]:
    by_id = {str(row["episode_id"]): row for row in rows}
    chosen = spread_over_groups(((str(row["condition"]), key) for key, row in by_id.items()), MAX_RUNS)
    records = {key: data.record(key) for key in chosen}
    longest = max(records, key=lambda key: float(by_id[key].get("distance_m") or 0.0))
    left, right = (np.column_stack(axes) for axes in lane_borders(records[longest]))
    runs = [_run(by_id[key], record, watched, point, key in paged) for key, record in records.items()]
    return {
        "road": road,
        "departed": f"{_departed(rows)} of {len(rows)} departed",
        "shown": "" if len(rows) == len(chosen) else f", {len(chosen)} shown",
        "map": road_map(road, left, right, runs),
    }


def _run(
    row: Mapping[str, Any], record: EpisodeData, watched: str, point: OperatingPoint | None, paged: bool
) -> RunPath:
    path = np.column_stack([record.column(name).astype(np.float64) for name in ("x_m", "y_m")])
    time_s = record.column("time_s").astype(np.float64)
    departures = record.events.get("departures") or []
    onset_s = min((float(d["onset_s"]) for d in departures if d["grade"] == MAIN_GRADE), default=None)
    grade = max((str(d["grade"]) for d in departures), default="") if onset_s is not None else ""
    words = f"{row['condition']}, seed index {record.spec.get('seed_index')}"
    if onset_s is not None:
        words += f": {grade} departure from {number(onset_s, 2)} s on"
    return RunPath(
        path=path,
        condition=str(row["condition"]),
        page=page_address(record.episode_id, max((onset_s or 0.0) - SHOWN_BEFORE_S, 0.0)) if paged else "",
        grade=grade,
        onset=None if onset_s is None else _at(path, time_s, onset_s),
        alarms=[] if point is None else _alarms(record, path, time_s, watched, point, onset_s),
        words=words,
    )


def _alarms(
    record: EpisodeData,
    path: FloatArray,
    time_s: FloatArray,
    watched: str,
    point: OperatingPoint,
    onset_s: float | None,
) -> list[Place]:
    """Where alarms began, up to the departure: later ones warn of nothing."""
    column = f"score__{watched}"
    if column not in record.columns:
        return []
    statistic = final_statistic(record.column(column), record.tick_s)
    alarm = alarm_from_statistic(statistic, point.theta_on, point.theta_off, record.tick_s, point.declared_latency_s)
    starts = [start for start, _ in spans(alarm, time_s, record.tick_s, merge=True)]
    return [_at(path, time_s, start) for start in starts if onset_s is None or start < onset_s]


def _at(path: FloatArray, time_s: FloatArray, moment_s: float) -> Place:
    tick = min(int(np.searchsorted(time_s, moment_s - 1e-9)), len(path) - 1)
    return float(path[tick, 0]), float(path[tick, 1])
