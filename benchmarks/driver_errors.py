"""Which frames with a driver error above 5° does a monitor find, at the same false positive rate as every other?

The failure prediction paper counts frames at a fixed 5° of the predicted error, and every predictor then has a false
positive rate of its own. Here each score gets the threshold at which 5 % of the other frames are flagged, within each
range of reference SWA, so that rows can be compared; it is a point of the curve on these runs, not an operating point.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.evaluation.modes import SHADOW
from harness.evaluation.paper_parity import ALL_RANGES, FAILURE_DEG, PAPER_TPR_PERCENT, judged_frames
from harness.evaluation.ranking import FloatArray, RankedRun, ranking_figures, tpr_difference
from harness.evaluation.stretches import BoolArray
from harness.evaluation.summary import BOOTSTRAP_SEED
from harness.results.reader import read_campaign

MATCHED_FPR = 0.05
COMPARED_WITH = "camera_student"
RANGES = tuple(entry for name in ("all", "0-30") for entry in ALL_RANGES if entry[0] == name)
"""Overall, and where the paper's predictor gains most."""


def driver_errors(results: Path, names: Sequence[str], unavoidable: Collection[str]) -> dict[str, Any]:
    """Figures of some monitors of a campaign; ``unavoidable``: worlds that do not count.

    Raises:
        StoreError: no readable campaign there.
    """
    strata: list[str] = []
    found: dict[str, list[list[RankedRun]]] = {}
    for episode in read_campaign(results)[1]:
        if episode.mode != SHADOW or episode.is_missing or not episode.tick_count or episode.world_id in unavoidable:
            continue
        strata.append(episode.condition)
        reference_deg, keep = episode.column("swa_label_deg").astype(np.float64), judged_frames(episode)
        error_deg = episode.column("swa_agent_deg").astype(np.float64) - reference_deg
        for name in names:
            score = episode.raw_score(name).astype(np.float64)
            found.setdefault(name, []).append(ranked(score, error_deg, reference_deg, keep))
    rows = [{"name": name, "ranges": figures(runs, found.get(COMPARED_WITH), strata)} for name, runs in found.items()]
    return {
        "question": f"|driver error| > {FAILURE_DEG} deg, frame by frame, warm-up and time after a departure left out",
        "matched_fpr": MATCHED_FPR,
        "compared_with": COMPARED_WITH,
        "paper_tpr_percent_below_30deg": {name: values[0] for name, values in PAPER_TPR_PERCENT.items()},
        "runs": len(strata),
        "monitors": sorted(rows, key=_best_first),
    }


def ranked(score: FloatArray, error_deg: FloatArray, reference_deg: FloatArray, keep: BoolArray) -> list[RankedRun]:
    """The frames of one run in each of `RANGES`, those with a driver error above 5° as positives.

    Args:
        score: of a monitor, higher = riskier. error_deg: agent − reference. reference_deg: SWA. keep: frames that
            count; (N,) each.
    """
    failed, found = np.abs(error_deg) > FAILURE_DEG, []
    for _, low, high in RANGES:
        inside = keep & np.isfinite(error_deg) & (np.abs(reference_deg) >= low) & (np.abs(reference_deg) < high)
        found.append(RankedRun.of(score, inside & failed, inside & ~failed))
    return found


def figures(
    runs: Sequence[Sequence[RankedRun]], others: Sequence[Sequence[RankedRun]] | None, strata: Sequence[str]
) -> list[dict[str, Any]]:
    """Share found at the matched false positive rate in each range, and how much more than another score finds.

    Args:
        runs: `ranked` of each run. others: the same runs by the other score. strata: conditions of the runs.
    """
    found = []
    for k, (name, _, _) in enumerate(RANGES):
        own = [run[k] for run in runs]
        figured = ranking_figures(own, strata, BOOTSTRAP_SEED)
        above = None
        if others is not None:
            above = tpr_difference(own, [run[k] for run in others], MATCHED_FPR, strata, BOOTSTRAP_SEED)
        found.append(
            {
                "range_deg": name,
                "failed": sum(len(run.positives) for run in own),
                "frames": sum(len(run.positives) + len(run.negatives) for run in own),
                "tpr": figured["tpr_at_fpr_5pct"],
                "auroc": figured["auroc_pooled"],
                "tpr_above_compared": above,
            }
        )
    return found


def _best_first(row: Mapping[str, Any]) -> float:
    return -float(row["ranges"][0]["tpr"]["value"] or 0.0)


def table(result: Mapping[str, Any]) -> str:
    """The figures as Markdown; a value with its 95 % interval."""
    head = [f"{name}{'' if name == 'all' else '°'}" for name, _, _ in RANGES]
    cells = ["monitor"]
    for name in head:
        cells += [f"found, {name}", f"above {result['compared_with']}, {name}"]
    lines = ["| " + " | ".join(cells) + " |", "|" + "---|" * len(cells)]
    for row in result["monitors"]:
        cells = [row["name"]]
        for found in row["ranges"]:
            cells += [_interval(found["tpr"]), _interval(found["tpr_above_compared"])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _interval(rate: Mapping[str, Any] | None) -> str:
    if rate is None or rate["value"] is None or rate["low"] is None:
        return "–"
    return f"{rate['value']:.2f} [{rate['low']:.2f}, {rate['high']:.2f}]"
