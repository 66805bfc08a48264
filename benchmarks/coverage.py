"""`python -m benchmarks.coverage`: how often intervals cover the truth, over simulated campaigns of several sizes.

Runs cluster as in a real campaign: roads and conditions have their own departure probabilities, a run ends at its
departure (so its length depends on it), and the flagged frames of a run depend on each other. The truth is that of the
campaign's own mix of roads and conditions, which every interval of a summary refers to. Writes
`benchmarks/results/coverage.json` and prints the table.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from harness.evaluation.statistics.bootstrap import bootstrap_ratio
from harness.evaluation.statistics.intervals import clopper_pearson, poisson_rate

RESULT = Path(__file__).parent / "results" / "coverage.json"
SIZES = (40, 100, 300, 600)
CAMPAIGNS = 2_000
ROADS, CONDITIONS = 20, 8
ROUTE_KM, FRAMES_PER_KM = 0.3, 1_500
SAVED_SHARE, HARMED_SHARE = 0.6, 0.05
TRUTH_RUNS = 400_000
METHODS = ("exact", "percentile", "bca")

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Runs:
    """Shadow runs and their twins: condition, departed, km, flagged frames, frames, saved minus harmed, each (U,)."""

    condition: IntArray
    departed: FloatArray
    km: FloatArray
    flagged: FloatArray
    frames: FloatArray
    net: FloatArray


def simulate(rng: np.random.Generator, runs: int, mix: int) -> Runs:
    """Runs of the mix of conditions and roads that a campaign of ``mix`` runs holds, over and over."""
    unit = np.arange(runs) % mix
    condition, road = unit % CONDITIONS, (unit // CONDITIONS) % ROADS
    logit = -1.2 + 1.5 * np.linspace(-1, 1, CONDITIONS)[condition] + 0.8 * np.sin(1.0 + road)
    departed = rng.random(runs) < expit(logit)
    km = ROUTE_KM * np.where(departed, rng.random(runs), 1.0)
    frames = np.maximum(1, np.round(km * FRAMES_PER_KM))
    flagged = rng.binomial(frames.astype(np.int64), rng.beta(0.3, 2.0, size=runs)).astype(np.float64)
    saved, harmed = departed & (rng.random(runs) < SAVED_SHARE), ~departed & (rng.random(runs) < HARMED_SHARE)
    return Runs(condition, departed.astype(float), km, flagged, frames, saved.astype(float) - harmed)


def covered(sample: Runs, truth: dict[str, float], seed: int) -> dict[str, dict[str, bool]]:
    """Figure -> method -> whether its 95 % interval holds the truth; undefined intervals are left out."""
    strata = sample.condition.tolist()
    count, n = int(sample.departed.sum()), len(strata)
    ratios = {
        "departed share": (sample.departed, np.ones(n)),
        "departures per km": (sample.departed, sample.km),
        "flagged frames": (sample.flagged, sample.frames),
        "safety gain": (sample.net, sample.departed),
    }
    exact = {
        "departed share": clopper_pearson(count, n),
        "departures per km": poisson_rate(count, float(sample.km.sum())),
    }
    found: dict[str, dict[str, bool]] = {}
    for figure, (top, bottom) in ratios.items():
        interval = bootstrap_ratio(top, bottom, strata, seed)
        ends = {"percentile": (interval.low, interval.high), "bca": (interval.low_bca, interval.high_bca)}
        if figure in exact:
            ends["exact"] = exact[figure]
        found[figure] = {
            method: low <= truth[figure] <= high
            for method, (low, high) in ends.items()
            if low is not None and high is not None
        }
    return found


def true_figures(mix: int) -> dict[str, float]:
    """The figures of endlessly many campaigns of ``mix`` runs."""
    runs = simulate(np.random.default_rng(0), TRUTH_RUNS // mix * mix, mix)
    return {
        "departed share": float(runs.departed.mean()),
        "departures per km": float(runs.departed.sum() / runs.km.sum()),
        "flagged frames": float(runs.flagged.sum() / runs.frames.sum()),
        "safety gain": float(runs.net.sum() / runs.departed.sum()),
    }


def measure(campaigns: int, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Coverage by figure, size and method."""
    rows = []
    for size in sizes:
        truth = true_figures(size)
        tally: dict[tuple[str, str], list[bool]] = {}
        for campaign in range(campaigns):
            sample = simulate(np.random.default_rng((size, campaign)), size, size)
            for figure, methods in covered(sample, truth, seed=1).items():
                for method, holds in methods.items():
                    tally.setdefault((figure, method), []).append(holds)
        for (figure, method), verdicts in sorted(tally.items()):
            rows.append({"runs": size, "figure": figure, "method": method, "coverage": float(np.mean(verdicts))})
    error = math.sqrt(0.95 * 0.05 / campaigns)
    return {"schema_version": 1, "campaigns": campaigns, "standard_error": error, "rows": rows}


def table(result: dict[str, Any]) -> str:
    """The coverages as text, one line per figure and method."""
    sizes = sorted({row["runs"] for row in result["rows"]})
    cells = {(row["figure"], row["method"], row["runs"]): row["coverage"] for row in result["rows"]}
    lines = [f"{'figure':<20}{'interval':<12}" + "".join(f"{size:>8}" for size in sizes)]
    for figure, method in sorted({(figure, method) for figure, method, _ in cells}):
        shown = "".join(f"{100 * cells[figure, method, size]:>7.1f}%" for size in sizes)
        lines.append(f"{figure:<20}{method:<12}{shown}")
    return "\n".join(lines)


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("--campaigns", type=int, default=CAMPAIGNS)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    result = measure(options.campaigns)
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(table(result))


if __name__ == "__main__":
    main()
