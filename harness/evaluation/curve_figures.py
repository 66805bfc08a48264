"""A monitor beyond its operating points: the whole curve, and the threshold that adapts (PROTOCOL §5 T5, §7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarm_curve import ALARMED_S, FALSE, FOUND, USEFUL
from harness.evaluation.monitor_runs import WatchedMonitor
from harness.evaluation.ranking import RankedRun
from harness.evaluation.rates import from_bootstrap, per_exposure, proportion
from harness.evaluation.statistics.bootstrap import bootstrap, ratio_of
from harness.evaluation.threshold_schemes import ADAPTIVE_RATE, adaptive_conformal

FloatArray = npt.NDArray[np.float64]

ADAPTIVE_ALPHA = 0.10


def curve_figures(
    curves: FloatArray,
    detectable: FloatArray,
    negative_s: FloatArray,
    watched: WatchedMonitor,
    strata: Sequence[object],
    seed: int,
) -> list[dict[str, Any]]:
    """Recall, precision, false alarms and duty at every pair of thresholds, strict to loose.

    Args:
        curves: counts of each run, (R, K, 4). detectable: events of each run, (R,). negative_s: (R,).
        watched: whose curve. strata: conditions of the runs. seed: of the bootstrap.
    """
    total = curves.sum(axis=0)
    pairs = len(watched.curve)
    columns = np.column_stack([curves[:, :, ALARMED_S], negative_s])
    duty = bootstrap(columns, {str(k): ratio_of(k, pairs) for k in range(pairs)}, strata, seed)
    minutes, events = float(negative_s.sum()) / 60.0, int(detectable.sum())
    return [
        {
            "theta_on": float(theta_on),
            "theta_off": float(theta_off),
            "event_recall": proportion(int(total[k, FOUND]), events),
            "precision": proportion(int(total[k, USEFUL]), int(total[k, USEFUL] + total[k, FALSE])),
            "false_alarms_per_min": per_exposure(int(total[k, FALSE]), minutes),
            "duty": from_bootstrap(duty[str(k)], float(total[k, ALARMED_S]), minutes * 60.0),
        }
        for k, (theta_on, theta_off) in enumerate(watched.curve)
    ]


def adaptive_figures(ranked: Sequence[RankedRun], calibration_maxima: Sequence[float]) -> dict[str, Any] | None:
    """What T5 would have done on these runs, in their order, judged run by run on the bare statistic.

    ``runs_with_false_alarm`` is promised to tend to 10 % whatever the conditions; recall counts runs whose statistic
    exceeds the threshold of the moment in their positive zones. None without calibration maxima.
    """
    counted = [run for run in ranked if len(run.negatives)]
    if not calibration_maxima or not counted:
        return None
    steps = adaptive_conformal(calibration_maxima, [float(run.negatives.max()) for run in counted], ADAPTIVE_ALPHA)
    found = [
        bool(run.positives.max() > step.theta) for run, step in zip(counted, steps, strict=True) if len(run.positives)
    ]
    finite = [step.theta for step in steps if np.isfinite(step.theta)]
    return {
        "alpha": ADAPTIVE_ALPHA,
        "rate": ADAPTIVE_RATE,
        "runs_with_false_alarm": proportion(sum(step.exceeded for step in steps), len(steps)),
        "event_recall": proportion(sum(found), len(found)),
        "theta_range": [min(finite), max(finite)] if finite else None,
    }
