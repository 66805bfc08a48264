"""How published studies counted, beside our own scorer, so that figures can be held against theirs.

Three scorers, reproduced with their flaws; every result is labelled with its scorer:

* ``selforacle`` (ICSE'20): windows of 30 frames, 50 reaction frames, 60 healing frames, the last 80 frames unscored;
  window score = largest 4-frame mean; of a series of false alarms only the first counts, of true negatives every one.
* ``thirdeye`` (ASE'22, and with it the uncertainty study of ICST'24): one window of 1 s ending TTM − 1 s before each
  failure, raw scores, ``>=``; false positives from the nominal lap alone, on which the threshold was fitted, and there
  after a rolling mean. Its window is never reset between the failures of a run (``never_reset``): with ``max`` one
  detected failure makes every later one detected. ``never_reset=False`` is the same scorer without that fault.
* ``ampmof`` (CARLA): positive zone 60 to 5 frames before the failure that ends the run, windows of 30 frames before
  it and in safe runs.

Frames are the studies' own unit: their figures depend on the frame rate. Undefined figures are written as 0, as they
were published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from harness.evaluation.stretches import BoolArray, maximal_stretches
from harness.evaluation.threshold_schemes import gamma_threshold

FloatArray = npt.NDArray[np.float64]
Aggregate = Literal["max", "mean"]

SELFORACLE_WINDOW, SELFORACLE_REACTION, SELFORACLE_HEALING, SELFORACLE_TAIL = 30, 50, 60, 80
SELFORACLE_MEAN = 4
AMPMOF_FIRST, AMPMOF_LAST, AMPMOF_WINDOW = 60, 5, 30
MAX_CRASHED_FRAMES = 2
SECONDS_AHEAD = (1, 2, 3)


@dataclass(frozen=True)
class FrameRun:
    """One run frame by frame: raw score, (N,), higher = riskier; whether the car has failed, (N,) bool; frame rate."""

    score: FloatArray
    failed: BoolArray
    frames_per_s: float

    def __post_init__(self) -> None:
        if len(self.score) != len(self.failed):
            raise ValueError(
                f"{len(self.score)} scores but {len(self.failed)} frames in the log: they do not belong together"
            )

    @property
    def whole_frames_per_s(self) -> int:
        """Frame rate as the studies use it, a whole number of at least 1."""
        return max(1, int(self.frames_per_s + 1e-9))

    @cached_property
    def failures(self) -> list[int]:
        """First frame of each failure (the 0 → 1 edges)."""
        return [stretch.start for stretch in maximal_stretches(self.failed)]


@dataclass(frozen=True)
class PublishedCounts:
    """Windows as a study counted them; ``undetectable`` ones are in no figure."""

    scorer: str
    tp: int
    fp: int
    fn: int
    tn: int
    undetectable: int = 0

    def __add__(self, other: PublishedCounts) -> PublishedCounts:
        """Counts of two runs by one scorer."""
        return PublishedCounts(
            self.scorer,
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.tn + other.tn,
            self.undetectable + other.undetectable,
        )

    def to_json(self) -> dict[str, Any]:
        """Counts and figures; undefined is 0 here, as published, and nowhere else in this project."""
        return {
            "scorer": self.scorer,
            "undefined_is": 0,
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
            "tn": self.tn,
            "undetectable": self.undetectable,
            "precision": _share(self.tp, self.tp + self.fp),
            "recall": _share(self.tp, self.tp + self.fn),
            "fpr": _share(self.fp, self.fp + self.tn),
            "f3": _share(self.tp, self.tp + 0.1 * self.fp + 0.9 * self.fn),
        }


def thirdeye_windows(run: FrameRun, aggregate: Aggregate = "max") -> FloatArray:
    """Windows of a nominal lap: rolling 1 s mean, then the largest (or mean) value of each full second, (W,)."""
    frames = run.whole_frames_per_s
    if len(run.score) < frames:
        return np.zeros(0)
    rolling = np.convolve(run.score, np.full(frames, 1.0 / frames), mode="valid")
    full = rolling[: len(rolling) // frames * frames].reshape(-1, frames)
    return np.asarray(full.max(axis=1) if aggregate == "max" else full.mean(axis=1))


def thirdeye_threshold(nominal: Sequence[FrameRun], confidence: float, aggregate: Aggregate = "max") -> float | None:
    """Gamma quantile of the nominal windows; None where no Gamma distribution can be fitted."""
    return gamma_threshold(np.concatenate([thirdeye_windows(run, aggregate) for run in nominal]), confidence)


def thirdeye(
    nominal: Sequence[FrameRun],
    failing: Sequence[FrameRun],
    threshold: float,
    seconds_ahead: int,
    aggregate: Aggregate = "max",
    never_reset: bool = True,
) -> PublishedCounts:
    """ThirdEye's and the uncertainty study's counts.

    Args:
        nominal: laps without failure, the ones the threshold was fitted on. failing: runs with failures.
        threshold: on window values. seconds_ahead: TTM, 1 to 3.
        aggregate: of a window. never_reset: with the accumulating window of the published code.
    """
    windows = np.concatenate([thirdeye_windows(run, aggregate) for run in nominal]) if nominal else np.zeros(0)
    fp = int(np.count_nonzero(windows >= threshold))
    tp = fn = undetectable = 0
    for run in failing:
        hits, misses, skipped = _thirdeye_run(run, threshold, seconds_ahead, aggregate, never_reset)
        tp, fn, undetectable = tp + hits, fn + misses, undetectable + skipped
    scorer = f"thirdeye TTM {seconds_ahead} s {aggregate}" + ("" if never_reset else ", window reset")
    return PublishedCounts(scorer, tp, fp, fn, len(windows) - fp, undetectable)


def _thirdeye_run(
    run: FrameRun, threshold: float, seconds_ahead: int, aggregate: Aggregate, never_reset: bool
) -> tuple[int, int, int]:
    frames, crashed = run.whole_frames_per_s, run.failed.copy()
    gathered: list[float] = []
    hits = misses = undetectable = 0
    for failure in run.failures:
        first, last = failure - frames * seconds_ahead, failure - frames * (seconds_ahead - 1)
        if first < 0 or np.count_nonzero(crashed[first:last]) > MAX_CRASHED_FRAMES:
            undetectable += 1
            continue
        gathered = [*(gathered if never_reset else []), *run.score[first:last].tolist()]
        # The published code marks the judged window as crashed, which changes the overlap test of the next failure.
        crashed[first:last] = True
        value = max(gathered) if aggregate == "max" else float(np.mean(gathered))
        if value >= threshold:
            hits += 1
        else:
            misses += 1
    return hits, misses, undetectable


def selforacle(runs: Sequence[FrameRun], threshold: float) -> PublishedCounts:
    """SelfOracle's counts over runs with and without failures."""
    tp = fp = fn = tn = 0
    for run in runs:
        anomalies, normal = _selforacle_windows(run)
        tp += sum(value >= threshold for value in anomalies)
        fn += sum(value < threshold for value in anomalies)
        in_series = False
        for value in normal:
            if value is None:
                in_series = False
            elif value >= threshold:
                fp += not in_series
                in_series = True
            else:
                tn += 1
                in_series = False
    return PublishedCounts("selforacle", int(tp), int(fp), int(fn), tn)


