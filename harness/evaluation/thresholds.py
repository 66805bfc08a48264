"""Operating points from calibration runs (PROTOCOL §5, §7).

``fa0.10 fa0.25 fa0.50``: at most that many false alarm episodes per eligible minute. ``duty5 duty10``: at
most 5 and 10 % of negative time under alarm. ``conformal10`` (T2): θ_on is the ⌈(n+1)(1−α)⌉-th smallest run
maximum of the final statistic, α = 0.1, so that a fresh exchangeable run has any statistic above θ with
probability at most α; below 9 runs it is null.

Both thresholds are quantiles of the final statistic over the negative time of the calibration runs: θ_on
with the exceedance share that the target allows, θ_off with 1.5 times that share. The search goes from
strict to loose and stops before the first violation, so a monitor that latches (one endless episode) cannot
slip under a limit on episodes. A constant score never exceeds its own quantile: the monitor stays silent at
every point. Always-on is the exception by definition, its finite thresholds lie below its constant score.
Fit on calibration runs only; freeze before testing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import alarm_from_statistic, final_statistic
from harness.evaluation.departures import find_departures
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.event_metrics import count_episodes
from harness.evaluation.zones import Zones, find_zones

THRESHOLDS_SCHEMA_VERSION = 1
FALSE_ALARM_POINTS = {"fa0.10": 0.10, "fa0.25": 0.25, "fa0.50": 0.50}
DUTY_POINTS = {"duty5": 0.05, "duty10": 0.10}
CONFORMAL_POINT = "conformal10"
CONFORMAL_ALPHA = 0.10
OFF_SHARE_FACTOR = 1.5
ALWAYS_ON = "always_on"
# From 1 in 100,000 ticks to every second tick, 40 steps per decade.
EXCEEDANCE_SHARES = np.geomspace(1e-5, 0.5, 189)

FloatArray = npt.NDArray[np.float64]
Point = dict[str, float] | None


@dataclass(frozen=True)
class CalibrationRun:
    """One monitor in one calibration run: final statistic (N,), zones, tick and declared latency, s."""

    statistic: FloatArray
    zones: Zones
    tick_s: float
    declared_latency_s: float = 0.0


def fit_thresholds(
    episodes: Sequence[EpisodeData],
    monitors: Sequence[str],
    calibration: dict[str, Any],
    declared_latency_s: dict[str, float] | None = None,
) -> dict[str, Any]:
    """Content of ``thresholds.json`` (docs/architecture.md §7).

    Args:
        episodes: completed shadow runs of the calibration set, in which every monitor scored.
        monitors: names to fit.
        calibration: provenance to store (campaign, seeds, hashes).
        declared_latency_s: by monitor, default 0.
    """
    latencies = declared_latency_s or {}
    fitted = {}
    minutes = 0.0
    for monitor in monitors:
        runs = [calibration_run(episode, monitor, latencies.get(monitor, 0.0)) for episode in episodes]
        fitted[monitor] = {"points": fit_operating_points(runs, always_on=monitor == ALWAYS_ON)}
        minutes = sum(float(run.zones.negative.sum()) * run.tick_s for run in runs) / 60.0
    provenance = {**calibration, "runs": len(episodes), "eligible_minutes": minutes}
    return {
        "schema_version": THRESHOLDS_SCHEMA_VERSION,
        "calibration": provenance,
        "monitors": fitted,
    }


def calibration_run(episode: EpisodeData, monitor: str, declared_latency_s: float = 0.0) -> CalibrationRun:
    """Statistic and zones of one monitor in one recorded run."""
    departures = find_departures(episode.columns, episode.tick_s)
    zones = find_zones(departures, episode.column("odd_mask"), episode.column("sensor_level"), episode.tick_s)
    return CalibrationRun(
        final_statistic(episode.raw_score(monitor), episode.tick_s),
        zones,
        episode.tick_s,
        declared_latency_s,
    )


def fit_operating_points(runs: Sequence[CalibrationRun], always_on: bool = False) -> dict[str, Point]:
    """All operating points of one monitor; a point that the runs cannot support is None.

    Args:
        runs: of one monitor. always_on: thresholds below its constant score instead of a fit.
    """
    names = [*FALSE_ALARM_POINTS, *DUTY_POINTS, CONFORMAL_POINT]
    pooled = _pooled(runs)
    if always_on:
        lowest = [run.statistic[np.isfinite(run.statistic)].min(initial=0.0) for run in runs]
        floor = float(min(lowest, default=0.0))
        return {name: {"theta_on": floor - 1.0, "theta_off": floor - 1.0} for name in names}
    if len(pooled) == 0:
        return dict.fromkeys(names)
    points: dict[str, Point] = _search(runs, pooled)
    theta_on = conformal_threshold(_run_maxima(runs), CONFORMAL_ALPHA)
    points[CONFORMAL_POINT] = None if theta_on is None else _with_off(theta_on, pooled)
    return points


def conformal_threshold(run_maxima: Sequence[float] | FloatArray, alpha: float) -> float | None:
    """The ⌈(n+1)(1−α)⌉-th smallest of n run maxima.

    None when n < 1/α − 1 ("not enough runs") or when that maximum is infinite (the monitor failed in too
    many runs).
    """
    maxima = np.sort(np.asarray(run_maxima, dtype=np.float64))
    rank = math.ceil((len(maxima) + 1) * (1.0 - alpha) - 1e-9)
    if not 1 <= rank <= len(maxima) or not np.isfinite(maxima[rank - 1]):
        return None
    return float(maxima[rank - 1])


def _pooled(runs: Sequence[CalibrationRun]) -> FloatArray:
    values = [run.statistic[run.zones.negative] for run in runs]
    pooled = np.concatenate(values) if values else np.zeros(0)
    return np.sort(pooled[np.isfinite(pooled)])


def _run_maxima(runs: Sequence[CalibrationRun]) -> list[float]:
    """Maxima over each run's negative time; a run in which the monitor failed counts as maximal."""
    maxima = []
    for run in runs:
        values = run.statistic[run.zones.negative]
        if len(values):
            maxima.append(float("inf") if np.isnan(values).any() else float(values.max()))
    return maxima


