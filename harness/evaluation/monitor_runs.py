"""One monitor in one shadow run: everything its figures need, without the ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.alarm_curve import alarm_curve
from harness.evaluation.alarms import alarm_from_statistic, fault_ticks
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.event_metrics import AlarmCounts, RunTruth, judge_thresholds, rule_episodes, run_truth
from harness.evaluation.foreign.published_scorers import FrameRun, PublishedCounts, every_scorer
from harness.evaluation.probability import ProbabilitySums, probability_sums
from harness.evaluation.ranking import RankedRun
from harness.evaluation.stretches import BoolArray
from harness.evaluation.zones import HORIZON_S, REACTION_S, SWEPT_HORIZONS_S, SWEPT_REACTIONS_S, find_zones

TIMING_PREFIX = "monitor_ms__"
MAIN_POINT = "fa0.50"
PUBLISHED_POINT = "gamma99"
# Both axes through the main setting; with H ≤ ρ there is no positive zone.
SWEPT = tuple(
    dict.fromkeys(
        [(reaction_s, HORIZON_S) for reaction_s in SWEPT_REACTIONS_S]
        + [(REACTION_S, horizon_s) for horizon_s in SWEPT_HORIZONS_S if horizon_s > REACTION_S]
    )
)

FloatArray = npt.NDArray[np.float64]
Point = Mapping[str, Any]


@dataclass(frozen=True)
class WatchedMonitor:
    """What the judging of a monitor needs.

    Attributes:
        points: its operating points; None = not enough calibration runs.
        declared_latency_s: 0 where nothing is declared.
        curve: (θ_on, θ_off) rows from strict to loose, (K, 2); K may be 0.
        run_maxima: of the calibration runs, for the adaptive threshold.
    """

    points: Mapping[str, Point | None]
    declared_latency_s: float
    curve: FloatArray
    run_maxima: Sequence[float]


@dataclass(frozen=True)
class MonitorRun:
    """One monitor in one run.

    Attributes:
        ranked: its statistic on positive and negative ticks.
        counts: one row per operating point, columns as ``AlarmCounts``, (P, 14); NaN where the point has no threshold.
        lead_s: lead times of the hits at each point.
        sweep: events, detectable hits, false alarms and negative time at the main point for each swept (ρ, H), (S, 4);
            None without that point.
        curve: counts at each pair of thresholds of the curve, columns of ``alarm_curve``, (K, 4).
        probability: sums, None where it gives no probability.
        latency_ms: measured, finite values only.
        published: counts of the published scorers at ``PUBLISHED_POINT``; None without that point, or where it failed.
        detectable: events with a positive zone of at least 0.5 s.
        faults, ticks: ticks on which it failed, and of how many.
    """

    ranked: RankedRun
    counts: FloatArray
    lead_s: tuple[tuple[float, ...], ...]
    sweep: FloatArray | None
    curve: FloatArray
    probability: ProbabilitySums | None
    latency_ms: npt.NDArray[np.float32]
    published: Sequence[PublishedCounts] | None
    detectable: int
    faults: int
    ticks: int


@dataclass(frozen=True)
class RunGround:
    """A shadow run under the main (ρ, H) and under every swept one.

    Attributes:
        failed: over the line for good, or the agent failed, (N,) bool.
        nominal: never, and with an ideal sensor throughout.
    """

    main: RunTruth
    swept: Sequence[RunTruth]
    failed: BoolArray
    nominal: bool


def run_ground(episode: EpisodeData, shift_seed: int) -> RunGround:
    """Zones, windows and shifts of a run."""
    main = _truth(episode, REACTION_S, HORIZON_S, shift_seed)
    swept = [main if swept == (REACTION_S, HORIZON_S) else _truth(episode, *swept, shift_seed) for swept in SWEPT]
    failed = np.zeros(episode.tick_count, dtype=bool)
    for failure in episode.failures:
        failed[failure.onset_tick : failure.end_tick] = True
    nominal = not failed.any() and not episode.column("sensor_level").any()
    return RunGround(main, swept, failed, nominal)


def _truth(episode: EpisodeData, reaction_s: float, horizon_s: float, shift_seed: int) -> RunTruth:
    odd, level = episode.column("odd_mask"), episode.column("sensor_level")
    zones = find_zones(episode.failures, odd, level, episode.tick_s, reaction_s, horizon_s)
    return run_truth(zones, episode.column("speed_mps"), episode.tick_s, shift_seed)


def judge_monitor(episode: EpisodeData, monitor: str, watched: WatchedMonitor, ground: RunGround) -> MonitorRun:
    """Judge one monitor in one run at all its operating points."""
    raw = episode.raw_score(monitor)
    statistic = episode.statistics[monitor]
    zones = ground.main.zones
    fitted = [thresholds_of(point, episode.condition) for point in watched.points.values()]
    judged = [row for row, point in enumerate(fitted) if point is not None]
    thetas = np.array([[point["theta_on"], point["theta_off"]] for point in fitted if point is not None])
    counts = np.full((len(fitted), len(AlarmCounts._fields)), np.nan)
    lead_s: list[tuple[float, ...]] = [()] * len(fitted)
    latency_s = watched.declared_latency_s
    if judged:
        counts[judged], leads = judge_thresholds(statistic, thetas, ground.main, latency_s)
        for row, lead in zip(judged, leads, strict=True):
            lead_s[row] = lead
    main = thresholds_of(watched.points.get(MAIN_POINT), episode.condition)
    sweep = None
    if main is not None:
        alarm = alarm_from_statistic(statistic, main["theta_on"], main["theta_off"], episode.tick_s, latency_s)
        sweep = np.array([_swept(alarm, truth) for truth in ground.swept])
    probability = episode.probability(monitor)
    metres = episode.column("speed_mps").astype(np.float64) * episode.tick_s
    return MonitorRun(
        ranked=RankedRun.of(statistic, zones.positive, zones.negative),
        counts=counts,
        lead_s=tuple(lead_s),
        sweep=sweep,
        curve=alarm_curve(statistic, watched.curve, ground.main, latency_s),
        probability=(
            None
            if probability is None
            else probability_sums(probability, zones.positive | zones.reaction & ~zones.masked, zones.negative, metres)
        ),
        latency_ms=_latency_ms(episode, monitor),
        published=_published(raw, watched.points.get(PUBLISHED_POINT), ground),
        detectable=int(ground.main.detectable.sum()),
        faults=fault_ticks(raw),
        ticks=len(raw),
    )


def thresholds_of(point: Point | None, condition: str) -> Point | None:
    """θ of an operating point in a condition; None where calibration had too few runs (of that condition)."""
    if point is None:
        return None
    groups = point.get("by_condition")
    return point if groups is None else groups.get(condition)


def _swept(alarm: BoolArray, truth: RunTruth) -> tuple[float, float, float, float]:
    ruled = rule_episodes(alarm, truth)
    false = ruled.false_nominal + ruled.false_degraded
    return float(truth.detectable.sum()), ruled.hits_detectable, false, truth.exposure.negative_s


def _published(raw: npt.NDArray[np.float32], point: Point | None, ground: RunGround) -> list[PublishedCounts] | None:
    """The run as the published scorers would have counted it: bare scores, frame by frame."""
    if point is None or not np.isfinite(raw).all():
        return None
    frames = FrameRun(raw.astype(np.float64), ground.failed, 1.0 / ground.main.tick_s)
    return every_scorer(frames, ground.nominal, float(point["theta_on"]))


def _latency_ms(episode: EpisodeData, monitor: str) -> npt.NDArray[np.float32]:
    values = (episode.timing_columns or {}).get(TIMING_PREFIX + monitor)
    if values is None:
        return np.zeros(0, dtype=np.float32)
    return np.asarray(values[np.isfinite(values)], dtype=np.float32)
