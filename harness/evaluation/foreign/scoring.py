"""Figures of logs and scores that other tools wrote: ours, and beside them those of the published scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarms import alarm_from_statistic, final_statistic
from harness.evaluation.departures import MAIN_GRADE, MERGE_GAP_S, Departure
from harness.evaluation.event_figures import event_figures
from harness.evaluation.event_metrics import judge_run, run_truth
from harness.evaluation.foreign.driving_log import DrivingLog
from harness.evaluation.foreign.published_scorers import (
    SECONDS_AHEAD,
    FrameRun,
    ampmof,
    mean_of_rounded,
    selforacle,
    thirdeye,
    thirdeye_threshold,
)
from harness.evaluation.ranking import RankedRun, ranking_figures
from harness.evaluation.stretches import maximal_stretches, ticks_at_least
from harness.evaluation.thresholds import CalibrationRun, fit_operating_points
from harness.evaluation.zones import HORIZON_S, REACTION_S, find_zones

SEED = 20_240_229
CONFIDENCES = (0.95, 0.99, 0.999)
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ForeignRun:
    """One log, its scores, and whether the sensor was degraded (false alarms are told apart by it)."""

    log: DrivingLog
    score: FloatArray
    degraded: bool = False

    def frames(self) -> FrameRun:
        """As the published scorers see it: frame by frame."""
        failed = np.zeros(len(self.score), dtype=bool) if self.log.crashed is None else self.log.crashed
        return FrameRun(self.score, failed, self.log.frames_per_s)

    def calibration(
        self, index: int = 0, reaction_s: float = REACTION_S, horizon_s: float = HORIZON_S
    ) -> CalibrationRun:
        """As our scorer sees it: on an even grid, in seconds."""
        tick_s, rows, stale = self.log.grid()
        statistic = final_statistic(np.where(stale, np.nan, self.score[rows]), tick_s)
        n = len(rows)
        departures = _failures(self.log, rows, tick_s)
        level = np.full(n, float(self.degraded))
        zones = find_zones(departures, np.zeros(n, dtype=bool), level, tick_s, reaction_s, horizon_s)
        return CalibrationRun(statistic, run_truth(zones, self.log.speed_mps[rows], tick_s, SEED + index))


def score_runs(
    runs: Sequence[ForeignRun],
    points: Mapping[str, Mapping[str, float] | None],
    nominal: Sequence[ForeignRun] = (),
    reaction_s: float = REACTION_S,
    horizon_s: float = HORIZON_S,
) -> dict[str, Any]:
    """Every figure of one tool on some logs.

    Args:
        runs: to be scored.
        points: name -> ``{theta_on, theta_off}`` on the trailing 0.5 s mean of the score, None = not enough runs.
        nominal: laps without failure; the published scorers fit their thresholds there. Without any, they are left out.
        reaction_s, horizon_s: ρ and H of our scorer.
    """
    judged = [run.calibration(index, reaction_s, horizon_s) for index, run in enumerate(runs)]
    strata = ["degraded" if run.degraded else "nominal" for run in runs]
    ranked = [RankedRun.of(run.statistic, run.truth.zones.positive, run.truth.zones.negative) for run in judged]
    return {
        "schema_version": 1,
        "runs": [
            {
                "log": run.log.name,
                "frames": len(run.score),
                "frames_per_s": run.log.frames_per_s,
                "failures": len(truth.truth.onsets),
                "warnings": list(run.log.warnings),
            }
            for run, truth in zip(runs, judged, strict=True)
        ],
        "reaction_s": reaction_s,
        "horizon_s": horizon_s,
        "ranking": ranking_figures(ranked, strata, SEED),
        "points": [
            {"point": name, "reason": "not enough calibration runs"}
            if point is None
            else {"point": name, **point, **_at(judged, point, strata)}
            for name, point in points.items()
        ],
        "published_scorers": published_figures([run.frames() for run in runs], [run.frames() for run in nominal]),
    }


def fit_foreign_points(calibration: Sequence[ForeignRun]) -> dict[str, Any]:
    """Operating points from calibration logs; conditions are unknown, so there is no point by condition."""
    fitted = fit_operating_points([run.calibration(index) for index, run in enumerate(calibration)])
    return {name: point for name, point in fitted.items() if point is None or "by_condition" not in point}


def published_figures(runs: Sequence[FrameRun], nominal: Sequence[FrameRun]) -> list[dict[str, Any]]:
    """Counts of the published scorers at Gamma thresholds of the nominal laps; empty without such laps."""
    if not all(np.isfinite(run.score).all() for run in [*runs, *nominal]):
        return [{"scorer": "all", "reason": "frames without a score: the published scorers know none"}]
    found = []
    for confidence in CONFIDENCES:
        threshold = thirdeye_threshold(nominal, confidence) if nominal else None
        if threshold is None:
            continue
        failing = [run for run in runs if run.failures]
        counted = [selforacle(runs, threshold), ampmof(runs, threshold)]
        for seconds_ahead in SECONDS_AHEAD:
            for never_reset in (True, False):
                counted.append(thirdeye(nominal, failing, threshold, seconds_ahead, "max", never_reset))
        common = {"confidence": confidence, "threshold": threshold}
        found += [{**common, **counts.to_json()} for counts in counted]
        by_run = [thirdeye(nominal, [run], threshold, 3) for run in failing]
        label = "thirdeye TTM 3 s max, mean over runs of whole per cent"
        found.append({**common, "scorer": label, **mean_of_rounded(by_run)})
    return found


def _at(runs: Sequence[CalibrationRun], point: Mapping[str, float], strata: Sequence[str]) -> dict[str, Any]:
    judged = [
        judge_run(
            alarm_from_statistic(run.statistic, point["theta_on"], point["theta_off"], run.truth.tick_s), run.truth
        )
        for run in runs
    ]
    return event_figures(
        np.array([run.counts for run in judged], dtype=np.float64),
        np.array([run.truth.exposure for run in runs], dtype=np.float64),
        [lead for run in judged for lead in run.lead_s],
        strata,
        SEED,
    )


def _failures(log: DrivingLog, rows: npt.NDArray[np.int64], tick_s: float) -> list[Departure]:
    if log.crashed is None:
        return []
    return [
        Departure(MAIN_GRADE, stretch.start, stretch.end, stretch.start * tick_s, stretch.end * tick_s, 0.0)
        for stretch in maximal_stretches(log.crashed[rows], 1, ticks_at_least(MERGE_GAP_S, tick_s))
    ]
