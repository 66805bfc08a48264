"""Everything said about a monitor from shadow runs: ranking, operating points, probabilities, latency, faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.curve_figures import adaptive_figures, curve_figures
from harness.evaluation.event_figures import event_figures
from harness.evaluation.event_metrics import AlarmCounts, Exposure
from harness.evaluation.foreign.published_scorers import PublishedCounts
from harness.evaluation.monitor_runs import (
    MAIN_POINT,
    PUBLISHED_POINT,
    SWEPT,
    MonitorRun,
    WatchedMonitor,
    thresholds_of,
)
from harness.evaluation.probability import probability_figures
from harness.evaluation.ranking import ranking_figures
from harness.evaluation.rates import per_exposure, proportion

BASELINES = frozenset(
    {
        *("constant", "random", "periodic", "clock", "always_on", "brightness", "sharpness"),
        *("condition_only", "curvature", "condition_curvature", "current_margin", "true_error"),
    }
)
FloatArray = npt.NDArray[np.float64]


class WatchedMonitors:
    """The monitors of a campaign as its files describe them.

    Args:
        thresholds: content of ``thresholds.json``; without it no operating point is judged.
        described: monitors of the campaign, each with ``name unit privileged declared_latency_s``; what is
            not described stays null, and an unknown latency counts as none.
    """

    def __init__(self, thresholds: Mapping[str, Any] | None, described: Sequence[Mapping[str, Any]]) -> None:
        self._fitted: Mapping[str, Any] = (thresholds or {}).get("monitors") or {}
        self._info = {str(monitor["name"]): monitor for monitor in described}

    def info(self, monitor: str) -> Mapping[str, Any]:
        """What the campaign says about a monitor, empty if nothing."""
        return self._info.get(monitor, {})

    def watched(self, monitor: str) -> WatchedMonitor:
        """Operating points and latency of a monitor."""
        fitted = self._fitted.get(monitor) or {}
        curve = [[pair["theta_on"], pair["theta_off"]] for pair in fitted.get("curve") or []]
        return WatchedMonitor(
            fitted.get("points") or {},
            float(self.info(monitor).get("declared_latency_s") or 0.0),
            np.array(curve, dtype=np.float64).reshape(-1, 2),
            fitted.get("run_maxima") or [],
        )


class MonitorTables:
    """Judged runs become figures.

    Args:
        monitors: as the campaign describes them. seed: of the bootstraps.
        missing_runs: shadow runs that nobody knows; they widen the bounds of recall.
    """

    def __init__(self, monitors: WatchedMonitors, seed: int, missing_runs: int = 0) -> None:
        self._monitors = monitors
        self._seed = seed
        self._missing_runs = missing_runs
        self._runs: dict[str, list[MonitorRun]] = {}
        self._exposures: dict[str, list[Exposure]] = {}
        self._strata: dict[str, list[str]] = {}

    def add(self, monitor: str, run: MonitorRun, exposure: Exposure, condition: str) -> None:
        """Add one monitor in one shadow run that counts."""
        self._runs.setdefault(monitor, []).append(run)
        self._exposures.setdefault(monitor, []).append(exposure)
        self._strata.setdefault(monitor, []).append(condition)

    def figures(self) -> list[dict[str, Any]]:
        """One entry per monitor, in the order in which they score."""
        return [self._entry(name) for name in self._runs]

    def _entry(self, monitor: str) -> dict[str, Any]:
        runs, strata, info = self._runs[monitor], self._strata[monitor], self._monitors.info(monitor)
        exposures = np.array(self._exposures[monitor], dtype=np.float64)
        counts = np.array([run.counts for run in runs])
        watched = self._monitors.watched(monitor)
        points = watched.points
        probabilities = [(run.probability, s) for run, s in zip(runs, strata, strict=True) if run.probability]
        return {
            "name": monitor,
            "unit": info.get("unit"),
            "privileged": info.get("privileged"),
            "baseline": monitor in BASELINES,
            "scored_offline": bool(info.get("scored_offline")),
            "runs": len(runs),
            **ranking_figures([run.ranked for run in runs], strata, self._seed),
            "probability": probability_figures(
                [sums for sums, _ in probabilities], [stratum for _, stratum in probabilities], self._seed
            ),
            "latency_ms": _latency([run.latency_ms for run in runs], info.get("declared_latency_s")),
            "faults": {"ticks": sum(run.faults for run in runs), "of_ticks": sum(run.ticks for run in runs)},
            "points": [
                self._point(name, point, counts[:, row], [run.lead_s[row] for run in runs], exposures, strata)
                for row, (name, point) in enumerate(points.items())
            ],
            "curve": self._curve(runs, exposures, watched, strata),
            "adaptive10": adaptive_figures([run.ranked for run in runs], watched.run_maxima),
            "published_scorers": _published([run.published for run in runs], points.get(PUBLISHED_POINT)),
            "sweep": _sweep([run.sweep for run in runs if run.sweep is not None]),
            "by_condition": _by_condition(points, counts, exposures, strata),
        }

    def _curve(
        self, runs: Sequence[MonitorRun], exposures: FloatArray, watched: WatchedMonitor, strata: Sequence[str]
    ) -> list[dict[str, Any]] | None:
        if not len(watched.curve):
            return None
        curves = np.array([run.curve for run in runs])
        detectable = np.array([run.detectable for run in runs], dtype=np.float64)
        return curve_figures(curves, detectable, exposures[:, 0], watched, strata, self._seed)

    def _point(
        self,
        name: str,
        point: Mapping[str, Any] | None,
        counts: FloatArray,
        leads_s: Sequence[tuple[float, ...]],
        exposures: FloatArray,
        strata: Sequence[str],
    ) -> dict[str, Any]:
        thetas: dict[str, Any] = {"point": name, "theta_on": None, "theta_off": None}
        if point is None:
            return {**thetas, "reason": "not enough calibration runs"}
        if "by_condition" in point:
            thetas["by_condition"] = point["by_condition"]
        else:
            thetas |= {"theta_on": point["theta_on"], "theta_off": point["theta_off"]}
        judged = [index for index, condition in enumerate(strata) if thresholds_of(point, condition) is not None]
        figures = event_figures(
            counts[judged],
            exposures[judged],
            [lead for index in judged for lead in leads_s[index]],
            [strata[index] for index in judged],
            self._seed,
            self._missing_runs,
        )
        return {**thetas, "runs_without_threshold": len(strata) - len(judged), **figures}


def _published(
    runs: Sequence[Sequence[PublishedCounts] | None], point: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The runs as published studies counted, for comparison with their tables; see ``published_scorers``."""
    counted = [run for run in runs if run is not None]
    if point is None or not counted:
        return None
    totals = [reduce(add, scorer) for scorer in zip(*counted, strict=True)]
    return {
        "point": PUBLISHED_POINT,
        "threshold": point["theta_on"],
        "runs": len(counted),
        "rows": [total.to_json() for total in totals],
    }


