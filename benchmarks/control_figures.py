"""Which frames with a driver error above 5° the students of each picture find, and whether one picture's find more.

A figure is the mean over the training seeds of a student; every seed has its own threshold, at which 5 % of the frames
with a smaller error are flagged within a range of reference SWA. Intervals are percentile bootstraps over runs,
stratified by condition, and over seeds (PROTOCOL §8); pictures are compared in the same draws. Within each family of
comparisons (one kind of student, one figure, one range) p-values are adjusted after Holm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.driver_errors import MATCHED_FPR, RANGES
from benchmarks.shadow_frames import Floats, ShadowFrames
from harness.evaluation.paper_parity import FAILURE_DEG
from harness.evaluation.ranking import RankedRun, auroc, binned_auroc, binned_tpr_at, histograms, tpr_at_fpr
from harness.evaluation.rates import MIN_EVENTS, Rate
from harness.evaluation.statistics.holm import holm
from harness.evaluation.statistics.over_seeds import draws_over_seeds, percentile_interval
from harness.evaluation.summary import BOOTSTRAP_SEED

FIGURES = {"tpr": binned_tpr_at(MATCHED_FPR), "auroc": binned_auroc}
METHOD = "bootstrap over runs and seeds, percentile"
Answers = Mapping[tuple[str, str], Floats]
"""(picture, kind of student) -> predicted signed error of every frame by each seed's student, degrees, (seeds, N)."""


class TooFewFramesError(ValueError):
    """A range of reference SWA holds too few frames of a class for a rate."""


@dataclass(frozen=True)
class Drawn:
    """A figure of the students of one picture: of each seed, and in every draw of runs and seeds, (draws,)."""

    by_seed: Sequence[float]
    draws: Floats
    failed: int
    frames: int

    @property
    def value(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.by_seed))

    def rate(self) -> Rate:
        """As a rate object, with the spread over the seeds."""
        low, high = percentile_interval(self.draws)
        counts = {"k": self.failed, "n": self.frames}
        spread = {"lowest_seed": min(self.by_seed), "highest_seed": max(self.by_seed)}
        return {"value": self.value, **counts, "low": low, "high": high, "method": METHOD, **spread}


def judged(answers: Answers, frames: ShadowFrames, own: str) -> dict[str, Any]:
    """Rows of all students on some frames, and how much more those of the picture ``own`` find than the others'.

    Raises:
        TooFewFramesError: a range has fewer than ten frames with a driver error above 5°, or without.
    """
    ranges = _ranges(frames)
    drawn = {
        key: {name: drawn_figures(predicted_deg, frames, inside) for name, inside in ranges.items()}
        for key, predicted_deg in answers.items()
    }
    rows = [
        {
            "picture": picture,
            "convolutions": kind,
            "mae_deg": float(np.abs(answers[picture, kind] - frames.error_deg).mean()),
            "ranges": [
                {"range_deg": name, **{figure: one[figure].rate() for figure in FIGURES}} for name, one in found.items()
            ],
            "artifacts": _by_artifact(answers[picture, kind], frames),
        }
        for (picture, kind), found in drawn.items()
    ]
    return {
        "runs": len(frames.conditions),
        "frames": len(frames),
        "failure_share": float((np.abs(frames.error_deg) > FAILURE_DEG).mean()),
        "rows": rows,
        "comparisons": _comparisons(drawn, own),
    }


def _ranges(frames: ShadowFrames) -> dict[str, npt.NDArray[np.bool_]]:
    size_deg, found = np.abs(frames.reference_deg), {}
    for name, low, high in RANGES:
        found[name] = (size_deg >= low) & (size_deg < high)
        if not _has_both_classes(frames.error_deg[found[name]]):
            raise TooFewFramesError(
                f"range {name}°: fewer than {MIN_EVENTS} frames with a driver error above {FAILURE_DEG}°, or without; "
                "keep more frames of each run"
            )
    return found


