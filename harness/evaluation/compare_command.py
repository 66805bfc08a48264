"""``python -m harness.evaluation compare``: two stored campaigns, in words and as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.evaluation.compare import REGRESSION, compare_pairs
from harness.evaluation.compare_inputs import changes, pair_up, require_comparable, require_metric_versions
from harness.evaluation.summary import METRIC_VERSIONS

COMPARISON_FILE = "comparison.json"
EXIT_NO_REGRESSION, EXIT_REGRESSION, EXIT_REFUSED = 0, 1, 2


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``compare``."""
    parser.add_argument("baseline", type=Path, help="folder of the campaign to compare with")
    parser.add_argument("candidate", type=Path, help="folder of the campaign to judge")
    parser.add_argument("--out", type=Path, help=f"folder for {COMPARISON_FILE} (default: not stored)")
    parser.add_argument(
        "--common-pairs", action="store_true", help="compare what both drove, and say how much was left out"
    )
    parser.add_argument("--processes", type=int, help="how many to judge with (default: what the machine has)")


def run_compare(options: argparse.Namespace) -> int:
    """Compare, print, store; returns the exit code: 0, or 1 on a significant regression.

    Raises:
        ComparisonRefusedError: the campaigns must not be compared.
        StoreError, EpisodeDataError: a campaign cannot be read.
    """
    result = compare_campaigns(options.baseline, options.candidate, options.common_pairs, options.processes)
    print(comparison_text(result))
    if options.out is not None:
        print(write_comparison(result, options.out))
    return EXIT_REGRESSION if result["verdict"]["status"] == REGRESSION else EXIT_NO_REGRESSION


def compare_campaigns(
    baseline: Path, candidate: Path, common_only: bool = False, processes: int | None = None
) -> dict[str, Any]:
    """The content of ``comparison.json``; every figure is derived from the ticks of both campaigns, here and now.

    Args:
        baseline, candidate: folders of campaigns. common_only: leave out pairs that only one of them drove.
        processes: how many to judge with; by default what the machine has.

    Raises:
        ComparisonRefusedError: the campaigns must not be compared.
        StoreError, EpisodeDataError: a campaign cannot be read.
    """
    # The reader defines its records by this package's EpisodeData: imported late, or the two would import in a ring.
    from harness.evaluation.judged_campaign import judge_campaign
    from harness.results.store import read_campaign_json

    described = [read_campaign_json(folder) for folder in (baseline, candidate)]
    require_comparable(*described)
    for folder, name in ((baseline, "baseline"), (candidate, "candidate")):
        require_metric_versions(folder, name)
    facts = [
        [episode.facts for episode in judge_campaign(folder, campaign, processes)]
        for folder, campaign in zip((baseline, candidate), described, strict=True)
    ]
    pairs, left_out = pair_up(facts[0], facts[1], common_only)
    return {
        **compare_pairs(pairs),
        "metric_versions": METRIC_VERSIONS,
        "simulator": described[0].get("simulator"),
        "baseline": _named(described[0]),
        "candidate": _named(described[1]),
        "changes": changes(*described),
        "left_out": left_out,
    }


def write_comparison(result: Mapping[str, Any], folder: Path) -> Path:
    """Store a comparison in a folder, which is made if need be; returns the file's path."""
    from harness.results.files import json_bytes, replace_atomically

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / COMPARISON_FILE
    # A NumPy scalar must fail here, not in whoever reads the file.
    replace_atomically(path, json_bytes(json.loads(json.dumps(result, allow_nan=False))))
    return path


def comparison_text(result: Mapping[str, Any]) -> str:
    """The comparison for a terminal."""
    lines = [f"{result['verdict']['status']}: {'; '.join(result['verdict']['reasons'])}", ""]
    lines.append(f"{'departed':<44}{'pairs':>6}{'baseline':>10}{'candidate':>10}{'difference':>26}{'p worse':>9}")
    for row in result["departures"]:
        interval = row["difference"]
        shown = f"{interval['value']:+.3f} [{interval['low']:+.3f}, {interval['high']:+.3f}]"
        p_worse = "-" if row["p_worse_corrected"] is None else f"{row['p_worse_corrected']:.4f}"
        name = f"{row['mode']}, {row['condition']}"
        lines.append(
            f"{name:<44}{row['pairs']:>6}{row['baseline']['k']:>10}{row['candidate']['k']:>10}{shown:>26}{p_worse:>9}"
        )
    lines.append(f"p corrected over all rows by {result['swaps']} swaps of labels within pairs")
    lines += [
        f"{row['mode']}, {row['figure']}: {row['baseline']:.3f} -> {row['candidate']:.3f} (n = {row['pairs']})"
        for row in result["driving"]
    ]
    lines += [f"changed: {change['what']}" for change in result["changes"]]
    left = result["left_out"]
    lines.append(
        f"left out: {left['unavoidable']} runs of unavoidable worlds, {left['only_baseline']} only in the baseline, "
        f"{left['only_candidate']} only in the candidate"
    )
    return "\n".join(lines)


def _named(campaign: Mapping[str, Any]) -> dict[str, Any]:
    agent = campaign.get("agent") or {}
    return {
        "name": campaign.get("name"),
        "campaign_id": campaign.get("campaign_id"),
        "created_at": campaign.get("created_at"),
        "agent": agent.get("name"),
        "weights_sha256": agent.get("weights_sha256"),
    }
