"""`python -m benchmarks.comparison`: false alarms of a comparison under the null, and its power at the planned size.

Null: two campaigns of one driver whose hard places differ from pair to pair, labels swapped within pairs again and
again; a regression that `compare` finds is a false alarm. Its rate must lie in the binomial interval of the nominal
5 %. Beside it the exact McNemar test of the row of all pairs alone, whose attainable level is below 5 %: counts are
discrete.

Power: a candidate that departs twice as often, on as many pairs as `plan` recommends. Writes
`benchmarks/results/comparison.json` and prints what it found.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from harness.evaluation.compare import ALPHA
from harness.evaluation.compare_statistics import swap_test
from harness.evaluation.plan import comparison_needed

RESULT = Path(__file__).parent / "results" / "comparison.json"
RESAMPLINGS = 2_000
POWER_CAMPAIGNS = 500
SWAPS = 999
PAIRS, CONDITIONS = 300, 4
BASELINE_SHARE, RATIO, POWER_WANTED = 0.1, 2.0, 0.9

MARGIN_SPREAD_M = 0.1

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


def finds_regression(baseline: BoolArray, candidate: BoolArray, closer_m: FloatArray, seed: int) -> bool:
    """The decision of `compare` on departures of one mode, (P,) each: all pairs, and conditions that take turns.

    ``closer_m``: by how much the candidate came closer to the line, (P,).
    """
    difference = candidate.astype(np.float64) - baseline
    condition = np.arange(len(difference)) % CONDITIONS
    members = np.column_stack([np.ones(len(difference)), *(condition == k for k in range(CONDITIONS))])
    columns, finer = difference[:, None] * members, closer_m[:, None] * members
    return bool((swap_test(columns, seed, swaps=SWAPS, tie_breaker=finer).worse_corrected <= ALPHA).any())


def null(resamplings: int) -> dict[str, Any]:
    """False alarms under swapped labels."""
    rng = np.random.default_rng(1)
    hard = rng.beta(0.5, 1.5, PAIRS)
    first, second = rng.random(PAIRS) < hard, rng.random(PAIRS) < hard
    closer_m = MARGIN_SPREAD_M * rng.normal(size=PAIRS)
    discordant = int(np.sum(first != second))
    critical = int(binom.isf(ALPHA, discordant, 0.5)) + 1
    alarms, single = 0, 0
    for resampling in range(resamplings):
        swapped = rng.random(PAIRS) < 0.5
        baseline, candidate = np.where(swapped, second, first), np.where(swapped, first, second)
        alarms += finds_regression(baseline, candidate, np.where(swapped, -closer_m, closer_m), resampling)
        single += int(np.sum(candidate & ~baseline)) >= critical
    return {
        "resamplings": resamplings,
        "pairs": PAIRS,
        "discordant_pairs": discordant,
        "rows_tested": 1 + CONDITIONS,
        "nominal": ALPHA,
        "compare": _checked(alarms, resamplings, ALPHA),
        "exact_mcnemar_of_all_pairs": _checked(single, resamplings, float(binom.sf(critical - 1, discordant, 0.5))),
    }


def power(campaigns: int) -> dict[str, Any]:
    """Doubled departures found at the size planned for five rows."""
    planned = comparison_needed(BASELINE_SHARE, RATIO, POWER_WANTED, ALPHA, tests=1 + CONDITIONS)
    hits = 0
    for campaign in range(campaigns):
        rng = np.random.default_rng((2, campaign))
        baseline = rng.random(planned.pairs) < BASELINE_SHARE
        candidate = rng.random(planned.pairs) < RATIO * BASELINE_SHARE
        closer_m = MARGIN_SPREAD_M * rng.normal(size=planned.pairs)
        hits += finds_regression(baseline, candidate, closer_m, campaign)
    return {
        "campaigns": campaigns,
        "baseline_share": BASELINE_SHARE,
        "ratio": RATIO,
        "planned_pairs": planned.pairs,
        "planned_power": planned.power,
        "found": hits / campaigns,
    }


def _checked(alarms: int, trials: int, expected: float) -> dict[str, Any]:
    low, high = (float(end) / trials for end in binom.interval(0.95, trials, expected))
    rate = alarms / trials
    return {"rate": rate, "expected": expected, "low": low, "high": high, "within": low <= rate <= high}


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison", description=__doc__.splitlines()[0])
    parser.add_argument("--resamplings", type=int, default=RESAMPLINGS)
    parser.add_argument("--campaigns", type=int, default=POWER_CAMPAIGNS)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    result = {"schema_version": 1, "null": null(options.resamplings), "power": power(options.campaigns)}
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
