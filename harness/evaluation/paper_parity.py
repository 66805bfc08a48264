"""The failure-prediction figures of the saliency paper, frame by frame (PROTOCOL §7, "paper parity").

flagged = |predicted error| > 5°, failed = |true error| > 5°, true error = agent − reference, signed, in
degrees; by |reference SWA| in 0-30, 30-60 and 60-90°. TPR is what the paper calls "safety gained" and
stands beside its FPR. Two columns are never mixed: *on-policy* (states the agent visits, shadow runs) and
*log-based* (states the expert visits). Frames of the warm-up, under the ODD mask and from a departure on
are left out. A frame on which the monitor failed is flagged (fail safe) and has no error of its own. Frames
of a run are not independent: intervals are bootstraps over pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.departures import MAIN_GRADE, find_departures
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


@dataclass
class ParityFrames:
    """Per-run sums by SWA range, gathered run by run so that no frame needs to stay in memory.

    Attributes:
        strata: condition of each run.
        driver: per run, (ranges, 2): Σ |true error| and frames.
        monitors: name -> per run, (ranges, 6): TP, failed, FP, not failed, Σ |predicted − true error|, frames
            predicted. A run in which the monitor predicted nothing adds zeros.
    """

    strata: list[str] = field(default_factory=list)
    driver: list[FloatArray] = field(default_factory=list)
    monitors: dict[str, list[FloatArray]] = field(default_factory=dict)

    def add(self, episode: EpisodeData) -> None:
        """Add the frames of one run."""
        keep = judged_frames(episode)
        reference = episode.column("swa_label_deg").astype(np.float64)
        true_error = episode.column("swa_agent_deg").astype(np.float64) - reference
        keep &= np.isfinite(true_error)
        in_range = [keep & (np.abs(reference) >= low) & (np.abs(reference) < high) for _, low, high in ALL_RANGES]
        # 90° itself belongs to the last range of the paper's table.
        in_range[2] |= keep & (np.abs(reference) == SWA_RANGES[-1][2])
        self.driver.append(np.array([[np.abs(true_error[m]).sum(), m.sum()] for m in in_range], dtype=float))
        for monitor in episode.monitors:
            predicted = episode.swa_error_deg(monitor)
            if predicted is None:
                continue
            sums = np.array([_sums(predicted[m].astype(np.float64), true_error[m]) for m in in_range])
            runs = self.monitors.setdefault(monitor, [])
            runs.extend(np.zeros((len(ALL_RANGES), 6)) for _ in range(len(self.strata) - len(runs)))
            runs.append(sums)
        self.strata.append(episode.condition)

    def figures(self, seed: int) -> dict[str, Any] | None:
        """Driver and monitor figures by range; None without a run."""
        if not self.strata:
            return None
        driver = np.array(self.driver)
        return {
            "runs": len(self.strata),
            "driver_mae_deg": [
                {
                    "range_deg": name,
                    "mae": clustered_ratio(driver[:, r, 0], driver[:, r, 1], self.strata, seed, is_share=False),
                }
                for r, (name, _, _) in enumerate(ALL_RANGES)
            ],
            "monitors": {name: {"ranges": self._ranges(self._padded(name), seed)} for name in sorted(self.monitors)},
        }

    def _padded(self, monitor: str) -> FloatArray:
        runs = self.monitors[monitor]
        missing = [np.zeros((len(ALL_RANGES), 6))] * (len(self.strata) - len(runs))
        return np.array([*runs, *missing])

    def _ranges(self, sums: FloatArray, seed: int) -> list[dict[str, Any]]:
        ranges = []
        for r, (name, _, _) in enumerate(ALL_RANGES):
            tp, failed, fp, safe, error, predicted = sums[:, r].T
            ranges.append(
                {
                    "range_deg": name,
                    "frames": int(failed.sum() + safe.sum()),
                    "failed": int(failed.sum()),
                    "tpr": clustered_ratio(tp, failed, self.strata, seed),
                    "fpr": clustered_ratio(fp, safe, self.strata, seed),
                    "predictor_mae_deg": clustered_ratio(error, predicted, self.strata, seed, is_share=False),
                }
            )
        return ranges


def judged_frames(episode: EpisodeData) -> npt.NDArray[np.bool_]:
    """Frames that count: after the warm-up, outside the ODD mask, before the first departure, (N,) bool."""
    keep = ~episode.column("odd_mask").astype(bool)
    keep[: ticks_at_least(WARM_UP_S, episode.tick_s)] = False
    for departure in find_departures(episode.ticks, episode.tick_s):
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
