"""Were the thresholds fitted on the very worlds they are judged in? Then nothing below is a test of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.evaluation.episode_facts import EpisodeFacts


def runs_in_calibration_worlds(runs: Sequence[EpisodeFacts], campaign: Mapping[str, Any]) -> int | None:
    """How many shadow runs were driven in a world that the frozen thresholds were fitted in.

    Args:
        runs: shadow runs that count. campaign: content of ``campaign.json``.

    Returns:
        None where the thresholds do not say in which worlds they were fitted, or there are none.
    """
    calibration = (campaign.get("thresholds") or {}).get("calibration") or {}
    if "world_ids" not in calibration:
        return None
    fitted_in = set(calibration["world_ids"])
    return sum(run.world_id in fitted_in for run in runs)


def overlap_warnings(runs: Sequence[EpisodeFacts], campaign: Mapping[str, Any]) -> list[str]:
    """A sentence where thresholds are judged on what they were fitted to."""
    shared = runs_in_calibration_worlds(runs, campaign)
    if not shared:
        return []
    return [
        f"{shared} of {len(runs)} shadow runs were driven in worlds in which the thresholds were fitted: recall and "
        "false alarms there are no test; drive other roads, or fit the thresholds on others"
    ]
