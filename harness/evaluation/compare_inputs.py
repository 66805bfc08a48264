"""Two stored campaigns to runs side by side, or the reason why they must not be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.evaluation.compare import RunPair
from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.modes import SHADOW, TAKEOVER_PREFIX
from harness.evaluation.safety_gain import unavoidable_worlds
from harness.evaluation.summary import METRIC_VERSIONS

SUMMARY_FILE = "summary.json"
SIMULATOR_KEYS = ("name", "version", "scene_version")


class ComparisonRefusedError(ValueError):
    """Two campaigns that say nothing about each other; says what differs and what to do."""


def require_comparable(baseline: Mapping[str, Any], candidate: Mapping[str, Any]) -> None:
    """Refuse campaigns of two simulators, or of two versions of one or of its pictures.

    Args:
        baseline, candidate: content of the two ``campaign.json``.

    Raises:
        ComparisonRefusedError: names what differs, or what a campaign does not say.
    """
    sides = [dict(side.get("simulator") or {}) for side in (baseline, candidate)]
    for key in SIMULATOR_KEYS:
        first, second = (side.get(key) for side in sides)
        if first != second:
            raise ComparisonRefusedError(
                f"simulator {key} differs: {first} in the baseline, {second} in the candidate; drive one of the two "
                "again in the other's simulator"
            )
        # CARLA numbers no pictures; everything else must be known to be the same.
        if first is None and not (key == "scene_version" and sides[0].get("name") != "embedded"):
            raise ComparisonRefusedError(f"neither campaign says its simulator's {key}: drive both again")


def require_metric_versions(folder: Path, name: str) -> None:
    """Refuse a campaign whose stored figures follow other definitions than those compared here.

    Raises:
        ComparisonRefusedError: names the metrics.
    """
    path = folder / SUMMARY_FILE
    if not path.exists():
        return
    stored = json.loads(path.read_bytes()).get("metric_versions") or {}
    differing = sorted(key for key in stored if stored[key] != METRIC_VERSIONS.get(key))
    if differing:
        raise ComparisonRefusedError(
            f"{SUMMARY_FILE} of the {name} was made by other versions of {', '.join(differing)}; "
            f"run `python -m harness.evaluation recompute {folder}` first"
        )


def pair_up(
    baseline: Sequence[EpisodeFacts], candidate: Sequence[EpisodeFacts], common_only: bool = False
) -> tuple[dict[str, list[RunPair]], dict[str, int]]:
    """Runs of both campaigns by mode.

    Args:
        baseline, candidate: all finished episodes of each.
        common_only: leave out what only one of them drove instead of refusing.

    Returns:
        Mode -> pairs in the baseline's order, unavoidable worlds left out; and how many runs were left out:
        ``only_baseline only_candidate unavoidable``.

    Raises:
        ComparisonRefusedError: the campaigns drove different pairs, a pair twice, or have no mode in common.
    """
    sides = [_by_pair(side, name) for side, name in ((baseline, "baseline"), (candidate, "candidate"))]
    first, second = sides
    only_baseline, only_candidate = first.keys() - second.keys(), second.keys() - first.keys()
    common = [key for key in first if key in second]
    if not common:
        raise ComparisonRefusedError("the two campaigns have no pair in common in any mode: nothing can be compared")
    if (only_baseline or only_candidate) and not common_only:
        raise ComparisonRefusedError(
            f"the pair sets differ: {len(only_baseline)} runs only in the baseline, {len(only_candidate)} only in the "
            f"candidate, {len(common)} in both; finish both campaigns, or compare the common ones with --common-pairs"
        )
    unavoidable = unavoidable_worlds(baseline) | unavoidable_worlds(candidate)
    pairs: dict[str, list[RunPair]] = {}
    for key in common:
        if first[key].world_id not in unavoidable:
            pairs.setdefault(key[1], []).append(RunPair(first[key], second[key]))
    left_out = {
        "only_baseline": len(only_baseline),
        "only_candidate": len(only_candidate),
        "unavoidable": sum(first[key].world_id in unavoidable for key in common),
    }
    return pairs, left_out


def _by_pair(episodes: Sequence[EpisodeFacts], name: str) -> dict[tuple[str, str], EpisodeFacts]:
    found: dict[tuple[str, str], EpisodeFacts] = {}
    for episode in episodes:
        if episode.mode != SHADOW and not episode.mode.startswith(TAKEOVER_PREFIX):
            continue
        key = (episode.pair[0], episode.mode)
        if key in found:
            raise ComparisonRefusedError(
                f"the {name} drove pair {key[0]} twice in mode {key[1]} ({found[key].episode_id} and "
                f"{episode.episode_id}): a campaign with one agent is needed"
            )
        found[key] = episode
    return found


def changes(baseline: Mapping[str, Any], candidate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What differs between the two campaigns besides their results: who drove, who watched, which program."""
    described = [_identity(side) for side in (baseline, candidate)]
    return [
        {"what": what, "baseline": described[0].get(what), "candidate": described[1].get(what)}
        for what in dict.fromkeys([*described[0], *described[1]])
        if described[0].get(what) != described[1].get(what)
    ]


def _identity(campaign: Mapping[str, Any]) -> dict[str, Any]:
    provenance = campaign.get("provenance") or {}
    parts = [campaign.get("agent") or {}, *(campaign.get("monitors") or [])]
    points = (campaign.get("thresholds") or {}).get("monitors") or {}
    watching = [part.get("name") for part in parts[1:]]
    return {
        "agent": parts[0].get("name"),
        **{f"weights of {part.get('name')}": part.get("weights_sha256") for part in parts},
        **{f"operating points of {name}": points.get(name) for name in watching if name in points},
        "program": provenance.get("git_commit"),
        "program modified": provenance.get("git_modified"),
        **{f"package {name}": version for name, version in (provenance.get("packages") or {}).items()},
    }