def _search(runs: Sequence[CalibrationRun], pooled: FloatArray) -> dict[str, Point]:
    points: dict[str, Point] = dict.fromkeys([*FALSE_ALARM_POINTS, *DUTY_POINTS])
    open_points = set(points)
    minutes = sum(float(run.zones.negative.sum()) * run.tick_s for run in runs) / 60.0
    for share in EXCEEDANCE_SHARES:
        candidate = _with_off(_upper_quantile(pooled, share), pooled)
        per_minute, duty = _cost(runs, candidate, minutes)
        for name in sorted(open_points):
            if name in FALSE_ALARM_POINTS:
                within = per_minute <= FALSE_ALARM_POINTS[name]
            else:
                within = duty <= DUTY_POINTS[name]
            if within:
                points[name] = candidate
            else:
                open_points.discard(name)
        if not open_points:
            break
    return points


def _cost(runs: Sequence[CalibrationRun], point: dict[str, float], minutes: float) -> tuple[float, float]:
    false_alarms, alarmed_s = 0, 0.0
    for run in runs:
        alarm = alarm_from_statistic(
            run.statistic, point["theta_on"], point["theta_off"], run.tick_s, run.declared_latency_s
        )
        if alarm.any():
            _, nominal, degraded = count_episodes(alarm, run.zones, run.tick_s)
            false_alarms += nominal + degraded
            alarmed_s += float((alarm & run.zones.negative).sum()) * run.tick_s
    return false_alarms / minutes, alarmed_s / 60.0 / minutes


def _with_off(theta_on: float, pooled: FloatArray) -> dict[str, float]:
    exceeding = len(pooled) - int(np.searchsorted(pooled, theta_on, side="right"))
    share = max(exceeding, 1) / len(pooled)
    theta_off = min(theta_on, _upper_quantile(pooled, min(1.0, OFF_SHARE_FACTOR * share)))
    return {"theta_on": float(theta_on), "theta_off": float(theta_off)}


def _upper_quantile(pooled: FloatArray, share: float) -> float:
    """The smallest value that at most ``share`` of the pooled values exceed."""
    allowed = int(share * len(pooled) + 1e-9)
    return float(pooled[max(0, len(pooled) - 1 - allowed)])
