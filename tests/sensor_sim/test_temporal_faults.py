"""Faults of the transport over time: which frame is shown when."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.sensor_sim.frames import Frame, chain, context, effect


def numbered(count: int) -> list[Frame]:
    """Frame k is grey level k + 1 everywhere."""
    return [np.full((10, 12, 3), k + 1, np.uint8) for k in range(count)]


def shown(entry: dict[str, Any], count: int, seed: int = 7) -> list[int]:
    """Number of the frame shown at each tick, −1 = black."""
    frames = numbered(count)
    made = chain([entry], frames[0], seed=seed)
    return [int(made.apply(frame, context(tick))[0, 0, 0]) - 1 for tick, frame in enumerate(frames)]


def test_latency_shows_the_frame_of_some_ticks_ago() -> None:
    assert shown(effect("latency", delay_s=0.15), 7) == [0, 0, 0, 0, 1, 2, 3]


def test_latency_grows_on_a_ramp_without_going_back_in_time() -> None:
    ticks = shown({**effect("latency", delay_s=0.2), "onset_s": 0.2, "ramp_s": 0.4}, 20)
    assert ticks[:4] == [0, 1, 2, 3] and ticks[-1] == 15
    assert all(0 <= later - earlier <= 1 for earlier, later in pairwise(ticks))


def test_a_long_hold_freezes_the_last_frame_before_the_onset() -> None:
    entry = {**effect("frozen_frame", hold_s=3600), "onset_s": 0.15, "duration_s": 0.2}
    assert shown(entry, 9) == [0, 1, 2, 2, 2, 2, 2, 7, 8]


def test_a_short_hold_lets_single_frames_through() -> None:
    assert shown(effect("frozen_frame", hold_s=0.1), 7) == [0, 0, 0, 3, 3, 3, 6]


def test_a_dropped_frame_repeats_the_last_that_arrived() -> None:
    ticks = shown(effect("dropped_frames", probability=0.5), 200)
    lost = [now != tick for tick, now in enumerate(ticks)]
    assert ticks[0] == 0 and 0.35 < np.mean(lost) < 0.65
    assert all(now == (before if gone else tick) for tick, (before, now, gone) in enumerate(
        zip([0, *ticks], ticks, lost, strict=False)
    ))  # fmt: skip
    assert ticks != shown(effect("dropped_frames", probability=0.5), 200, seed=8)


def test_black_frames_come_as_often_as_told() -> None:
    ticks = shown(effect("black_frame", probability=0.3), 200)
    assert 0.2 < np.mean([now == -1 for now in ticks]) < 0.4
    assert all(now in (-1, tick) for tick, now in enumerate(ticks))


def test_a_half_updated_picture_is_new_above_and_old_below() -> None:
    frames = numbered(5)
    made = chain([effect("half_updated", stale_share=0.3, age_s=0.1)], frames[0])
    out = [made.apply(frame, context(tick)) for tick, frame in enumerate(frames)][4]
    assert (out[:7] == 5).all() and (out[7:] == 3).all()


def test_exposure_lags_behind_a_change_of_light() -> None:
    ramp = np.linspace(40, 200, 64, dtype=np.uint8)
    dark = np.repeat(np.repeat(ramp[None, :, None], 16, axis=0), 3, axis=2)
    bright = np.minimum(dark.astype(int) + 50, 255).astype(np.uint8)
    entries = [effect("exposure", saturation_percent=0.0)]
    settled = chain(entries, dark).apply(bright, context(0)).mean()
    lagging = chain([*entries, effect("exposure_lag", time_constant_s=0.5)], dark)
    for tick in range(2):
        lagging.apply(dark, context(tick))
    means = [lagging.apply(bright, context(tick)).mean() for tick in range(2, 60)]
    assert means[0] > settled + 15.0
    assert all(later <= earlier + 0.5 for earlier, later in pairwise(means))
    assert means[-1] == pytest.approx(settled, abs=1.0)


def test_the_first_picture_after_a_reset_knows_nothing_of_the_last_episode() -> None:
    frames = numbered(6)
    entries = [effect("latency", delay_s=0.1), effect("frozen_frame", hold_s=0.1)]
    made = chain(entries, frames[0])
    for tick in range(3):
        made.apply(frames[tick], context(tick))
    made.reset(1)
    assert (made.apply(frames[5], context(0)) == 6).all()