def _sweep(swept: Sequence[FloatArray]) -> dict[str, Any] | None:
    """Recall and false alarms at the main point for other reaction times and horizons."""
    if not swept:
        return None
    rows = []
    for (reaction_s, horizon_s), (detectable, found, false, negative_s) in zip(
        SWEPT, np.sum(swept, axis=0).tolist(), strict=True
    ):
        rows.append(
            {
                "reaction_s": reaction_s,
                "horizon_s": horizon_s,
                "event_recall": proportion(int(found), int(detectable)),
                "false_alarms_per_min": per_exposure(int(false), negative_s / 60.0),
            }
        )
    return {"point": MAIN_POINT, "rows": rows}


def _by_condition(
    points: Mapping[str, Mapping[str, Any] | None], counts: FloatArray, exposures: FloatArray, strata: Sequence[str]
) -> dict[str, Any] | None:
    """Recall and false alarms at the main point, condition by condition: pooled figures hide where a monitor fails."""
    if points.get(MAIN_POINT) is None:
        return None
    table, labels = counts[:, list(points).index(MAIN_POINT)], np.array(strata)
    rows = []
    for condition in dict.fromkeys(strata):
        inside = labels == condition
        total = AlarmCounts(*table[inside].sum(axis=0).tolist())
        rows.append(
            {
                "condition": condition,
                "event_recall": proportion(int(total.hits_detectable), int(total.detectable)),
                "false_alarms_per_min": per_exposure(int(total.false_alarms), float(exposures[inside, 0].sum()) / 60.0),
            }
        )
    return {"point": MAIN_POINT, "rows": rows}


def _latency(parts: list[npt.NDArray[np.float32]], declared_s: float | None) -> dict[str, float | None]:
    declared_ms = None if declared_s is None else 1000.0 * declared_s
    values = np.concatenate(parts) if parts else np.zeros(0)
    if len(values) == 0:
        return {"p50": None, "p95": None, "p99": None, "declared": declared_ms}
    p50, p95, p99 = np.percentile(values, [50, 95, 99]).tolist()
    return {"p50": p50, "p95": p95, "p99": p99, "declared": declared_ms}
