"""Seconds become ticks without float round-off, and traces become stretches."""

import numpy as np
import pytest

from harness.evaluation.stretches import (
    InvalidTraceError,
    Stretch,
    maximal_stretches,
    ticks_at_least,
    ticks_longer_than,
)


@pytest.mark.parametrize(
    ("seconds", "tick_s", "at_least", "longer"),
    [
        (0.1, 0.05, 2, 3),
        (0.15, 0.05, 3, 4),
        (0.3, 0.1, 3, 4),
        (0.2, 0.05, 4, 5),
        (5.0, 0.05, 100, 101),
        (1.0, 1 / 30, 30, 31),
        (0.12, 0.05, 3, 3),
        (0.0, 0.05, 0, 1),
    ],
)
def test_round_off_neither_adds_nor_drops_a_tick(seconds, tick_s, at_least, longer):
    assert ticks_at_least(seconds, tick_s) == at_least
    assert ticks_longer_than(seconds, tick_s) == longer


@pytest.mark.parametrize("tick_s", [0.0, -0.05, float("nan")])
def test_a_tick_that_is_not_positive_is_refused(tick_s):
    with pytest.raises(InvalidTraceError):
        ticks_at_least(1.0, tick_s)


def test_short_stretches_are_dropped_before_near_ones_are_merged():
    active = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1], dtype=bool)
    assert maximal_stretches(active, 3, 3) == [Stretch(3, 11), Stretch(14, 17)]


def test_empty_and_full_traces():
    assert maximal_stretches(np.zeros(0, dtype=bool)) == []
    assert maximal_stretches(np.ones(4, dtype=bool)) == [Stretch(0, 4)]
