"""Ranking, recall and false alarms of monitors fitted with several seeds, and how far two of them lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.ranking import RankedRun, auroc, binned_auroc, histograms
from harness.evaluation.statistics.bootstrap import SumStatistic, ratio_of
from harness.evaluation.statistics.over_seeds import draws_over_seeds, percentile_interval
from harness.evaluation.summary import BOOTSTRAP_SEED

COMPARED = ("auroc_within", "auroc_pooled", "event_recall")
FIGURES = (*COMPARED, "false_alarms_per_min")
_CLASSES = ("positives", "negatives")
FloatArray = npt.NDArray[np.float64]


@dataclass
class Judged:
    """One fit of a monitor on all runs, in their order: ranking, departures found, false alarm episodes."""

    ranked: list[RankedRun] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    false: list[float] = field(default_factory=list)


@dataclass
class Ground:
    """The runs, whoever watches: condition, detectable departures, negative time."""

    conditions: list[str] = field(default_factory=list)
    detectable: list[int] = field(default_factory=list)
    negative_min: list[float] = field(default_factory=list)


def figures(one: Judged, ground: Ground) -> dict[str, float | None]:
    """The four figures of one fit; None where undefined."""
    found = {
        name: float(statistic(columns.sum(axis=0, keepdims=True))[0])
        for name, (columns, statistic) in _columns(one, ground).items()
    }
    positives, negatives = (np.concatenate([getattr(run, side) for run in one.ranked]) for side in _CLASSES)
    exact: dict[str, float | None] = {**found, "auroc_pooled": auroc(positives, negatives)}
    return {name: value if value is not None and np.isfinite(value) else None for name, value in exact.items()}


def _columns(one: Judged, ground: Ground) -> dict[str, tuple[FloatArray, SumStatistic]]:
    """Figure -> (one row per run, how their sums become the figure)."""
    within = np.array([np.nan if run.auroc is None else run.auroc for run in one.ranked])
    scores = np.concatenate([getattr(run, side) for run in one.ranked for side in _CLASSES])

    def ratio(numerators: Any, denominators: Any) -> tuple[FloatArray, SumStatistic]:
        return np.column_stack([numerators, denominators]).astype(np.float64), ratio_of(0, 1)

    return {
        "auroc_within": ratio(np.nan_to_num(within), np.isfinite(within)),
        "auroc_pooled": (histograms(one.ranked, scores), binned_auroc),
        "event_recall": ratio(one.found, ground.detectable),
        "false_alarms_per_min": ratio(one.false, ground.negative_min),
    }


@dataclass(frozen=True)
class Drawn:
    """A figure of one monitor: of each seed, and in every draw of runs and seeds, (draws,)."""

    by_seed: Sequence[float | None]
    draws: FloatArray

    @property
    def known(self) -> list[float]:
        """Of the seeds, all or none: a mean over those that have a threshold would be one of the lucky ones."""
        known = [value for value in self.by_seed if value is not None]
        return known if len(known) == len(self.by_seed) else []


def drawn_figures(seeds: Sequence[Judged], ground: Ground) -> dict[str, Drawn]:
    """Every figure of one monitor; ``seeds``: judged on the same runs, one per seed."""
    by_seed = [figures(one, ground) for one in seeds]
    columns = [_columns(one, ground) for one in seeds]
    found = {}
    for name in FIGURES:
        statistic = columns[0][name][1]
        draws = draws_over_seeds([one[name][0] for one in columns], statistic, ground.conditions, BOOTSTRAP_SEED)
        found[name] = Drawn([one[name] for one in by_seed], draws)
    return found


def over_seeds(one: Drawn) -> dict[str, Any]:
    """A figure for the result: mean, lowest, highest and each seed, with the interval over runs and seeds."""
    known = one.known
    low, high = percentile_interval(one.draws) if known else (None, None)
    return {
        "mean": float(np.mean(known)) if known else None,
        "lowest": min(known, default=None),
        "highest": max(known, default=None),
        "by_seed": list(one.by_seed),
        "low": low,
        "high": high,
        "method": "bootstrap over pairs and seeds, percentile",
    }


def differences(drawn: Mapping[str, Mapping[str, Drawn]]) -> list[dict[str, Any]]:
    """Every two monitors in every compared figure, the better one first.

    ``beyond_seeds``: the worst seed of the one is better than the best of the other. ``low`` and ``high``: of the
    difference of the means in draws of runs and seeds, not corrected for the number of pairs.
    """
    found = []
    for figure in COMPARED:
        for pair in combinations(drawn, 2):
            known = {name: drawn[name][figure].known for name in pair}
            if not all(known.values()):
                continue
            better, worse = sorted(pair, key=lambda name: -float(np.mean(known[name])))
            low, high = percentile_interval(drawn[better][figure].draws - drawn[worse][figure].draws)
            found.append(
                {
                    "figure": figure,
                    "better": better,
                    "worse": worse,
                    "difference": float(np.mean(known[better]) - np.mean(known[worse])),
                    "low": low,
                    "high": high,
                    "beyond_seeds": min(known[better]) > max(known[worse]),
                }
            )
    return found
