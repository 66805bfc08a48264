"""What kind of watcher a monitor is, so that a reader never takes a cheat or a control for a product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.evaluation.monitor_tables import BASELINES

COLOURS = {"learned": "c-blue", "baseline": "c-grey", "privileged": "c-purple"}
WORDS = {
    "learned": "failure predictor",
    "baseline": "control: knows nothing about failures",
    "privileged": "privileged: uses ground truth that no car has",
}
ORDER = ("learned", "baseline", "privileged")


def kinds_of(summary: Mapping[str, Any], campaign: Mapping[str, Any]) -> dict[str, str]:
    """Monitor -> ``learned``, ``baseline`` or ``privileged``, for every monitor the campaign or its summary names."""
    kinds: dict[str, str] = {}
    named = [*(campaign.get("monitors") or []), *(summary.get("monitors") or [])]
    described = [entry for entry in named if isinstance(entry, Mapping) and "name" in entry]
    for entry in described:
        name = str(entry["name"])
        if entry.get("privileged") or kinds.get(name) == "privileged":
            kinds[name] = "privileged"
        else:
            kinds[name] = "baseline" if entry.get("baseline") or name in BASELINES else "learned"
    return kinds


def colour_of(name: str, kind: str) -> str:
    """Colour class of a monitor: the saliency and camera students have their own, as in the paper's table."""
    if kind == "learned" and "camera" in name:
        return "c-orange"
    return COLOURS[kind]