def _has_both_classes(error_deg: Floats) -> bool:
    failed = int((np.abs(error_deg) > FAILURE_DEG).sum())
    return min(failed, len(error_deg) - failed) >= MIN_EVENTS


def drawn_figures(predicted_deg: Floats, frames: ShadowFrames, inside: npt.NDArray[np.bool_]) -> dict[str, Drawn]:
    """TPR at the matched false positive rate and AUROC of |predicted error| for |error| > 5°.

    Args:
        predicted_deg: (seeds, N). inside: frames that count, (N,), both classes among them.
    """
    failed = inside & (np.abs(frames.error_deg) > FAILURE_DEG)
    safe = inside & ~failed
    rows = [np.flatnonzero(frames.run == k) for k in range(len(frames.conditions))]
    exact: dict[str, list[Any]] = {figure: [] for figure in FIGURES}
    columns = []
    for score in np.abs(predicted_deg):
        runs = [RankedRun.of(score[mine], failed[mine], safe[mine]) for mine in rows]
        columns.append(histograms(runs, score[inside]))
        exact["tpr"].append(tpr_at_fpr(score[failed], score[safe], MATCHED_FPR))
        exact["auroc"].append(auroc(score[failed], score[safe]))
    counts = int(failed.sum()), int(inside.sum())
    return {
        figure: Drawn(exact[figure], draws_over_seeds(columns, statistic, frames.conditions, BOOTSTRAP_SEED), *counts)
        for figure, statistic in FIGURES.items()
    }


def _by_artifact(predicted_deg: Floats, frames: ShadowFrames) -> list[dict[str, Any]]:
    """AUROC on the runs of each artifact that holds enough frames of both classes, from their first frame on."""
    found = []
    for name in sorted(set(frames.artifacts)):
        rows, of_artifact = frames.of_artifact(name)
        if _has_both_classes(of_artifact.error_deg):
            drawn = drawn_figures(predicted_deg[:, rows], of_artifact, np.ones(len(rows), dtype=bool))
            runs = len(of_artifact.artifacts)
            found.append({"artifact": name, "runs": runs, "auroc": drawn["auroc"].rate()})
    return found


def _comparisons(drawn: Mapping[tuple[str, str], Mapping[str, Mapping[str, Drawn]]], own: str) -> list[dict[str, Any]]:
    families = [
        (kind, name, figure)
        for kind in dict.fromkeys(kind for _, kind in drawn)
        for name, _, _ in RANGES
        for figure in FIGURES
    ]
    return [row for family in families for row in _family(drawn, own, *family)]


def _family(
    drawn: Mapping[tuple[str, str], Mapping[str, Mapping[str, Drawn]]], own: str, kind: str, name: str, figure: str
) -> list[dict[str, Any]]:
    ours = drawn[own, kind][name][figure]
    others = {
        picture: found[name][figure] for (picture, other), found in drawn.items() if other == kind and picture != own
    }
    p_values = {picture: two_sided_p(ours.draws - theirs.draws) for picture, theirs in others.items()}
    adjusted = holm(p_values)
    rows = []
    for picture, theirs in others.items():
        low, high = percentile_interval(ours.draws - theirs.draws)
        rows.append(
            {
                "convolutions": kind,
                "range_deg": name,
                "figure": figure,
                "picture": own,
                "compared_with": picture,
                "value": ours.value - theirs.value,
                "low": low,
                "high": high,
                "p": p_values[picture],
                "p_holm": adjusted[picture],
            }
        )
    return rows


def two_sided_p(differences: Floats) -> float:
    """Achieved significance level of a difference, from its bootstrap draws; never below 2/(draws + 1)."""
    defined = differences[np.isfinite(differences)]
    tail = min(int((defined <= 0.0).sum()), int((defined >= 0.0).sum()))
    return min(1.0, 2.0 * (tail + 1) / (len(defined) + 1))
