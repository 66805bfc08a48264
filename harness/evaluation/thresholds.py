"""Operating points from calibration runs (PROTOCOL §5, §7), fitted once, frozen, hashed.

* ``fa0.10 fa0.25 fa0.50``: at most that many false alarm episodes per eligible minute.
* ``duty5 duty10``: at most 5 and 10 % of negative time under alarm.
* ``gamma95 gamma99 gamma999`` (T1): Gamma quantile of 1 s window maxima in nominal time, as published.
* ``conformal5 conformal10`` (T2): conformal on run maxima of the final statistic.
* ``conformal10_by_condition`` (T3): T2 within each condition; needs to know the condition, so for analysis only.
* ``cost10 cost100`` (T4): cheapest on the calibration runs if a miss costs 10 or 100 false alarm episodes.
* ``run_maxima``: what T5, the adaptive form of T2, starts from.

Both thresholds are quantiles of the final statistic over the negative time of the calibration runs: θ_on with some
exceedance share, θ_off with 1.5 times that share. Searches go from strict to loose; that for ``fa`` and ``duty`` stops
before the first violation, so a monitor that latches (one endless episode) cannot slip under a limit on episodes. A
constant score never exceeds its own quantile: the monitor stays silent at every point. Always-on is the exception by
definition, its finite thresholds lie below its constant score. A point that the runs cannot support is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.campaign.identity import short_hash
from harness.evaluation.alarm_curve import ALARMED_S, FALSE, FOUND, alarm_curve
from harness.evaluation.alarms import final_statistic
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.event_metrics import RunTruth, run_truth
from harness.evaluation.threshold_schemes import cheapest, conformal_threshold, gamma_threshold
from harness.evaluation.zones import find_zones

THRESHOLDS_SCHEMA_VERSION = 1
FALSE_ALARM_POINTS = {"fa0.10": 0.10, "fa0.25": 0.25, "fa0.50": 0.50}
DUTY_POINTS = {"duty5": 0.05, "duty10": 0.10}
GAMMA_POINTS = {"gamma95": 0.95, "gamma99": 0.99, "gamma999": 0.999}
CONFORMAL_POINTS = {"conformal5": 0.05, "conformal10": 0.10}
GROUP_POINT, GROUP_ALPHA = "conformal10_by_condition", 0.10
COST_POINTS = {"cost10": 10.0, "cost100": 100.0}
POINTS = (*FALSE_ALARM_POINTS, *DUTY_POINTS, *GAMMA_POINTS, *CONFORMAL_POINTS, GROUP_POINT, *COST_POINTS)
OFF_SHARE_FACTOR = 1.5
ALWAYS_ON = "always_on"
# From 1 in 100,000 ticks to every second tick, 40 steps per decade.
EXCEEDANCE_SHARES = np.geomspace(1e-5, 0.5, 189)
CURVE_POINTS = 16

FloatArray = npt.NDArray[np.float64]
Point = dict[str, Any] | None


@dataclass(frozen=True)
class CalibrationRun:
    """One monitor in one calibration run: final statistic (N,), truth of the run, declared latency, s, condition."""

    statistic: FloatArray
    truth: RunTruth
    declared_latency_s: float = 0.0
    condition: str = ""

    @property
    def negatives(self) -> FloatArray:
        """The statistic in negative time, NaN where the monitor failed."""
        return self.statistic[self.truth.zones.negative]

    @property
    def maximum(self) -> float:
        """Largest statistic in negative time; a run in which the monitor failed counts as maximal."""
        values = self.negatives
        return float("inf") if np.isnan(values).any() else float(values.max())


def fit_thresholds(
    episodes: Sequence[EpisodeData],
    monitors: Sequence[str],
    calibration: dict[str, Any],
    declared_latency_s: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Content of ``thresholds.json`` (docs/architecture.md §7).

    Args:
        episodes: completed shadow runs of the calibration set, in which every monitor scored.
        monitors: names to fit.
        calibration: provenance to store (campaign, seeds, hashes).
        declared_latency_s: by monitor, default 0.
    """
    latencies = declared_latency_s or {}
    truths = [calibration_truth(episode) for episode in episodes]
    fitted = {}
    for monitor in monitors:
        runs = [
            CalibrationRun(
                final_statistic(episode.raw_score(monitor), episode.tick_s),
                truth,
                latencies.get(monitor, 0.0),
                episode.condition,
            )
            for episode, truth in zip(episodes, truths, strict=True)
        ]
        fitted[monitor] = fit_monitor(runs, always_on=monitor == ALWAYS_ON)
    minutes = sum(truth.exposure.negative_s for truth in truths) / 60.0
    return {
        "schema_version": THRESHOLDS_SCHEMA_VERSION,
        "calibration": {
            **calibration,
            "runs": len(episodes),
            "eligible_minutes": minutes,
            "world_ids": sorted({episode.world_id for episode in episodes}),
        },
        "fitted_hash": short_hash(fitted),
        "monitors": fitted,
    }


def calibration_truth(episode: EpisodeData) -> RunTruth:
    """Zones of one recorded run; shifts are not used in calibration, so their seed is immaterial."""
    zones = find_zones(episode.failures, episode.column("odd_mask"), episode.column("sensor_level"), episode.tick_s)
    return run_truth(zones, episode.column("speed_mps"), episode.tick_s, shift_seed=0)


