"""Everything said about a monitor from shadow runs: ranking, operating points, latency, faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import alarm_from_statistic, fault_ticks, final_statistic
from harness.evaluation.departures import find_departures
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.event_metrics import RunAlarms, event_figures, judge_run
from harness.evaluation.ranking import RankedRun, ranking_figures
from harness.evaluation.zones import Zones, find_zones

TIMING_PREFIX = "monitor_ms__"
BASELINES = frozenset(
    {
        *("constant", "random", "periodic", "always_on", "brightness", "sharpness"),
        *("condition_only", "curvature", "condition_curvature", "current_margin", "true_error"),
    }
)
Points = Mapping[str, Mapping[str, float] | None]


@dataclass
class _MonitorRuns:
    strata: list[str] = field(default_factory=list)
    ranked: list[RankedRun] = field(default_factory=list)
    judged: dict[str, list[RunAlarms]] = field(default_factory=dict)
    latency_ms: list[npt.NDArray[np.float32]] = field(default_factory=list)
    faults: int = 0
    ticks: int = 0


class MonitorTables:
    """Gathers shadow runs one by one; only judged figures and ranked scores stay in memory.

    Args:
        thresholds: content of ``thresholds.json``; without it no operating point is judged.
        described: monitors of the campaign, each with ``name unit privileged declared_latency_s``; what is
            not described stays null, and an unknown latency counts as none.
        seed: of circular shifts and bootstraps.
    """

    def __init__(self, thresholds: Mapping[str, Any] | None, described: Sequence[Mapping[str, Any]], seed: int) -> None:
        self._fitted: Mapping[str, Any] = (thresholds or {}).get("monitors") or {}
        self._seed = seed
        self._runs: dict[str, _MonitorRuns] = {}
        self._info = {str(monitor["name"]): monitor for monitor in described}

    def add(self, episode: EpisodeData, run_index: int) -> Zones:
        """Judge every monitor of one shadow run.

        Args:
            episode: a run that counts. run_index: its place among them; seeds its circular shifts.

        Returns:
            The zones of the run.
        """
        departures = find_departures(episode.ticks, episode.tick_s)
        zones = find_zones(departures, episode.column("odd_mask"), episode.column("sensor_level"), episode.tick_s)
        for monitor in episode.monitors:
            self._add_monitor(episode, monitor, zones, run_index)
        return zones

    def _add_monitor(self, episode: EpisodeData, monitor: str, zones: Zones, run_index: int) -> None:
        runs = self._runs.setdefault(monitor, _MonitorRuns())
        raw = episode.raw_score(monitor)
        statistic = final_statistic(raw, episode.tick_s)
        runs.strata.append(episode.condition)
        runs.ranked.append(_ranked(statistic, zones))
        runs.faults += fault_ticks(raw)
        runs.ticks += len(raw)
        if episode.timings is not None and TIMING_PREFIX + monitor in episode.timings.columns:
            runs.latency_ms.append(episode.timings[TIMING_PREFIX + monitor].to_numpy(np.float32))
        for name, point in self._points(monitor).items():
            if point is None:
                continue
            alarm = alarm_from_statistic(
                statistic, point["theta_on"], point["theta_off"], episode.tick_s, self._latency_s(monitor)
            )
            judged = judge_run(alarm, zones, episode.column("speed_mps"), episode.tick_s, self._seed + run_index)
            runs.judged.setdefault(name, []).append(judged)

    def figures(self) -> list[dict[str, Any]]:
        """One entry per monitor, in the order in which they score."""
        return [self._entry(name, runs) for name, runs in self._runs.items()]

    def _entry(self, monitor: str, runs: _MonitorRuns) -> dict[str, Any]:
        info = self._info.get(monitor, {})
        return {
            "name": monitor,
            "unit": info.get("unit"),
            "privileged": info.get("privileged"),
            "baseline": monitor in BASELINES,
            "runs": len(runs.ranked),
            **ranking_figures(runs.ranked, runs.strata, self._seed),
            "latency_ms": _latency(runs.latency_ms, info.get("declared_latency_s")),
            "faults": {"ticks": runs.faults, "of_ticks": runs.ticks},
            "points": [self._point(name, point, runs) for name, point in self._points(monitor).items()],
        }

    def _point(self, name: str, point: Mapping[str, float] | None, runs: _MonitorRuns) -> dict[str, Any]:
        if point is None:
            return {
                "point": name,
                "theta_on": None,
                "theta_off": None,
                "reason": "not enough calibration runs",
            }
        thetas = {"point": name, "theta_on": point["theta_on"], "theta_off": point["theta_off"]}
        return {**thetas, **event_figures(runs.judged[name], runs.strata, self._seed)}

    def _points(self, monitor: str) -> Points:
        return (self._fitted.get(monitor) or {}).get("points") or {}

    def _latency_s(self, monitor: str) -> float:
        return float(self._info.get(monitor, {}).get("declared_latency_s") or 0.0)


def _ranked(statistic: npt.NDArray[np.float64], zones: Zones) -> RankedRun:
    """Only the ticks of either class, so that a campaign's scores fit into memory."""
    positive = zones.positive
    kept = positive | zones.negative
    return RankedRun(statistic[kept], positive[kept], zones.negative[kept])


def _latency(parts: list[npt.NDArray[np.float32]], declared_s: float | None) -> dict[str, float | None]:
    declared_ms = None if declared_s is None else 1000.0 * declared_s
    values = np.concatenate(parts) if parts else np.zeros(0)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return {"p50": None, "p95": None, "p99": None, "declared": declared_ms}
    p50, p95, p99 = np.percentile(values, [50, 95, 99]).tolist()
    return {"p50": p50, "p95": p95, "p99": p99, "declared": declared_ms}
