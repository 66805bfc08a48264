"""Where the figures come from: versions, hardware, commit, seeds, weights, the command that makes them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reports.campaign_data import CampaignData
from reports.formatting import DASH, count, number, percent
from reports.section import Section, dig
from reports.sections.verdict import simulator_name

# Long lists that are files of their own.
NOT_PRINTED = frozenset({"episode_ids", "thresholds", "schema_version", "episodes"})
LONGEST_VALUE = 400


def build(data: CampaignData) -> Section:
    """Facts as a list, the rest of ``campaign.json`` folded away."""
    view = {
        "facts": _facts(data),
        "timing": _timing(data.summary.get("timing")),
        "agreement": _agreement(data.summary.get("label_agreement")),
        "versions": sorted((data.summary.get("metric_versions") or {}).items()),
        "raw": json.dumps(
            {key: value for key, value in data.campaign.items() if key not in NOT_PRINTED},
            indent=2,
            sort_keys=True,
            ensure_ascii=False,
        ),
    }
    return Section(
        "provenance",
        "Provenance",
        "Where this comes from",
        "provenance.html.j2",
        "Everything needed to make these figures again. Episodes are bit-identical on the same machine and server.",
        view,
    )


def _facts(data: CampaignData) -> list[tuple[str, str]]:
    campaign, counts = data.campaign, data.summary.get("counts") or {}
    facts = [
        ("campaign", str(campaign.get("name") or data.folder.name)),
        ("simulator", simulator_name(data) or DASH),
        ("episodes", _tally(counts.get("by_outcome")) or count(len(data.episodes))),
        ("modes", _tally(counts.get("by_mode")) or DASH),
        ("ended by", _tally(counts.get("by_end_reason")) or DASH),
    ]
    facts += [
        (key.replace("_", " "), _short(campaign[key]))
        for key in ("command", "created_at", "agent")
        if campaign.get(key)
    ]
    provenance = campaign.get("provenance")
    for key, value in provenance.items() if isinstance(provenance, Mapping) else ():
        facts.append((str(key).replace("_", " "), _short(value)))
    thresholds = dig(campaign, "thresholds", "calibration")
    if thresholds:
        facts.append(("thresholds fitted on", _short(thresholds)))
    return facts


def _tally(value: Any) -> str:
    return ", ".join(f"{count(n)} {name}" for name, n in value.items()) if isinstance(value, Mapping) else ""


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        text = ", ".join(f"{key} {_short(part)}" for key, part in value.items())
    elif isinstance(value, list):
        text = ", ".join(_short(part) for part in value)
    else:
        text = DASH if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _timing(timing: Any) -> dict[str, Any] | None:
    if not isinstance(timing, Mapping):
        return None
    parts = timing.get("ms_per_tick") or {}
    shares = timing.get("share") or {}
    return {
        "ticks": count(timing.get("ticks")),
        "per_s": number(timing.get("ticks_per_s"), 1),
        "parts": [(name, number(ms, 2), percent(shares.get(name))) for name, ms in parts.items()],
    }


def _agreement(value: Any) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        return None
    return {
        "agreement": percent(dig(value, "agreement", "value"), 1),
        "kappa": number(value.get("kappa"), 2),
        "difference": number(dig(value, "mean_difference_deg", "value"), 1),
    }
