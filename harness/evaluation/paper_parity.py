"""The failure-prediction figures of the saliency paper, frame by frame (PROTOCOL §7, "paper parity").

flagged = |predicted error| > 5°, failed = |true error| > 5°, true error = agent − reference, signed, in
degrees; by |reference SWA| in 0-30, 30-60 and 60-90°. TPR is what the paper calls "safety gained" and
stands beside its FPR. Two columns are never mixed: *on-policy* (states the agent visits, shadow runs) and
*log-based* (states the expert visits). Frames of the warm-up, under the ODD mask and from a departure on
are left out. A frame on which the monitor failed is flagged (fail safe) and has no error of its own. Frames
of a run are not independent: intervals are bootstraps over pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.departures import MAIN_GRADE
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.rates import clustered_ratio
from harness.evaluation.stretches import ticks_at_least
from harness.evaluation.zones import WARM_UP_S

FAILURE_DEG = 5.0
SWA_RANGES: tuple[tuple[str, float, float], ...] = (
    ("0-30", 0.0, 30.0),
    ("30-60", 30.0, 60.0),
    ("60-90", 60.0, 90.0),
)
ALL_RANGES = (*SWA_RANGES, ("all", 0.0, float("inf")))
PAPER_TPR_PERCENT = {"saliency": [42, 56, 68], "camera": [18, 51, 68]}

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ParityRun:
    """Sums of one run by SWA range.

    Attributes:
        driver: (ranges, 2): Σ |true error| and frames.
        monitors: name -> (ranges, 6): TP, failed, FP, not failed, Σ |predicted − true error|, frames predicted; only
            monitors that predict an error.
    """

    driver: FloatArray
    monitors: Mapping[str, FloatArray]


def parity_run(episode: EpisodeData) -> ParityRun:
    """The frames of one run."""
    predicted = {name: episode.swa_error_deg(name) for name in episode.monitors}
    return parity_of(
        episode.column("swa_label_deg").astype(np.float64),
        episode.column("swa_agent_deg").astype(np.float64),
        {name: values.astype(np.float64) for name, values in predicted.items() if values is not None},
        judged_frames(episode),
    )


def parity_of(
    reference: FloatArray, agent: FloatArray, predicted: Mapping[str, FloatArray], judged: npt.NDArray[np.bool_]
) -> ParityRun:
    """The judged frames of one run, or of any stretch of driving.

    Args:
        reference, agent: SWA of the reference and of the agent, degrees, (N,); frames without an agent are left out.
        predicted: monitor -> predicted signed error, degrees, (N,), NaN where it failed. judged: (N,).
    """
    true_error = agent - reference
    keep = judged & np.isfinite(true_error)
    in_range = [keep & (np.abs(reference) >= low) & (np.abs(reference) < high) for _, low, high in ALL_RANGES]
    # 90° itself belongs to the last range of the paper's table.
    in_range[2] |= keep & (np.abs(reference) == SWA_RANGES[-1][2])
    driver = np.array([[np.abs(true_error[m]).sum(), m.sum()] for m in in_range], dtype=float)
    return ParityRun(
        driver,
        {name: np.array([_sums(values[m], true_error[m]) for m in in_range]) for name, values in predicted.items()},
    )


def parity_figures(runs: Sequence[ParityRun], strata: Sequence[str], seed: int) -> dict[str, Any] | None:
    """Driver and monitor figures by range; None without a run.

    A run in which a monitor predicted nothing adds zeros.
    """
    if not runs:
        return None
    driver = np.array([run.driver for run in runs])
    nothing = np.zeros((len(ALL_RANGES), 6))
    names = sorted({name for run in runs for name in run.monitors})
    return {
        "runs": len(runs),
        "driver_mae_deg": [
            {
                "range_deg": name,
                "mae": clustered_ratio(driver[:, r, 0], driver[:, r, 1], strata, seed, is_share=False),
            }
            for r, (name, _, _) in enumerate(ALL_RANGES)
        ],
        "monitors": {
            name: {"ranges": _ranges(np.array([run.monitors.get(name, nothing) for run in runs]), strata, seed)}
            for name in names
        },
    }


def _ranges(sums: FloatArray, strata: Sequence[str], seed: int) -> list[dict[str, Any]]:
    ranges = []
    for r, (name, _, _) in enumerate(ALL_RANGES):
        tp, failed, fp, safe, error, predicted = sums[:, r].T
        ranges.append(
            {
                "range_deg": name,
                "frames": int(failed.sum() + safe.sum()),
                "failed": int(failed.sum()),
                "tpr": clustered_ratio(tp, failed, strata, seed),
                "fpr": clustered_ratio(fp, safe, strata, seed),
                "predictor_mae_deg": clustered_ratio(error, predicted, strata, seed, is_share=False),
            }
        )
    return ranges


def judged_frames(episode: EpisodeData) -> npt.NDArray[np.bool_]:
    """Frames that count: after the warm-up, outside the ODD mask, before the first departure, (N,) bool."""
    keep = ~episode.column("odd_mask").astype(bool)
    keep[: ticks_at_least(WARM_UP_S, episode.tick_s)] = False
    for departure in episode.departures:
        if departure.grade == MAIN_GRADE:
            keep[departure.onset_tick :] = False
    return keep


def _sums(predicted: FloatArray, true_error: FloatArray) -> Sequence[float]:
    fault = np.isnan(predicted)
    failed = np.abs(true_error) > FAILURE_DEG
    flagged = fault | (np.abs(predicted) > FAILURE_DEG)
    return [
        float((flagged & failed).sum()),
        float(failed.sum()),
        float((flagged & ~failed).sum()),
        float((~failed).sum()),
        float(np.abs(predicted - true_error)[~fault].sum()),
        float((~fault).sum()),
    ]