def fit_monitor(runs: Sequence[CalibrationRun], always_on: bool = False) -> dict[str, Any]:
    """Points, curve and run maxima of one monitor.

    Returns:
        ``points``; ``curve``: about 16 pairs of thresholds from strict to loose, for a full curve on test runs;
        ``run_maxima``: sorted, finite ones only.
    """
    candidates = _candidates(_pooled(runs))
    every = max(1, len(candidates) // CURVE_POINTS)
    maxima = sorted(run.maximum for run in runs if len(run.negatives))
    return {
        "points": fit_operating_points(runs, always_on),
        "curve": [] if always_on else candidates[::-1][::every][::-1],
        "run_maxima": [maximum for maximum in maxima if np.isfinite(maximum)],
    }


def fit_operating_points(runs: Sequence[CalibrationRun], always_on: bool = False) -> dict[str, Point]:
    """All operating points of one monitor; a point that the runs cannot support is None.

    Args:
        runs: of one monitor. always_on: thresholds below its constant score instead of a fit.
    """
    pooled = _pooled(runs)
    if always_on:
        lowest = [run.statistic[np.isfinite(run.statistic)].min(initial=0.0) for run in runs]
        floor = float(min(lowest, default=0.0))
        return {name: {"theta_on": floor - 1.0, "theta_off": floor - 1.0} for name in POINTS}
    if len(pooled) == 0:
        return dict.fromkeys(POINTS)
    points: dict[str, Point] = dict.fromkeys(POINTS)
    points |= _searched(runs, _candidates(pooled))
    windows = _nominal_window_maxima(runs)
    for name, confidence in GAMMA_POINTS.items():
        points[name] = _point(gamma_threshold(windows, confidence), pooled)
    maxima = [run.maximum for run in runs if len(run.negatives)]
    for name, alpha in CONFORMAL_POINTS.items():
        points[name] = _point(conformal_threshold(maxima, alpha), pooled)
    points[GROUP_POINT] = _grouped(runs, pooled)
    return points


def _pooled(runs: Sequence[CalibrationRun]) -> FloatArray:
    values = [run.negatives for run in runs]
    pooled = np.concatenate(values) if values else np.zeros(0)
    return np.sort(pooled[np.isfinite(pooled)])


def _candidates(pooled: FloatArray) -> list[dict[str, float]]:
    """Distinct pairs of thresholds from strict to loose."""
    if len(pooled) == 0:
        return []
    pairs = [_with_off(_upper_quantile(pooled, share), pooled) for share in EXCEEDANCE_SHARES]
    return list({tuple(pair.values()): pair for pair in pairs}.values())


def _searched(runs: Sequence[CalibrationRun], candidates: Sequence[dict[str, float]]) -> dict[str, Point]:
    """The points that depend on what a candidate does on the runs: false alarms, duty, cost."""
    thetas = np.array([[pair["theta_on"], pair["theta_off"]] for pair in candidates])
    counts = sum(alarm_curve(run.statistic, thetas, run.truth, run.declared_latency_s) for run in runs)
    assert isinstance(counts, np.ndarray)
    negative_s = sum(run.truth.exposure.negative_s for run in runs)
    points: dict[str, Point] = {}
    for limits, used in (
        (FALSE_ALARM_POINTS, counts[:, FALSE] / (negative_s / 60.0)),
        (DUTY_POINTS, counts[:, ALARMED_S] / negative_s),
    ):
        for name, limit in limits.items():
            violations = np.flatnonzero(used > limit)
            kept = int(violations[0]) if len(violations) else len(candidates)
            points[name] = candidates[kept - 1] if kept else None
    detectable = sum(int(run.truth.detectable.sum()) for run in runs)
    for name, ratio in COST_POINTS.items():
        best = cheapest(detectable - counts[:, FOUND], counts[:, FALSE], ratio)
        points[name] = candidates[best] if detectable else None
    return points


def _nominal_window_maxima(runs: Sequence[CalibrationRun]) -> FloatArray:
    """Largest statistic of each 1 s window that lies in nominal time as a whole."""
    maxima = []
    for run in runs:
        ticks, nominal = run.truth.windows.ticks, run.truth.zones.nominal
        maxima += [
            float(run.statistic[start : start + ticks].max())
            for start in run.truth.windows.negative.tolist()
            if nominal[start : start + ticks].all()
        ]
    return np.array(maxima)


def _grouped(runs: Sequence[CalibrationRun], pooled: FloatArray) -> Point:
    groups = {}
    for condition in sorted({run.condition for run in runs}):
        maxima = [run.maximum for run in runs if run.condition == condition and len(run.negatives)]
        groups[condition] = _point(conformal_threshold(maxima, GROUP_ALPHA), pooled)
    return {"by_condition": groups} if any(groups.values()) else None


def _point(theta_on: float | None, pooled: FloatArray) -> dict[str, float] | None:
    return None if theta_on is None else _with_off(theta_on, pooled)


def _with_off(theta_on: float, pooled: FloatArray) -> dict[str, float]:
    exceeding = len(pooled) - int(np.searchsorted(pooled, theta_on, side="right"))
    share = max(exceeding, 1) / len(pooled)
    theta_off = min(theta_on, _upper_quantile(pooled, min(1.0, OFF_SHARE_FACTOR * share)))
    return {"theta_on": float(theta_on), "theta_off": float(theta_off)}


def _upper_quantile(pooled: FloatArray, share: float) -> float:
    """The smallest value that at most ``share`` of the pooled values exceed."""
    allowed = int(share * len(pooled) + 1e-9)
    return float(pooled[max(0, len(pooled) - 1 - allowed)])
