"""One campaign name over its nights: which figures each night has, and what was driven by what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.results.history import History, PastCampaign
from harness.results.reader import read_described_campaign
from harness.results.store import StoreError
from reports.campaign_data import SUMMARY_FILE
from reports.monitor_kinds import kinds_of
from reports.operating_points import MAIN_POINT, point_of
from reports.section import dig

Rate = Mapping[str, Any]
Series = tuple[str, str]
"""(key of the panel, name of the line in it)."""

ALONE = "agent alone"


@dataclass(frozen=True)
class Night:
    """One campaign of the history.

    Attributes:
        folder: relative to the results folder. created_at: UTC. commit: of the program, empty if unknown.
        verdict: of its summary; empty without one. stage: name of the campaign's tier; empty without tiers.
        pictures: simulator and version of what it draws: figures of two are never compared.
        parts: what drove and watched (name -> hash or version); a change explains a step.
        figures: rate objects by series. kinds: monitor -> kind. unread: why there are no figures; empty if there are.
    """

    folder: str
    created_at: str
    commit: str
    verdict: str
    stage: str
    pictures: str
    parts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[Series, Rate] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    unread: str = ""


def nights_of(results: Path, name: str) -> list[Night]:
    """Every recorded campaign of this name, oldest first; one whose folder is gone says so."""
    return [_night(results, row) for row in History(results).campaigns(name)]


def _night(results: Path, row: PastCampaign) -> Night:
    known = (row.folder, row.created_at, row.git_commit or "", row.verdict or "")
    stage = row.tier or ""
    if row.is_pruned:
        return Night(*known, stage, row.simulator, unread="removed from disk: only its counts are known")
    folder = results / row.folder
    try:
        campaign = read_described_campaign(folder)
        summary: dict[str, Any] = json.loads((folder / SUMMARY_FILE).read_bytes())
    except (OSError, StoreError, ValueError) as error:
        return Night(*known, stage, row.simulator, unread=f"cannot be read: {error}")
    scene = dig(campaign, "simulator", "scene_version")
    pictures = row.simulator if scene is None else f"{row.simulator}, scene version {scene}"
    kinds = kinds_of(summary, campaign)
    return Night(*known, stage, pictures, _parts(campaign), figures_of(summary, kinds), kinds)


def figures_of(summary: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[Series, Rate]:
    """The figures that are followed over nights; what a night did not measure is absent.

    Args:
        summary: content of ``summary.json``. kinds: monitor -> kind; recall and false alarms of the learned ones.
    """
    found: dict[Series, Any] = {
        ("departed", ALONE): dig(summary, "departures", "departed"),
        ("per_km", ALONE): dig(summary, "departures", "per_km"),
    }
    for monitor in summary.get("monitors") or []:
        name = str(monitor["name"])
        if kinds.get(name) != "learned":
            continue
        point = point_of(monitor, MAIN_POINT) or {}
        found["recall", name] = point.get("event_recall")
        found["false_alarms", name] = dig(point, "false_alarms_per_min", "degraded_safe")
    for entry in summary.get("safety_gain") or []:
        mode = str(entry["mode"]).removeprefix("takeover:")
        found["sg", mode] = entry.get("sg")
        found["ac", mode] = entry.get("ac")
    return {key: value for key, value in found.items() if isinstance(value, Mapping)}


def _parts(campaign: Mapping[str, Any]) -> dict[str, str]:
    named = [campaign.get("agent") or {}, *(campaign.get("monitors") or [])]
    parts = {str(part["name"]): str(part.get("weights_sha256") or "none") for part in named if part.get("name")}
    return parts | {"thresholds": str(dig(campaign, "thresholds", "fitted_hash") or "none")}
