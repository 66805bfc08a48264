"""What changed between two campaigns on the same pairs: departures per mode and slice, then how the driving changed.

Deciding are the departures of every mode, over all pairs and per condition: one-sided exact McNemar for each, corrected
over all of them by swapped labels (where these give equal counts, the smallest lane margins decide). How far the car
came, how close to the line and how long the takeover driver held the wheel explain a finding; they decide nothing. "No
regression" is only said where a doubled share of departures would have been found with 90 % power.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from harness.evaluation.compare_statistics import SWAPS, SwapTest, paired_difference, swap_test
from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.plan import mcnemar_power
from harness.evaluation.rates import proportion
from harness.evaluation.statistics.bootstrap import bootstrap_ratio

COMPARISON_SCHEMA_VERSION = 1
ALPHA = 0.05
POWER_WANTED = 0.9
RATIO_TO_FIND = 2.0
BOOTSTRAP_SEED = 20_240_229
SWAP_SEED = 20_240_301
ALL = "all"
REGRESSION, IMPROVEMENT, NO_REGRESSION, INSUFFICIENT = "REGRESSION", "IMPROVEMENT", "NO_REGRESSION", "INSUFFICIENT"

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RunPair:
    """The runs of one pair in one mode under baseline and candidate."""

    baseline: EpisodeFacts
    candidate: EpisodeFacts

    @property
    def is_missing(self) -> bool:
        """One of the two says nothing about driving."""
        return self.baseline.is_missing or self.candidate.is_missing


@dataclass(frozen=True)
class _Slice:
    """Pairs of one mode that a row of the table is about."""

    mode: str
    condition: str
    pairs: Sequence[RunPair]
    members: npt.NDArray[np.bool_]


def compare_pairs(
    pairs: Mapping[str, Sequence[RunPair]], alpha: float = ALPHA, swaps: int = SWAPS, seed: int = SWAP_SEED
) -> dict[str, Any]:
    """The comparison.

    Args:
        pairs: mode -> its pairs; unavoidable worlds left out.
        alpha: chance of any false regression, and of any false improvement. swaps, seed: of the swapped labels.

    Returns:
        ``departures`` (one row per mode and slice), ``driving`` (how else the driving changed), ``missing``,
        ``verdict``. JSON values only.
    """
    known = {mode: [pair for pair in runs if not pair.is_missing] for mode, runs in pairs.items()}
    rows = departure_rows(known, alpha, swaps, seed)
    missing = {mode: sum(pair.is_missing for pair in runs) for mode, runs in pairs.items()}
    return {
        "schema_version": COMPARISON_SCHEMA_VERSION,
        "alpha": alpha,
        "swaps": swaps,
        "departures": rows,
        "driving": _driving(known, seed, swaps),
        "missing": missing,
        "verdict": _verdict(rows, alpha, missing),
    }


def departure_rows(
    known: Mapping[str, Sequence[RunPair]], alpha: float = ALPHA, swaps: int = SWAPS, seed: int = SWAP_SEED
) -> list[dict[str, Any]]:
    """Departures of each mode over all pairs and per condition, p-values corrected over all rows.

    Args:
        known: mode -> pairs, none of them missing. alpha, swaps, seed: as :func:`compare_pairs`.
    """
    slices = _slices(known)
    if not slices:
        return []
    everyone = [pair for runs in known.values() for pair in runs]
    failed = np.array([_failed(pair) for pair in everyone])
    columns = np.column_stack([failed * part.members for part in slices])
    closer = np.array([_closer_to_the_line_m(pair) for pair in everyone])
    finer = np.column_stack([closer * part.members for part in slices])
    # Twins of several modes share a pair: they are swapped together.
    test = swap_test(columns, seed, [pair.baseline.pair[0] for pair in everyone], swaps, finer)
    by_road = swap_test(columns, seed, [pair.baseline.road for pair in everyone], swaps, finer)
    return [_departure_row(part, test, by_road, place, alpha) for place, part in enumerate(slices)]


def _slices(known: Mapping[str, Sequence[RunPair]]) -> list[_Slice]:
    """All pairs of each mode, then each of its conditions where there are several."""
    slices, total, first = [], sum(len(runs) for runs in known.values()), 0
    for mode, runs in known.items():
        conditions = list(dict.fromkeys(pair.baseline.condition for pair in runs))
        for condition in [ALL, *(conditions if len(conditions) > 1 else [])]:
            chosen = [condition in (ALL, pair.baseline.condition) for pair in runs]
            members = np.zeros(total, dtype=bool)
            members[first : first + len(runs)] = chosen
            picked = [pair for pair, inside in zip(runs, chosen, strict=True) if inside]
            if picked:
                slices.append(_Slice(mode, condition, picked, members))
        first += len(runs)
    return slices


def _failed(pair: RunPair) -> float:
    return float(pair.candidate.failed) - float(pair.baseline.failed)


def _closer_to_the_line_m(pair: RunPair) -> float:
    margins = pair.baseline.minimum_lane_margin_m, pair.candidate.minimum_lane_margin_m
    return 0.0 if margins[0] is None or margins[1] is None else margins[0] - margins[1]


def _departure_row(part: _Slice, test: SwapTest, by_road: SwapTest, place: int, alpha: float) -> dict[str, Any]:
    only_candidate = sum(_failed(pair) > 0 for pair in part.pairs)
    only_baseline = sum(_failed(pair) < 0 for pair in part.pairs)
    count = len(part.pairs)
    value, low, high = paired_difference(only_candidate, only_baseline, count)
    worse, better = _finite(test.worse_corrected[place]), _finite(test.better_corrected[place])
    finding = "no difference shown"
    if worse is not None and worse <= alpha:
        finding = "worse"
    elif better is not None and better <= alpha:
        finding = "better"
    return {
        "mode": part.mode,
        "condition": part.condition,
        "pairs": count,
        "baseline": proportion(sum(pair.baseline.failed for pair in part.pairs), count),
        "candidate": proportion(sum(pair.candidate.failed for pair in part.pairs), count),
        "only_candidate": only_candidate,
        "only_baseline": only_baseline,
        "difference": {"value": value, "low": low, "high": high, "method": "Bonett-Price over pairs"},
        "p_worse": _mcnemar(only_candidate, only_baseline),
        "p_better": _mcnemar(only_baseline, only_candidate),
        "p_worse_corrected": worse,
        "p_better_corrected": better,
        "p_worse_corrected_over_roads": _finite(by_road.worse_corrected[place]),
        "finding": finding,
    }


def _mcnemar(more: int, fewer: int) -> float | None:
    """One-sided exact McNemar test; None without a discordant pair."""
    return float(binomtest(more, more + fewer, 0.5, alternative="greater").pvalue) if more + fewer else None


def _driving(known: Mapping[str, Sequence[RunPair]], seed: int, swaps: int) -> list[dict[str, Any]]:
    """Means of what explains a finding, with p-values corrected among themselves."""
    found = [
        (mode, figure, runs, values)
        for mode, runs in known.items()
        for figure in _FIGURES
        if runs and (values := _values(runs, figure)) is not None
    ]
    rows = []
    for mode, figure, runs, values in found:
        baseline, candidate = values
        strata = [pair.baseline.condition for pair in runs]
        interval = bootstrap_ratio(candidate - baseline, np.ones(len(runs)), strata, BOOTSTRAP_SEED)
        rows.append(
            {
                "mode": mode,
                "figure": figure,
                "pairs": len(runs),
                "baseline": float(baseline.mean()),
                "candidate": float(candidate.mean()),
                "difference": {
                    "value": interval.value,
                    "low": interval.low,
                    "high": interval.high,
                    "method": "bootstrap over pairs, percentile",
                },
            }
        )
    columns = np.zeros((sum(len(runs) for runs in known.values()), len(found)))
    starts = dict(zip(known, np.cumsum([0, *(len(runs) for runs in known.values())]), strict=False))
    for place, (mode, figure, runs, (baseline, candidate)) in enumerate(found):
        columns[starts[mode] : starts[mode] + len(runs), place] = _FIGURES[figure] * (candidate - baseline)
    units = [pair.baseline.pair[0] for runs in known.values() for pair in runs]
    test = swap_test(columns, seed, units, swaps)
    for place, row in enumerate(rows):
        row["p_worse_corrected"] = _finite(test.worse_corrected[place])
        row["p_better_corrected"] = _finite(test.better_corrected[place])
    return rows


# Figure -> +1 where more of it is worse, −1 where less is.
_FIGURES = {"distance_to_failure_m": -1.0, "minimum_lane_margin_m": -1.0, "takeover_share": 1.0}


def _values(runs: Sequence[RunPair], figure: str) -> tuple[FloatArray, FloatArray] | None:
    """The figure of every pair under baseline and candidate; None where a run has none."""
    sides = [
        [_figure(run, figure) for run in side] for side in zip(*((p.baseline, p.candidate) for p in runs), strict=True)
    ]
    if any(value is None for side in sides for value in side):
        return None
    return np.array(sides[0], dtype=np.float64), np.array(sides[1], dtype=np.float64)


def _figure(run: EpisodeFacts, figure: str) -> float | None:
    if figure == "distance_to_failure_m":
        return run.driven_m
    if figure == "minimum_lane_margin_m":
        return run.minimum_lane_margin_m
    return run.takeover_s / run.run_s if run.mode.startswith("takeover:") and run.run_s > 0.0 else None


def _verdict(rows: Sequence[Mapping[str, Any]], alpha: float, missing: Mapping[str, int]) -> dict[str, Any]:
    worse, better = ([row for row in rows if row["finding"] == kind] for kind in ("worse", "better"))
    whole = {row["mode"]: row for row in rows if row["condition"] == ALL}
    powers = {mode: _power(row, alpha / len(rows)) for mode, row in whole.items()}
    has_power = bool(powers) and min(powers.values()) >= POWER_WANTED
    status = REGRESSION if worse else IMPROVEMENT if better else NO_REGRESSION if has_power else INSUFFICIENT
    reasons = [_sentence(row) for row in [*worse, *better]]
    if status == NO_REGRESSION:
        reasons.append("a doubled share of departures would have been found, and none was")
    if not powers:
        reasons.append("no pair to compare")
    reasons += [
        f"{mode}: too few pairs to find a doubled share of departures ({100 * power:.0f} % power of 90 % wanted)"
        for mode, power in powers.items()
        if power < POWER_WANTED
    ]
    reasons += [_lost(mode, count, whole.get(mode)) for mode, count in missing.items() if count]
    return {"status": status, "reasons": reasons, "power_to_find_a_doubling": powers}


def _lost(mode: str, count: int, row: Mapping[str, Any] | None) -> str:
    """What missing pairs could have changed: each could have got better or worse."""
    if row is None:
        return f"{mode}: all {count} pairs are missing"
    net, pairs = row["only_candidate"] - row["only_baseline"], row["pairs"] + count
    return (
        f"{mode}: {count} pairs missing, in no figure; with them the difference lies between "
        f"{(net - count) / pairs:+.3f} and {(net + count) / pairs:+.3f}"
    )


def _power(row: Mapping[str, Any], alpha: float) -> float:
    """Power to find twice the baseline's share; a baseline without departures is taken to have had one."""
    share = max(1, row["baseline"]["k"]) / row["pairs"]
    return mcnemar_power(row["pairs"], share, min(1.0, RATIO_TO_FIND * share), alpha)


def _sentence(row: Mapping[str, Any]) -> str:
    where = row["mode"] if row["condition"] == ALL else f"{row['mode']}, {row['condition']}"
    return (
        f"{where}: {row['candidate']['k']} of {row['pairs']} runs depart, {row['baseline']['k']} under the baseline: "
        f"{row['finding']}"
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
