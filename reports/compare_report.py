"""The page of a comparison; ``python -m reports.compare_report comparison.json`` writes it beside that file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.evaluation.compare import ALL
from harness.results.files import replace_atomically
from reports.formatting import DASH, count, number, percent, rate, scientific
from reports.page import environment, style

PAGE = "comparison.html"
HASH_SHOWN = 12
FIGURES = {
    "distance_to_failure_m": ("distance until the first failure, m", 1),
    "minimum_lane_margin_m": ("smallest lane margin, m", 3),
    "takeover_share": ("share of time taken over", 3),
}
WORDS = {
    "REGRESSION": ("fail", "REGRESSION", "The candidate departs more often, and not by chance."),
    "IMPROVEMENT": ("pass", "IMPROVEMENT", "The candidate departs less often, and not by chance."),
    "NO_REGRESSION": (
        "pass",
        "NO REGRESSION",
        "No mode or condition departs more often, and a doubled share of departures would have been found.",
    ),
    "INSUFFICIENT": (
        "insufficient",
        "INSUFFICIENT",
        "No regression was found, but the pairs are too few to have found one.",
    ),
}


def write_comparison_page(result: Mapping[str, Any], folder: Path) -> Path:
    """Write the page of a comparison (content of ``comparison.json``) into a folder; returns its path."""
    path = folder / PAGE
    replace_atomically(path, _render(result).encode())
    return path


def _render(result: Mapping[str, Any]) -> str:
    css, word, sentence = WORDS[result["verdict"]["status"]]
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            title=" against ".join(str(result[side].get("name") or side) for side in ("candidate", "baseline")),
            baseline=_named(result["baseline"]),
            candidate=_named(result["candidate"]),
            simulator=_simulator(result["simulator"]),
            css=css,
            word=word,
            sentence=sentence,
            reasons=result["verdict"]["reasons"],
            alpha=percent(result["alpha"]),
            swaps=count(result["swaps"]),
            groups=_by_mode(result["departures"]),
            driving=[_driving(row) for row in result["driving"]],
            changes=[_change(change) for change in result["changes"]],
            left_out=_left_out(result["left_out"], result["missing"]),
            style=style(),
        )
    )


def _named(side: Mapping[str, Any]) -> str:
    """Who drove, and when."""
    weights = f"weights {side['weights_sha256'][:HASH_SHOWN]}" if side.get("weights_sha256") else "no weights"
    started = f"started {side['created_at']}" if side.get("created_at") else ""
    return ", ".join(str(part) for part in (side.get("agent") or "unknown agent", weights, started) if part)


def _simulator(simulator: Mapping[str, Any]) -> str:
    words = f"{simulator['name']} {simulator['version']}"
    scene = simulator["scene_version"]
    return words if scene is None else f"{words}, pictures of version {scene}"


def _by_mode(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Modes with their rows: all pairs first, then each condition."""
    modes = dict.fromkeys(str(row["mode"]) for row in rows)
    return [{"mode": mode, "rows": [_departures(row) for row in rows if row["mode"] == mode]} for mode in modes]


def _departures(row: Mapping[str, Any]) -> dict[str, Any]:
    gap = row["difference"]
    return {
        "condition": "all pairs" if row["condition"] == ALL else row["condition"],
        "pairs": count(row["pairs"]),
        "baseline": rate(row["baseline"]),
        "candidate": rate(row["candidate"]),
        "only_candidate": count(row["only_candidate"]),
        "only_baseline": count(row["only_baseline"]),
        "difference": " ".join(
            [
                percent(gap["value"], 1, signed=True),
                f"[{percent(gap['low'], 1, signed=True)}, {percent(gap['high'], 1, signed=True)}]",
            ]
        ),
        "p": scientific(row["p_worse"]),
        "p_corrected": scientific(row["p_worse_corrected"]),
        "p_better": scientific(row["p_better_corrected"]),
        "p_roads": scientific(row["p_worse_corrected_over_roads"]),
        "finding": row["finding"] if row["finding"] in ("worse", "better") else "",
    }


def _driving(row: Mapping[str, Any]) -> dict[str, Any]:
    (figure, digits), gap = FIGURES[row["figure"]], row["difference"]
    ends = f" [{number(gap['low'], digits, signed=True)}, {number(gap['high'], digits, signed=True)}]"
    return {
        "mode": row["mode"],
        "figure": figure,
        "pairs": count(row["pairs"]),
        "baseline": number(row["baseline"], digits),
        "candidate": number(row["candidate"], digits),
        "difference": number(gap["value"], digits, signed=True) + (ends if gap["low"] is not None else ""),
        "worse": scientific(row["p_worse_corrected"]),
        "better": scientific(row["p_better_corrected"]),
    }


def _change(change: Mapping[str, Any]) -> dict[str, str]:
    return {
        "what": str(change["what"]),
        "baseline": _value(change["baseline"]),
        "candidate": _value(change["candidate"]),
    }


def _value(value: Any) -> str:
    if value is None:
        return DASH
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _left_out(left_out: Mapping[str, int], missing: Mapping[str, int]) -> str:
    return (
        f"Not compared: {count(left_out['unavoidable'])} runs of worlds that nobody can drive, "
        f"{count(left_out['only_baseline'])} runs that only the baseline drove, {count(left_out['only_candidate'])} "
        f"that only the candidate drove, {count(sum(missing.values()))} pairs with a run lost to the infrastructure."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page beside a stored ``comparison.json``."""
    parser = argparse.ArgumentParser(prog="python -m reports.compare_report", description=main.__doc__)
    parser.add_argument("comparison", type=Path, metavar="FOLDER/comparison.json", help="what compare has written")
    path = parser.parse_args(arguments).comparison
    if not path.is_file():
        parser.error(f"no such file: {path}; `python -m harness.evaluation compare` writes it")
    print(write_comparison_page(json.loads(path.read_bytes()), path.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
