"""Smooth noise that depends on (seed, tick) alone, never on how often or in which order it is asked for."""

from __future__ import annotations

import math

import numpy as np

_BLOCK = 1024


class TickNoise:
    """A stationary Ornstein-Uhlenbeck process of unit variance, one value per tick.

    Args:
        seed: from the episode's seed tree.
        tick_s: simulation step, s.
        correlation_time_s: time after which the correlation has fallen to 1/e.
    """

    def __init__(self, seed: int, tick_s: float, correlation_time_s: float) -> None:
        self._generator = np.random.default_rng(seed)
        self._decay = math.exp(-tick_s / correlation_time_s)
        self._values: list[float] = []

    def at(self, tick: int) -> float:
        """Value at a tick >= 0, mean 0, standard deviation 1."""
        while tick >= len(self._values):
            self._extend()
        return self._values[tick]

    def _extend(self) -> None:
        drawn = self._generator.standard_normal(_BLOCK)
        spread = math.sqrt(1.0 - self._decay**2)
        for white in drawn.tolist():
            # The first value is drawn from the stationary law, so the process has no warm-up.
            value = self._decay * self._values[-1] + spread * white if self._values else white
            self._values.append(value)
