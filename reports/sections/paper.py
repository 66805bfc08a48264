"""The seed paper's table beside ours: how often a steering error above 5° was flagged, by steering range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.campaign_data import CampaignData
from reports.charts.paper_bars import RangeRow, paper_chart
from reports.formatting import DASH, Shown, count, finite, rate
from reports.section import Section, dig

COLUMNS = (
    (
        "log_based",
        "Log-based: the expert drives, agent and monitor watch",
        "The paper's own setting: frames of correct driving, errors that have no consequence.",
        "This campaign has no runs of mode log, so the paper's own setting was not measured.",
    ),
    (
        "on_policy",
        "On-policy: the states the agent itself visits",
        "Shadow runs up to the first departure: errors add up, so the states differ from the expert's.",
        "This campaign has no shadow runs with a monitor that predicts the steering error.",
    ),
)
RANGES = ("0-30", "30-60", "60-90", "all")
STYLE = {"saliency": "c-blue", "camera": "c-orange"}


def build(data: CampaignData) -> Section:
    """Two columns, never mixed: log-based and on-policy."""
    parity = data.summary.get("paper_parity")
    columns = [_column(parity, key, title, lead, missing) for key, title, lead, missing in COLUMNS]
    return Section(
        "paper",
        "Paper",
        "The paper's table beside ours",
        "paper.html.j2",
        "Share of frames with a steering error above 5° that the monitor flagged (TPR), by steering wheel angle of "
        "the reference. It counts frames, not departures, and says nothing without its false positive rate.",
        {"columns": columns},
        "" if isinstance(parity, Mapping) else "The campaign has not been judged for paper parity.",
    )


def published_tpr(parity: Any, monitor: str, range_index: int) -> float | None:
    """What the paper printed for this kind of monitor and range, as a share; None where it printed nothing."""
    kind = _kind(monitor)
    printed = dig(parity, "paper", kind) if kind else None
    if not isinstance(printed, list) or range_index >= len(printed):
        return None
    value = finite(printed[range_index])
    return None if value is None else value / 100.0


def _kind(monitor: str) -> str:
    """The two watchers the paper compared; an empty word for any other."""
    return next((kind for kind in STYLE if kind in monitor), "")


def _column(parity: Any, key: str, title: str, lead: str, missing: str) -> dict[str, Any]:
    monitors = dig(parity, key, "monitors")
    if not isinstance(monitors, Mapping) or not monitors:
        return {"key": key, "title": title, "lead": lead, "missing": missing}
    names = sorted(monitors, key=lambda name: (list(STYLE).index(_kind(name)) if _kind(name) else len(STYLE), name))
    by_range = {name: {row["range_deg"]: row for row in monitors[name]["ranges"]} for name in names}
    groups = []
    rows = []
    for index, band in enumerate(RANGES):
        chart_rows = []
        for name in names:
            row = by_range[name].get(band)
            if row is None:
                continue
            printed = published_tpr(parity, name, index)
            if printed is not None:
                chart_rows.append(RangeRow(name, row["tpr"], printed, STYLE.get(_kind(name), "c-grey")))
            rows.append(_row(band, name, row, printed))
        if chart_rows:
            groups.append((f"|SWA| {band}°", chart_rows))
    driver = {row["range_deg"]: row["mae"] for row in dig(parity, key, "driver_mae_deg") or []}
    return {
        "key": key,
        "title": title,
        "lead": lead,
        "missing": "",
        "runs": count(dig(parity, key, "runs")),
        "chart": paper_chart(groups, f"True positive rate by steering range, {key.replace('_', ' ')}")
        if groups
        else "",
        "rows": rows,
        "driver": [(band, rate(driver.get(band), "number", 1)) for band in RANGES if band in driver],
    }


def _row(band: str, name: str, row: Mapping[str, Any], printed: float | None) -> dict[str, Any]:
    return {
        "range": "all" if band == "all" else f"{band}°",
        "monitor": name,
        "published": DASH if printed is None else f"{100 * printed:.0f} %",
        "tpr": _frames(rate(row["tpr"])),
        "fpr": _frames(rate(row["fpr"])),
        "frames": count(row["frames"]),
        "failed": count(row["failed"]),
        "mae": rate(row["predictor_mae_deg"], "number", 1),
    }


def _frames(shown: Shown) -> Shown:
    """Without its count: frames and failed frames have columns of their own."""
    return Shown(shown.text, shown.interval, "", shown.reason, shown.method)
