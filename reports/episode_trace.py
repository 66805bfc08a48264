"""One episode as plain numbers for the player: time series, lane borders, alarms, events; times in s, lengths in m."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import alarm_from_statistic, final_statistic
from harness.evaluation.episode_data import EpisodeData
from reports.evidence import OperatingPoint, spans

FloatArray = npt.NDArray[np.float64]

# Digits that a reader can see; more would only make the files larger.
SERIES_DIGITS = {
    "x_m": 2,
    "y_m": 2,
    "yaw_deg": 1,
    "speed_mps": 2,
    "lateral_offset_m": 3,
    "lane_margin_m": 3,
    "swa_agent_deg": 1,
    "swa_label_deg": 1,
    "swa_actual_deg": 1,
    "sensor_level": 2,
}
SCORE_DIGITS = 4
CONTACT_GAP_S = 1.0


def episode_trace(
    record: EpisodeData, points: Mapping[str, OperatingPoint], monitors: Sequence[str], units: Mapping[str, str]
) -> dict[str, Any]:
    """Everything the player draws of one run; missing numbers are None.

    Args:
        record: the stored episode.
        points: thresholds by monitor at the shown operating point; without one no alarms are drawn.
        monitors: which to show, in this order; those that did not watch are left out.
        units: monitor -> unit of its score.
    """
    time_s = record.column("time_s").astype(np.float64)
    margin = record.column("lane_margin_m").astype(np.float64)
    masked = record.column("odd_mask").astype(bool)
    left, right = lane_borders(record)
    shown = [name for name in monitors if f"score__{name}" in record.columns]
    return {
        "episode_id": record.episode_id,
        "tick_s": record.tick_s,
        "time_s": rounded(time_s, 3),
        "series": {name: rounded(record.column(name), digits) for name, digits in SERIES_DIGITS.items()},
        "border_left": [rounded(axis, 2) for axis in left],
        "border_right": [rounded(axis, 2) for axis in right],
        "departed": spans((margin < 0) & ~masked, time_s, record.tick_s),
        "takeovers": spans(record.column("takeover").astype(bool), time_s, record.tick_s),
        "masked": spans(masked, time_s, record.tick_s),
        "monitors": [_monitor(record, name, points.get(name), units.get(name, ""), time_s) for name in shown],
        "events": events_of(record.events),
        "ego": {key: float(record.spec.get("ego", {}).get(key, 0.0)) for key in ("half_length_m", "half_width_m")},
    }


def lane_borders(record: EpisodeData) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Left and right border of the route's lane beside every tick, CARLA axes: ((x, y), (x, y)), m.

    The car stands lateral_offset_m left of the lane's centre, and the lane runs heading_error_deg clockwise of the
    car; CARLA's yaw grows clockwise and its y to the right.
    """
    lane_yaw = np.radians(
        record.column("yaw_deg").astype(np.float64) + record.column("heading_error_deg").astype(np.float64)
    )
    to_left = (np.sin(lane_yaw), -np.cos(lane_yaw))
    half_width = record.column("lane_width_m").astype(np.float64) / 2.0
    offset = record.column("lateral_offset_m").astype(np.float64)
    x, y = record.column("x_m").astype(np.float64), record.column("y_m").astype(np.float64)
    borders = [
        (x + (side * half_width - offset) * to_left[0], y + (side * half_width - offset) * to_left[1])
        for side in (1.0, -1.0)
    ]
    return borders[0], borders[1]


def _monitor(
    record: EpisodeData, name: str, point: OperatingPoint | None, unit: str, time_s: FloatArray
) -> dict[str, Any]:
    statistic = final_statistic(record.column(f"score__{name}"), record.tick_s)
    alarms: list[tuple[float, float]] = []
    if point is not None:
        alarm = alarm_from_statistic(
            statistic, point.theta_on, point.theta_off, record.tick_s, point.declared_latency_s
        )
        alarms = spans(alarm, time_s, record.tick_s, merge=True)
    error = record.columns.get(f"swa_error__{name}")
    predicts = error is not None and bool(np.isfinite(error).any())
    return {
        "name": name,
        "unit": unit,
        "statistic": significant(statistic),
        "theta_on": None if point is None else point.theta_on,
        "alarms": alarms,
        "swa_error_deg": rounded(error, 1) if error is not None and predicts else None,
    }


def events_of(events: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What happened when, in the order of time: ``{"time_s", "kind", "text"}``."""
    found = [
        *(
            {"time_s": d["onset_s"], "kind": "departure", "text": f"departure {d['grade']}"}
            for d in _all(events, "departures")
        ),
        *_contacts(_all(events, "collisions")),
        *({"time_s": s["onset_s"], "kind": "stuck", "text": "stuck"} for s in _all(events, "stuck")),
    ]
    for takeover in _all(events, "takeovers"):
        found.append({"time_s": takeover["alarm_s"], "kind": "alarm", "text": "alarm that called the takeover driver"})
        found.append({"time_s": takeover["start_s"], "kind": "takeover", "text": "takeover driver holds the wheel"})
        if takeover.get("end_s") is not None:
            found.append({"time_s": takeover["end_s"], "kind": "takeover", "text": "end of the takeover"})
    for name, fault in (events.get("monitor_faults") or {}).items():
        found.append({"time_s": fault["first_s"], "kind": "fault", "text": f"{name} failed: {fault['message']}"})
    return sorted(found, key=lambda event: float(event["time_s"]))


def _contacts(collisions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One event per contact: the simulator reports a collision at every tick in which two bodies touch."""
    last: dict[str, dict[str, Any]] = {}
    found = []
    for collision in sorted(collisions, key=lambda c: float(c["time_s"])):
        other, time_s = str(collision["other"]), float(collision["time_s"])
        contact = last.get(other)
        if contact is None or time_s - contact["until_s"] >= CONTACT_GAP_S:
            contact = last[other] = {"time_s": collision["time_s"], "other": other}
            found.append(contact)
        contact["until_s"] = time_s
    return [
        {
            "time_s": contact["time_s"],
            "kind": "collision",
            "text": f"collision with {contact['other']}"
            + (f", in contact until {contact['until_s']:.2f} s" if contact["until_s"] > contact["time_s"] else ""),
        }
        for contact in found
    ]


def _all(events: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return list(events.get(key) or [])


def rounded(values: npt.ArrayLike, digits: int) -> list[float | None]:
    """Numbers with fixed decimals; None where not finite."""
    numbers = np.round(np.asarray(values, dtype=np.float64), digits)
    return [float(value) if np.isfinite(value) else None for value in numbers]


def significant(values: npt.ArrayLike) -> list[float | None]:
    """Numbers with four significant digits (scores have any scale); None where not finite."""
    numbers = np.asarray(values, dtype=np.float64)
    return [float(f"{value:.{SCORE_DIGITS}g}") if np.isfinite(value) else None for value in numbers]
