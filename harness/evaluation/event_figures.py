"""The figures of one monitor at one operating point over all its runs (PROTOCOL §7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation import windows
from harness.evaluation.event_metrics import AlarmCounts, Exposure
from harness.evaluation.rates import Rate, from_bootstrap, per_exposure, proportion, ratio_rate, undefined
from harness.evaluation.statistics.bootstrap import BootstrapInterval, SumStatistic, bootstrap, ratio_of
from harness.evaluation.statistics.intervals import poisson_rate_upper
from harness.evaluation.statistics.joint_failure import joint_failure_table

FloatArray = npt.NDArray[np.float64]

LEAD_SHARES_S = (1.0, 2.0, 3.0)
BOOTSTRAP = "bootstrap over pairs, percentile"
WINDOW_COUNTS = ("tp", "fp", "fn", "tn")


def event_figures(
    counts: FloatArray,
    exposures: FloatArray,
    leads_s: Sequence[float],
    strata: Sequence[object],
    seed: int,
    missing_runs: int = 0,
) -> dict[str, Any]:
    """Recall, lead, cost and window figures.

    Args:
        counts: one row per shadow run, columns as ``AlarmCounts``, (R, 14).
        exposures: the same runs, columns as ``Exposure``, (R, 5).
        leads_s: lead time of every hit.
        strata: conditions of the runs. seed: of the bootstrap.
        missing_runs: runs that nobody knows; each could have held one detectable departure, found or missed.
    """
    total = AlarmCounts(*counts.sum(axis=0).tolist()) if len(counts) else AlarmCounts(*[0.0] * 14)
    offered = Exposure(*exposures.sum(axis=0).tolist()) if len(exposures) else Exposure(*[0.0] * 5)
    found, detectable = int(total.hits_detectable), int(total.detectable)
    hits, events = int(total.hits), int(total.events)
    recall = proportion(found, detectable)
    # One product with the draws for everything that is bootstrapped: at thousands of runs it is what takes time.
    columns = np.column_stack(
        [
            *(_column(counts, name) for name in WINDOW_COUNTS),
            *(_column(counts, "alarmed_s"), exposures[:, Exposure._fields.index("negative_s")]),
            *(_column(counts, "hits_detectable") - _column(counts, "chance_hits"), _column(counts, "detectable")),
        ]
    )
    intervals = bootstrap(columns, _STATISTICS, strata, seed)
    chance_recall = total.chance_hits / detectable if detectable else None
    return {
        "event_recall": recall,
        "event_recall_all": proportion(hits, events),
        "event_recall_bounds": missing_bounds(found, detectable, missing_runs),
        "chance_recall": chance_recall,
        "chance_corrected_recall": _chance_corrected(columns[:, 6], columns[:, 7], recall, intervals["surplus"]),
        "late_share": proportion(int(total.late), events),
        "precision": proportion(int(total.useful), int(total.useful + total.false_alarms)),
        "false_alarms_per_min": {
            "all": per_exposure(int(total.false_alarms), offered.negative_s / 60.0),
            "nominal": per_exposure(int(total.false_nominal), offered.nominal_s / 60.0),
            "degraded_safe": per_exposure(int(total.false_degraded), offered.degraded_s / 60.0),
        },
        "false_alarms_per_km": per_exposure(int(total.false_alarms), offered.negative_km),
        "duty": ratio_rate(columns[:, 4], columns[:, 5], lambda: intervals["duty"]),
        "runs_with_false_alarm": proportion(_runs_with_false_alarm(counts), len(counts)),
        "lead_s": lead_figures(leads_s),
        "departed_without_warning_per_km": _silent_departures(events - hits, offered.km),
        "joint_failure": _joint_failure(counts),
        "windows": window_figures(columns[:, :4], intervals),
    }


def lead_figures(leads_s: Sequence[float]) -> dict[str, Any]:
    """Distribution of lead times: sorted values, median, 10th percentile, share of hits of at least 1, 2, 3 s."""
    leads = sorted(leads_s)
    shares = {
        f"{least_s:g}": proportion(sum(lead >= least_s for lead in leads), len(leads)) for least_s in LEAD_SHARES_S
    }
    return {
        "values": leads,
        "median": float(np.median(leads)) if leads else None,
        "p10": float(np.quantile(leads, 0.1)) if leads else None,
        "share_at_least": shares,
    }


def missing_bounds(k: int, n: int, missing: int) -> dict[str, float | None]:
    """Lowest and highest share over everything that ``missing`` further trials could have been."""
    return {
        "low": k / (n + missing) if n + missing else None,
        "high": (k + missing) / (n + missing) if n + missing else None,
    }


def window_figures(table: FloatArray, intervals: Mapping[str, BootstrapInterval]) -> dict[str, Any]:
    """P, R, FPR, F3 and MCC of 1 s windows, every negative window charged, with intervals over pairs.

    Args:
        table: TP, FP, FN, TN of each run, (R, 4). intervals: of the five figures, by name.
    """
    tp, fp, fn, tn = table.sum(axis=0).tolist()
    trials = {
        "precision": (tp, tp + fp, "no window was alarmed"),
        "recall": (tp, tp + fn, "no positive window"),
        "fpr": (fp, fp + tn, "no negative window"),
        "f3": (tp, tp + fp + fn + tn, "no positive window"),
        "mcc": (tp, tp + fp + fn + tn, "a class or an answer never occurs"),
    }
    figures = {}
    for name, (k, n, reason) in trials.items():
        defined = intervals[name].value is not None
        figures[name] = from_bootstrap(intervals[name], k, n) if defined else undefined(k, n, BOOTSTRAP, reason)
    return {"window_s": windows.WINDOW_S, "tp": int(tp), "fp": int(fp), "fn": int(fn), "tn": int(tn), **figures}


def _on_windows(of: Callable[..., FloatArray]) -> SumStatistic:
    def statistic(sums: FloatArray) -> FloatArray:
        tp, fp, fn, tn = sums[:, :4].T
        return np.asarray(of(tp, fp, fn, tn))

    return statistic


WINDOW_STATISTICS: dict[str, SumStatistic] = {
    "precision": _on_windows(lambda tp, fp, fn, tn: windows.precision(tp, fp)),
    "recall": _on_windows(lambda tp, fp, fn, tn: windows.recall(tp, fn)),
    "fpr": _on_windows(lambda tp, fp, fn, tn: windows.recall(fp, tn)),
    "f3": _on_windows(lambda tp, fp, fn, tn: windows.f3(tp, fp, fn)),
    "mcc": _on_windows(windows.mcc),
}
_STATISTICS = {**WINDOW_STATISTICS, "duty": ratio_of(4, 5), "surplus": ratio_of(6, 7)}


def _chance_corrected(surplus: FloatArray, detectable: FloatArray, recall: Rate, interval: BootstrapInterval) -> Rate:
    """Recall less what the same alarm train reaches when shifted circularly inside each run."""
    rate = ratio_rate(surplus, detectable, lambda: interval, is_share=False)
    if recall["value"] is None:
        return {**rate, "value": None, "low": None, "high": None, "reason": recall["reason"]}
    return rate


def _runs_with_false_alarm(counts: FloatArray) -> int:
    return int(np.count_nonzero(_column(counts, "false_nominal") + _column(counts, "false_degraded")))


def _silent_departures(count: int, km: float) -> Rate:
    if km <= 0.0:
        return undefined(count, km, "poisson-exact", "no trials")
    return {**per_exposure(count, km), "upper_95_one_sided": poisson_rate_upper(count, km)}


def _joint_failure(counts: FloatArray) -> dict[str, Any] | None:
    """Runs by departed and alarmed before it: does the monitor go quiet just when the agent fails?

    Unit: one run; alarmed = warned of its departure in time, or, without departure, any false alarm.
    """
    departed = _column(counts, "events") > 0
    warned = np.where(
        departed,
        _column(counts, "hits") > 0,
        _column(counts, "false_nominal") + _column(counts, "false_degraded") > 0,
    )
    table = joint_failure_table(departed, ~warned.astype(bool)).to_json()
    return None if table is None else {"unit": "run", **table}


def _column(counts: FloatArray, name: str) -> FloatArray:
    return counts[:, AlarmCounts._fields.index(name)]
