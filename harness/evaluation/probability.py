"""Is a monitor's probability the frequency of what it announces? (PROTOCOL §7)

The announced event is a departure within the next 3 s, so a tick in [τ−3 s, τ) is positive, the reaction zone
included; negative time is negative; everything masked is left out. Figures: Brier score, negative log-likelihood, ECE
over 20 equal bins beside its noise floor, and the bins themselves (the reliability diagram). Frames are not samples:
the floor counts one sample per 10 m driven, intervals are bootstraps over pairs. A frame on which the monitor gave no
finite probability is left out and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness.evaluation.rates import clustered_ratio, from_bootstrap, undefined
from harness.evaluation.statistics.bootstrap import bootstrap
from harness.evaluation.statistics.calibration_metrics import ECE_BINS, NLL_CLIP, bin_index, ece_of_bins, noise_floor
from harness.evaluation.statistics.independence import UNIT_M
from harness.evaluation.stretches import BoolArray

FloatArray = npt.NDArray[np.float64]


class ProbabilitySums(NamedTuple):
    """One monitor in one run.

    Attributes:
        bins: ticks, Σ probability and Σ outcome by bin, (3, 20).
        brier, nll: sums over ticks.
        undefined: eligible ticks without a finite probability.
        units: independent 10 m units in the eligible ticks.
    """

    bins: FloatArray
    brier: float
    nll: float
    undefined: int
    units: float


def probability_sums(
    probability: npt.ArrayLike, positive: BoolArray, negative: BoolArray, metres: FloatArray
) -> ProbabilitySums:
    """Sums of one run.

    Args:
        probability: P(departure within 3 s), (N,). positive: ticks in [τ−3 s, τ), (N,). negative: (N,).
        metres: distance driven in each tick, (N,).
    """
    values = np.asarray(probability, dtype=np.float64)
    eligible = positive | negative
    used = eligible & np.isfinite(values)
    p, y = np.clip(values[used], 0.0, 1.0), positive[used].astype(np.float64)
    index = bin_index(p, ECE_BINS)
    bins = np.stack([np.bincount(index, weights=w, minlength=ECE_BINS) for w in (np.ones_like(p), p, y)]).astype(
        np.float64
    )
    clipped = np.clip(p, NLL_CLIP, 1.0 - NLL_CLIP)
    nll = -float(np.sum(y * np.log(clipped) + (1.0 - y) * np.log1p(-clipped)))
    units = float(metres[used].sum()) / UNIT_M
    return ProbabilitySums(bins, float(np.sum((p - y) ** 2)), nll, int(eligible.sum() - used.sum()), units)


def probability_figures(runs: Sequence[ProbabilitySums], strata: Sequence[object], seed: int) -> dict[str, Any] | None:
    """Figures of one monitor; None where it never gave a probability."""
    if not runs:
        return None
    bins = np.stack([run.bins for run in runs])
    ticks = bins[:, 0].sum(axis=1)
    count, confidence, frequency = bins.sum(axis=0)
    total = float(count.sum())
    if total == 0.0:
        return None
    filled = count > 0
    mean_p = np.divide(confidence, count, out=np.full(ECE_BINS, np.nan), where=filled)
    observed = np.divide(frequency, count, out=np.full(ECE_BINS, np.nan), where=filled)
    units = sum(run.units for run in runs)
    base_rate = float(frequency.sum()) / total
    brier = clustered_ratio([run.brier for run in runs], ticks, strata, seed, is_share=False)
    return {
        "horizon_s": 3.0,
        "ticks": int(total),
        "undefined_ticks": sum(run.undefined for run in runs),
        "base_rate": clustered_ratio(bins[:, 2].sum(axis=1), ticks, strata, seed),
        "brier": brier,
        "brier_skill": 1.0 - brier["value"] / (base_rate * (1.0 - base_rate)) if 0.0 < base_rate < 1.0 else None,
        "nll": clustered_ratio([run.nll for run in runs], ticks, strata, seed, is_share=False),
        "ece": _ece(bins, strata, seed, total),
        "ece_noise_floor": noise_floor(count * units / total, np.nan_to_num(mean_p)),
        "reliability": [
            {"mean_probability": float(p), "frequency": float(f), "ticks": int(n)}
            for p, f, n in zip(mean_p[filled], observed[filled], count[filled], strict=True)
        ],
    }


def _ece(bins: FloatArray, strata: Sequence[object], seed: int, total: float) -> dict[str, Any]:
    columns = bins.reshape(len(bins), -1)

    def ece(sums: FloatArray) -> FloatArray:
        count, confidence, frequency = sums.reshape(len(sums), 3, ECE_BINS).transpose(1, 0, 2)
        return ece_of_bins(count, confidence, frequency)

    if len(bins) < 2:
        return undefined(0, total, "bootstrap over pairs, percentile", "too few pairs for an interval")
    return from_bootstrap(bootstrap(columns, {"ece": ece}, strata, seed)["ece"], total, total)
