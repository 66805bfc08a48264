"""From raw monitor scores to alarms (PROTOCOL §5), offline over a run and incrementally inside the loop.

Rules, the same in both forms (a property test holds them together):

* The final statistic is the trailing mean over 0.5 s (this tick included, causal); a run's first ticks
  average what is there. Scores are taken as float32, the precision they are recorded in.
* A non-finite raw score is a monitor fault: the statistic of that tick is NaN, the alarm is up while it
  lasts, the sample enters no mean, and both debounce counts restart. After the fault the state before it
  holds again.
* On when the statistic is > θ_on (strictly) for at least 0.1 s; off when it is < θ_off (strictly) for at
  least 0.1 s. The alarm changes on the tick that completes the 0.1 s.
* An alarm takes effect ⌈declared latency / tick⌉ ticks after its score.
* Alarm episodes merge over gaps shorter than 1 s. A tick stands for ``tick_s`` seconds, so the shortest
  episode is one tick long, also at the very end of a run; episodes of zero length do not exist.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation.stretches import BoolArray, Stretch, maximal_stretches, ticks_at_least
from sensor_sim.compiled import compiled

FloatArray = npt.NDArray[np.float64]

SMOOTHING_S = 0.5
DEBOUNCE_S = 0.1
MERGE_GAP_S = 1.0


class ThresholdError(ValueError):
    """Thresholds that define no alarm: NaN, or θ_off above θ_on."""


def final_statistic(raw_score: npt.ArrayLike, tick_s: float) -> FloatArray:
    """Trailing 0.5 s mean of the raw score, (N,) float64, NaN where the raw score is not finite."""
    raw = _as_recorded(raw_score)
    healthy = np.isfinite(raw)
    samples = np.where(healthy, raw, 0.0)
    total = np.zeros_like(samples)
    count = np.zeros(len(raw), dtype=np.int64)
    # Oldest first, as the incremental form adds: float sums depend on their order, and both must agree.
    for age in range(_window_ticks(tick_s) - 1, -1, -1):
        if age < len(raw):
            total[age:] += samples[: len(raw) - age]
            count[age:] += healthy[: len(raw) - age]
    return np.where(healthy, total / np.maximum(count, 1), np.nan)


def alarm_from_statistic(
    statistic: FloatArray, theta_on: float, theta_off: float, tick_s: float, declared_latency_s: float = 0.0
) -> BoolArray:
    """The alarm as it takes effect, (N,) bool, from the final statistic (NaN = fault).

    Raises:
        ThresholdError: a threshold is NaN or ``theta_off > theta_on``.
    """
    check_thresholds(theta_on, theta_off)
    alarm = hysteresis(np.ascontiguousarray(statistic, np.float64), theta_on, theta_off, _debounce_ticks(tick_s))
    latency = ticks_at_least(declared_latency_s, tick_s)
    if latency == 0:
        return alarm
    delayed = np.zeros_like(alarm)
    delayed[latency:] = alarm[: max(0, len(alarm) - latency)]
    return delayed


def alarm_signal(
    raw_score: npt.ArrayLike,
    theta_on: float,
    theta_off: float,
    tick_s: float,
    declared_latency_s: float = 0.0,
) -> BoolArray:
    """The alarm as it takes effect, (N,) bool, from raw scores.

    :func:`final_statistic`, then :func:`alarm_from_statistic`.
    """
    return alarm_from_statistic(final_statistic(raw_score, tick_s), theta_on, theta_off, tick_s, declared_latency_s)


def alarm_episodes(alarm: BoolArray, tick_s: float) -> list[Stretch]:
    """Alarm episodes: maximal alarmed stretches, merged over gaps shorter than 1 s."""
    return maximal_stretches(alarm, 1, ticks_at_least(MERGE_GAP_S, tick_s))


def fault_ticks(raw_score: npt.ArrayLike) -> int:
    """Number of ticks on which the monitor failed (non-finite score)."""
    return int(np.count_nonzero(~np.isfinite(_as_recorded(raw_score))))


class AlarmFilter:
    """The alarm of one monitor at one operating point, one tick at a time; agrees exactly with
    :func:`alarm_signal`.

    Args:
        theta_on, theta_off: thresholds on the final statistic, ``theta_off <= theta_on``.
        tick_s: simulation step, s.
        declared_latency_s: the monitor's declared latency, s.

    Raises:
        ThresholdError: a threshold is NaN or ``theta_off > theta_on``.
    """

    def __init__(self, theta_on: float, theta_off: float, tick_s: float, declared_latency_s: float = 0.0) -> None:
        check_thresholds(theta_on, theta_off)
        self._theta_on = theta_on
        self._theta_off = theta_off
        self._debounce = _debounce_ticks(tick_s)
        self._window: deque[float] = deque(maxlen=_window_ticks(tick_s))
        self._pending: deque[bool] = deque([False] * ticks_at_least(declared_latency_s, tick_s))
        self._on = False
        self._count = 0

    def step(self, raw_score: float) -> bool:
        """Feed this tick's raw score (higher = riskier, NaN = fault); returns the alarm in effect at
        this tick."""
        self._pending.append(self._decide(float(_as_recorded(raw_score))))
        return self._pending.popleft()

    def _decide(self, score: float) -> bool:
        self._window.append(score)
        if not math.isfinite(score):
            self._count = 0
            return True
        total, count = 0.0, 0
        for sample in self._window:
            if math.isfinite(sample):
                total += sample
                count += 1
        statistic = total / count
        if self._on:
            self._count = self._count + 1 if statistic < self._theta_off else 0
        else:
            self._count = self._count + 1 if statistic > self._theta_on else 0
        if self._count >= self._debounce:
            self._on = not self._on
            self._count = 0
        return self._on


def _as_recorded(raw_score: npt.ArrayLike) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(raw_score, dtype=np.float32).astype(np.float64)


def _window_ticks(tick_s: float) -> int:
    return max(1, ticks_at_least(SMOOTHING_S, tick_s))


def _debounce_ticks(tick_s: float) -> int:
    return max(1, ticks_at_least(DEBOUNCE_S, tick_s))


def check_thresholds(theta_on: float, theta_off: float) -> None:
    """Refuse thresholds that define no alarm.

    Raises:
        ThresholdError: a threshold is NaN or ``theta_off > theta_on``.
    """
    if not theta_off <= theta_on:
        raise ThresholdError(
            f"theta_off={theta_off} must not exceed theta_on={theta_on} and neither may be NaN; "
            "refit the operating point"
        )


def _hysteresis_loop(statistic: FloatArray, theta_on: float, theta_off: float, debounce: int) -> Any:
    alarm = np.zeros(statistic.shape[0], dtype=np.bool_)
    on = False
    count = 0
    for k in range(statistic.shape[0]):
        value = statistic[k]
        if np.isnan(value):
            count = 0
            alarm[k] = True
            continue
        if on:
            count = count + 1 if value < theta_off else 0
        else:
            count = count + 1 if value > theta_on else 0
        if count >= debounce:
            on = not on
            count = 0
        alarm[k] = on
    return alarm


hysteresis = compiled(package="harness.evaluation")(_hysteresis_loop)