def _selforacle_windows(run: FrameRun) -> tuple[list[float], list[float | None]]:
    """Scores of the anomaly windows and, in time order, of the normal ones; None where scored time is interrupted."""
    mean = np.convolve(run.score, np.full(SELFORACLE_MEAN, 1.0 / SELFORACLE_MEAN))[: len(run.score)]
    mean[: SELFORACLE_MEAN - 1] = [run.score[: k + 1].mean() for k in range(min(SELFORACLE_MEAN - 1, len(run.score)))]
    anomalies: list[float] = []
    normal: list[float | None] = []
    start = 0
    for failure in run.failures:
        if failure < start:  # inside the healing of an earlier failure, which restarts
            start = failure + SELFORACLE_HEALING
            continue
        end = failure - SELFORACLE_REACTION
        if end - SELFORACLE_WINDOW >= start:
            end -= SELFORACLE_WINDOW
            anomalies.append(float(mean[end : end + SELFORACLE_WINDOW].max()))
            normal += [*_cut_backwards(mean, start, end), None]
        start = failure + SELFORACLE_HEALING
    normal += _cut_backwards(mean, start, len(mean) - SELFORACLE_TAIL)
    return anomalies, normal


def _cut_backwards(mean: FloatArray, start: int, end: int) -> list[float]:
    ends = range(end, start + SELFORACLE_WINDOW - 1, -SELFORACLE_WINDOW)
    return [float(mean[last - SELFORACLE_WINDOW : last].max()) for last in ends][::-1]


def ampmof(runs: Sequence[FrameRun], threshold: float) -> PublishedCounts:
    """AMP-MoF's counts: every failing run is one positive and, before its positive zone, 30-frame negatives."""
    tp = fp = fn = tn = undetectable = 0
    for run in runs:
        failures = run.failures
        end = failures[0] - AMPMOF_FIRST if failures else len(run.score)
        if failures and end < 0:
            undetectable += 1
        elif failures:
            if run.score[end : failures[0] - AMPMOF_LAST].max() >= threshold:
                tp += 1
            else:
                fn += 1
        for first in range(0, max(end, 0) - AMPMOF_WINDOW + 1, AMPMOF_WINDOW):
            if run.score[first : first + AMPMOF_WINDOW].max() >= threshold:
                fp += 1
            else:
                tn += 1
    return PublishedCounts("ampmof", tp, fp, fn, tn, undetectable)


def every_scorer(run: FrameRun, nominal: bool, threshold: float) -> list[PublishedCounts]:
    """One run under each scorer at one threshold, in a fixed order; counts of several runs add up.

    Args:
        run: with finite scores. nominal: without failure and with an ideal sensor; the only runs whose false alarms
            ``thirdeye`` charges. threshold: of all of them.
    """
    laps, failing = [run] if nominal else [], [run] if run.failures else []
    leads = [thirdeye(laps, failing, threshold, seconds_ahead) for seconds_ahead in SECONDS_AHEAD]
    return [selforacle([run], threshold), ampmof([run], threshold), *leads]


def mean_of_rounded(per_run: Sequence[PublishedCounts]) -> dict[str, float]:
    """Figures as the studies tabulate them: whole per cent of each run, then the mean over runs."""
    names = ("precision", "recall", "fpr", "f3")
    rows = [[round(100.0 * counts.to_json()[name]) for name in names] for counts in per_run]
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True)) if rows else {}


def _share(k: float, n: float) -> float:
    return k / n if n else 0.0
